import type { Readable } from 'node:stream'
import type { Clock } from '../../io/clock.ts'
import type { Out } from './out.ts'
import type { OpenWorld } from './world.ts'

/** One option of a command line. Long names are the keys of an `OptionTable`. */
export interface OptionSpec {
  /** A boolean stands alone (`--json`, `--no-json`); a string takes a value (`--jobs 4`, `--jobs=4`). */
  readonly type: 'boolean' | 'string'
  /** May be given more than once; the value is then a list. Strings only. */
  readonly multiple?: boolean
  /** One letter, for `-j`. */
  readonly short?: string
  /** What stands for the value in the usage, in capitals: `FILE`. */
  readonly value?: string
  /** One sentence without a full stop, for the help and the man page. */
  readonly description: string
  /** Heading under which the help lists it; `Options` when absent. */
  readonly group?: string
  /** Works, but is not in the help. */
  readonly hidden?: boolean
}

export type OptionTable = Readonly<Record<string, OptionSpec>>

/** Options that every command has. */
export const commonOptions = {
  help: { type: 'boolean', short: 'h', description: 'show this help' },
} as const satisfies OptionTable

type ValueOf<Spec extends OptionSpec> = Spec['type'] extends 'boolean'
  ? boolean | undefined
  : Spec extends { readonly multiple: true }
    ? readonly string[]
    : string | undefined

/** What was given: undefined, or an empty list, where an option was not. Defaults are the command's business. */
export type Values<Options extends OptionTable> = { readonly [Name in keyof Options]: ValueOf<Options[Name]> }

export interface Parsed<Options extends OptionTable> {
  readonly values: Values<Options>
  /** The arguments that are no options, as many as `operands` allows. */
  readonly positionals: readonly string[]
}

/** What surrounds a running command. Tests and the lab give their own. */
export interface CommandContext {
  readonly out: Out
  /** Ends the command: an interrupt or a termination. Whatever waits must listen. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Standard input, untouched until it is asked for. Throws InputError when nothing can be read there. */
  readonly openInput: () => Readable
  /** Puts resolver, network, store and the rest together from options and configuration. */
  readonly openWorld: OpenWorld
  /** Calls back whenever the configuration is to be read again. */
  readonly onReload?: (reload: () => void) => void
}

export interface Command<Options extends OptionTable = OptionTable> {
  /** As typed after `waxseal`; two words when one command has parts (`config check`). */
  readonly name: string
  /** One sentence for the list of commands, without a full stop. */
  readonly summary: string
  /** The forms of the command line, each without `waxseal` before it. */
  readonly usage: readonly string[]
  /** Paragraphs for the help and the man page. */
  readonly description?: readonly string[]
  readonly options: Options
  /** What the positional arguments are called in messages (`DOMAIN`) and how many there may be; none when absent. */
  readonly operands?: { readonly name: string; readonly min: number; readonly max: number }
  readonly examples?: readonly { readonly line: string; readonly does: string }[]
  /** Exit statuses beyond those that every command has, with their meanings. */
  readonly exitStatuses?: readonly { readonly status: number; readonly means: string }[]
  /** Does it, and says with which status to exit. */
  run(parsed: Parsed<Options>, context: CommandContext): Promise<number>
}

/** Gives a command its types: those of `values` follow from `options`. */
export function defineCommand<const Options extends OptionTable>(command: Command<Options>): Command<Options> {
  return command
}

/** A command line that cannot be meant: shown in one line, exit status 64. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'ERR_USAGE'
}

/** Input that cannot be read, a list or standard input: shown in one line, exit status 66. */
export class InputError extends Error {
  override readonly name = 'InputError'
  readonly code = 'ERR_INPUT'
}
