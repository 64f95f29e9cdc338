import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigError } from '../../core/config-error.ts'

/**
 * What a command wants of the store: `durable` makes the file when it is not there; `existing` uses one that is named
 * or there, and else remembers nothing beyond the run; `optional` uses one that is there and can be used. `shared` is
 * `durable`, with the store beside it that machines share, where one is set.
 */
export type StoreNeed = 'durable' | 'existing' | 'optional' | 'shared'

type Environment = Readonly<Record<string, string | undefined>>

export const inMemory = ':memory:'

/** `$XDG_STATE_HOME/waxseal/waxseal.sqlite`; undefined for someone without a home. */
export function usualStorePath({ XDG_STATE_HOME, HOME }: Environment): string | undefined {
  const state = XDG_STATE_HOME?.startsWith('/') ? XDG_STATE_HOME : HOME ? join(HOME, '.local', 'state') : undefined
  return state === undefined ? undefined : join(state, 'waxseal', 'waxseal.sqlite')
}

/** The path to open. Throws ConfigError when a durable store is needed and there is no place for one. */
export function chooseStorePath(named: string | undefined, need: StoreNeed, environment: Environment): string {
  if (named !== undefined) return need !== 'optional' || existsSync(named) ? named : inMemory
  const usual = usualStorePath(environment)
  if (need !== 'durable' && need !== 'shared') return usual !== undefined && existsSync(usual) ? usual : inMemory
  if (usual === undefined) throw new ConfigError('no place for the store: name one with --store or set HOME')
  makeFolder(dirname(usual))
  return usual
}

/** The usual folder is ours to make; one that an operator named is not. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new ConfigError(`cannot make "${path}" for the store: ${error instanceof Error ? error.message : error}`)
  }
}
