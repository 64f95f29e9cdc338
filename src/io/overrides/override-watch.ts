import { formatNamePattern, type Override, type OverrideTarget } from '../../core/decision/override.ts'
import { createOverrides, type Overrides } from '../../core/decision/overrides.ts'
import type { Clock } from '../clock.ts'
import { type OverrideTable, StoreError } from '../store/store.ts'

/** The overrides of the store, as they change under it: whoever changes them. */
export interface OverrideWatch {
  /** As last read. Nobody knows them before the first `refresh`, nor while the store could never be read. */
  readonly current: Overrides
  /**
   * Looks whether something changed, which costs one small query where nothing did, and says for which targets; those
   * whose overrides began or ended by the clock are among them. What was read stays where the store cannot be read.
   */
  refresh(): Promise<readonly OverrideTarget[]>
}

export interface OverrideWatchOptions {
  readonly table: Pick<OverrideTable, 'revision' | 'list'>
  readonly clock: Clock
  /** Told once whenever reading begins to fail. */
  readonly onTrouble?: ((reason: string) => void) | undefined
}

export function createOverrideWatch({ table, clock, onTrouble }: OverrideWatchOptions): OverrideWatch {
  let revision: string | undefined
  let current = createOverrides([], 'they were not read yet')
  let all: readonly Override[] = []
  let alive: ReadonlyMap<string, Override> = new Map()
  /** While the clock is in here and the revision the same, nothing changes. */
  let quiet = { from: Number.POSITIVE_INFINITY, until: Number.NEGATIVE_INFINITY }
  let isInTrouble = false

  const read = async (): Promise<boolean> => {
    const found = await table.revision()
    if (found !== revision) all = await table.list()
    isInTrouble = false
    if (found === revision) return false
    revision = found
    current = createOverrides(all)
    return true
  }
  const readIfCan = async (): Promise<boolean> => {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      if (revision === undefined) current = createOverrides([], error.message)
      if (!isInTrouble) onTrouble?.(error.message)
      isInTrouble = true
      return false
    }
  }
  return {
    get current() {
      return current
    },
    async refresh() {
      const isNews = await readIfCan()
      const now = clock.now()
      if (!isNews && now >= quiet.from && now < quiet.until) return []
      const before = alive
      alive = new Map(all.filter((one) => isAlive(one, now)).map((one) => [keyOf(one.target), one]))
      const ends = [...alive.values()].flatMap(({ expiresAt }) => (expiresAt === undefined ? [] : [expiresAt]))
      quiet = { from: now, until: ends.reduce((least, end) => Math.min(least, end), Number.POSITIVE_INFINITY) }
      return differencesOf(before, alive)
    },
  }
}

function isAlive({ expiresAt }: Override, now: number): boolean {
  return expiresAt === undefined || expiresAt > now
}

function keyOf({ domain, host }: OverrideTarget): string {
  return [domain, host].map((pattern) => (pattern === undefined ? '' : formatNamePattern(pattern))).join(' ')
}

function differencesOf(before: ReadonlyMap<string, Override>, after: ReadonlyMap<string, Override>): OverrideTarget[] {
  const textOf = (override: Override | undefined) => override && JSON.stringify(override)
  const keys = new Set([...before.keys(), ...after.keys()])
  return [...keys].flatMap((key) => {
    const [was, is] = [before.get(key), after.get(key)]
    if (was === is || textOf(was) === textOf(is)) return []
    const target = (is ?? was)?.target
    return target === undefined ? [] : [target]
  })
}
