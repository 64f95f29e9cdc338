import type { CheckFacts, SectionName } from '../../core/check/check-facts.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { Clock } from '../../io/clock.ts'
import { createTurns } from '../../io/decisions/turns.ts'
import type { ListedReport, ReportTable } from '../../io/store/store.ts'
import { type KeptCheck, keptCheckOf, readKeptCheck, writeKeptCheck } from './kept-check.ts'
import { createRun, type Run, type RunControl } from './run.ts'

/** What visitors have checked: one check of a domain at a time, its result for whoever asks in the next minutes. */
export interface Checks {
  /** Whether a check would begin now, and not one that is there be joined. */
  wouldBegin(domain: DomainName): boolean
  /** Yields the id of the report to come; undefined when too many wait already. */
  start(wish: Wish): Promise<string | undefined>
  /** Undefined for an id that never was, or that is forgotten. Rejects with StoreError when that cannot be told. */
  find(id: string): Promise<FoundCheck | undefined>
  latest(domain: DomainName): Promise<ListedReport | undefined>
  list(): Promise<ListedReport[]>
  /** Forgets what was checked of who does not want that any more, and what is too old; to be called every few minutes. */
  tidy(unwanted: (domain: string) => boolean): Promise<void>
  /** Gives up what is under way, and resolves when that has ended. */
  close(): Promise<void>
}

export interface Wish {
  readonly domain: DomainName
  readonly isPrivate: boolean
}

export type FoundCheck =
  | { readonly kind: 'running'; readonly run: Run; readonly isPrivate: boolean }
  | { readonly kind: 'done'; readonly domain: DomainName; readonly isPrivate: boolean; readonly kept: KeptCheck }

export interface ChecksOptions {
  readonly clock: Clock
  readonly reports: ReportTable
  /** An id that nobody can guess. */
  newId(): string
  /** Finds out about a domain until the signal says to stop. */
  gather(
    domain: DomainName,
    options: { readonly signal: AbortSignal; onSection(section: SectionName, facts: CheckFacts): void },
  ): Promise<CheckFacts>
  /** Told of what is our own fault. */
  onError(error: unknown): void
}

interface Known {
  readonly control: RunControl
  /** Milliseconds since 1970; undefined while it goes on. */
  endedAt: number | undefined
  /** Of its result, as it is stored. */
  octets: number
  /** The id for everybody who does not ask for a private one. */
  publicId: string | undefined
  readonly ids: Map<string, boolean>
}

export function createChecks(options: ChecksOptions): Checks {
  const { clock, reports, newId, onError } = options
  const { checksAtOnce, checksWaiting, reuseMs, reused, reusedOctets, checkMs } = limits.web
  const turns = createTurns(checksAtOnce, checksWaiting)
  const closing = new AbortController()
  /** By domain, the oldest first. */
  const known = new Map<DomainName, Known>()
  const byId = new Map<string, Known>()
  const since = () => clock.now() - limits.web.reportKeptMs

  const forget = (domain: DomainName, one: Known) => {
    if (known.get(domain) === one) known.delete(domain)
    for (const id of one.ids.keys()) byId.delete(id)
  }
  const current = (domain: DomainName): Known | undefined => {
    const one = known.get(domain)
    if (one?.endedAt === undefined) return one
    const age = clock.now() - one.endedAt
    if (age >= 0 && age < reuseMs && one.control.run.result !== undefined) return one
    forget(domain, one)
    return undefined
  }
  /** The results that are oldest are read from the store from now on. */
  const makeRoom = () => {
    const ended = [...known].filter(([, { endedAt }]) => endedAt !== undefined)
    let octets = ended.reduce((sum, [, one]) => sum + one.octets, 0)
    for (const [place, [domain, one]] of ended.entries()) {
      if (ended.length - place <= reused && octets <= reusedOctets) return
      octets -= one.octets
      forget(domain, one)
    }
  }
  const keep = async (ids: Iterable<readonly [id: string, isPrivate: boolean]>, { domain }: Run, kept: KeptCheck) => {
    const { verdict, checkedAt } = kept.report
    const content = writeKeptCheck(kept)
    const puts = [...ids].map(([id, isPrivate]) => reports.put({ id, domain, isPrivate, checkedAt, verdict, content }))
    await Promise.all(puts)
    return Buffer.byteLength(content)
  }

  const begin = (domain: DomainName): Known | undefined => {
    const turn = turns.take()
    if (turn === undefined) return undefined
    const one: Known = {
      control: createRun(domain),
      endedAt: undefined,
      octets: 0,
      publicId: undefined,
      ids: new Map(),
    }
    known.delete(domain)
    known.set(domain, one)
    carryOut(one, turn).catch(onError)
    return one
  }
  const carryOut = async (one: Known, turn: Promise<() => void>) => {
    const { control } = one
    const done = await turn
    try {
      closing.signal.throwIfAborted()
      control.begin()
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(checkMs)])
      const onSection = (section: SectionName, facts: CheckFacts) => control.section(section, facts, clock.now())
      const facts = await options.gather(control.run.domain, { signal, onSection })
      closing.signal.throwIfAborted() // what was given up halfway says nothing
      const kept = keptCheckOf(facts, clock.now())
      one.endedAt = clock.now()
      const ids = [...one.ids]
      // Whoever looks for it from now on finds it in memory, whether it could be stored or not.
      control.end(kept)
      done()
      one.octets = await keep(ids, control.run, kept)
      makeRoom()
    } catch (error) {
      one.endedAt = clock.now()
      control.end(undefined)
      if (!closing.signal.aborted) onError(error)
    } finally {
      done()
    }
  }

  return {
    wouldBegin: (domain) => current(domain) === undefined,
    async start({ domain, isPrivate }) {
      const one = current(domain) ?? begin(domain)
      if (one === undefined) return undefined
      if (!isPrivate && one.publicId !== undefined) return one.publicId
      if (one.ids.size >= limits.web.watchers) return undefined // so many links to one result are enough
      const id = newId()
      if (!isPrivate) one.publicId = id
      one.ids.set(id, isPrivate)
      byId.set(id, one)
      const { run } = one.control
      if (run.result !== undefined) await keep([[id, isPrivate]], run, run.result)
      return id
    },
    async find(id) {
      const one = byId.get(id)
      const isPrivate = one?.ids.get(id) ?? true
      if (one !== undefined) {
        const { run } = one.control
        if (run.result === undefined) return { kind: 'running', run, isPrivate }
        return { kind: 'done', domain: run.domain, isPrivate, kept: run.result }
      }
      const stored = await reports.find(id, since())
      const kept = stored && readKeptCheck(stored.content)
      if (stored === undefined || kept === undefined) return undefined
      return { kind: 'done', domain: stored.domain, isPrivate: stored.isPrivate, kept }
    },
    latest: (domain) => reports.latest(domain, since()),
    list: () => reports.list(limits.web.listed, since()),
    async tidy(unwanted) {
      await reports.removeBefore(since())
      for (const { domain } of await reports.list(limits.web.reports, since())) {
        if (unwanted(domain)) await reports.removeDomain(domain)
      }
      for (const [domain, one] of [...known]) {
        if (current(domain) === one && one.endedAt !== undefined && unwanted(domain)) forget(domain, one)
      }
    },
    async close() {
      closing.abort()
      await Promise.all([...known.values()].map(({ control }) => control.run.ended))
    },
  }
}
