import { ConfigError } from '../../core/config-error.ts'
import { type Command, type CommandContext, InputError, UsageError } from './command.ts'
import { EXIT } from './exit.ts'
import { findCommand, registry } from './registry.ts'

/** Runs what these arguments ask for and says with which status to exit. Never rejects. */
export async function runCommandLine(args: readonly string[], context: CommandContext): Promise<number> {
  try {
    return await dispatch(args, context)
  } catch (error) {
    return report(error, context)
  }
}

async function dispatch(args: readonly string[], context: CommandContext): Promise<number> {
  const [first] = args
  if (first === undefined) {
    context.out.warn('no command given; "waxseal --help" lists them')
    return EXIT.usage
  }
  if (first === 'help' || asksForHelp([first])) return help(args.slice(1), context)
  const found = findCommand(args)
  if (found === undefined) throw await unknownCommand(args)
  const command = await found.command.load()
  if (asksForHelp(found.rest)) return showHelp(command, context)
  const { parseArguments } = await import('./parse-arguments.ts')
  return command.run(parseArguments(command, found.rest), context)
}

async function help(args: readonly string[], context: CommandContext): Promise<number> {
  const words = args.filter((arg) => !arg.startsWith('-'))
  const found = findCommand(words)
  if (found !== undefined) return showHelp(await found.command.load(), context)
  if (words.length > 0) throw await unknownCommand(words)
  const { formatOverview } = await import('./help.ts')
  context.out.write(formatOverview(registry, layout(context)))
  return EXIT.done
}

async function showHelp(command: Command, context: CommandContext): Promise<number> {
  const { formatHelp } = await import('./help.ts')
  context.out.write(formatHelp(command, layout(context)))
  return EXIT.done
}

/** What to answer to a name that is none: loaded only then. */
async function unknownCommand(args: readonly string[]): Promise<UsageError> {
  const { explainUnknown } = await import('./unknown-command.ts')
  return new UsageError(explainUnknown(args))
}

function layout({ out }: CommandContext) {
  return { columns: out.columns, heading: (text: string) => out.style('bold', text) }
}

/** Whether help is asked for anywhere before `--`: that comes before every complaint about other arguments. */
export function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return args.slice(0, end === -1 ? args.length : end).some((arg) => arg === '--help' || arg === '-h')
}

/** Says what went wrong: a line for what others can mend, the stack for what only we can. */
export function report(error: unknown, { out, signal }: Pick<CommandContext, 'out' | 'signal'>): number {
  out.progress(undefined)
  if (error instanceof UsageError) {
    out.warn(error.message)
    return EXIT.usage
  }
  if (error instanceof ConfigError) {
    out.warn(error.message)
    return EXIT.config
  }
  if (signal.aborted) return EXIT.interrupted
  if (error instanceof InputError) {
    out.warn(error.message)
    return EXIT.noInput
  }
  out.warn('this is a bug in waxseal; please report it with the lines below')
  out.note(error instanceof Error ? (error.stack ?? error.message) : `thrown: ${String(error)}`)
  return EXIT.software
}
