import type { SecureContext } from 'node:tls'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { Clock } from '../clock.ts'
import { choosePairs, type LoadedPair, loadPair, namesFor, type PairPaths, stampOf } from './certificate-file.ts'
import type { CertificateSource } from './certificate-source.ts'
import { createPolicyContext } from './policy-context.ts'

/** Paths may hold `{host}` for the policy host and `{domain}` for its domain: then each host has files of its own. */
export type CertificateEntry = PairPaths

export interface CertificateFilesOptions {
  /** Those that come first are shown first. */
  readonly entries: readonly CertificateEntry[]
  readonly clock: Clock
  /** Of contexts kept; those asked for longest ago are made anew when they are asked for again. */
  readonly most?: number
  /** Told once for each reason of what files that were good are not good any more: what they held is used on. */
  onTrouble(reason: string): void
}

/** Certificates out of files, which are looked at again as others take their place. */
export interface CertificateFiles extends CertificateSource {
  /** Contexts that are kept, and how many were made, ever. */
  readonly kept: number
  readonly made: number
}

/** What a host is shown, and from which files. */
interface Shown {
  readonly context: SecureContext
  readonly end: number
  /** Of the files of its own; undefined where there were none. */
  readonly stamps: readonly (string | undefined)[]
  /** How often files of all hosts had changed by then. */
  readonly generation: number
  lookedAt: number
}

/** A pair in files that are not of one host alone. */
interface SharedPair {
  readonly paths: PairPaths
  pair: LoadedPair
}

/** Throws Error for files without a placeholder that cannot be used: they are read at once, all others when wanted. */
export function createCertificateFiles(options: CertificateFilesOptions): CertificateFiles {
  const { entries, clock, most = limits.policyServer.contexts } = options
  const tell = tellOnce(options.onTrouble)
  const own = entries.filter(isOfOneHost)
  const shared: SharedPair[] = entries
    .filter((entry) => !isOfOneHost(entry))
    .map((paths) => ({ paths, pair: loadPair(paths) }))
  let byName = indexByName(shared)
  let generation = 0
  let sharedLookedAt = clock.now()
  const hosts = new Map<DomainName, Shown>()
  /** Of hosts that have no files of their own, by what they are shown. */
  const contexts = new Map<string, SecureContext>()
  let made = 0

  /** Whether what was looked at then may have changed since; a clock that goes back says nothing. */
  const isDue = (lookedAt: number) => Math.abs(clock.now() - lookedAt) >= limits.policyServer.certificateLookMs

  function lookAtShared(): void {
    if (!isDue(sharedLookedAt)) return
    sharedLookedAt = clock.now()
    const changed = shared.filter(({ paths, pair }) => stampOf(paths) !== pair.stamp)
    const renewed = changed.filter((one) => renew(one, tell))
    if (renewed.length === 0) return
    byName = indexByName(shared)
    generation++
    contexts.clear()
  }

  const stampsFor = (host: DomainName) => own.map((entry) => stampOf(pathsFor(entry, host)))

  /** What there is for the host now; `onBroken` hears of files of its own that are there and cannot be used. */
  function chooseFor(host: DomainName, onBroken: (error: unknown) => void): LoadedPair[] {
    const ofHost = own.flatMap((entry) => loadIfThere(pathsFor(entry, host), onBroken))
    const ofAll = namesFor(host).flatMap((name) => byName.get(name) ?? [])
    return choosePairs([...ofHost, ...ofAll], host, clock.now())
  }

  function contextOf(pairs: readonly LoadedPair[]): SecureContext {
    const key = pairs.every((pair) => shared.some((one) => one.pair === pair))
      ? pairs.map(({ stamp }) => stamp).join(' ')
      : undefined
    const known = key === undefined ? undefined : contexts.get(key)
    if (known !== undefined) return known
    if (contexts.size >= most) contexts.clear()
    const context = createPolicyContext(pairs)
    made++
    if (key !== undefined) contexts.set(key, context)
    return context
  }

  /** Where there was something before, broken files leave all as it was; else what can be used is better than nothing. */
  function show(host: DomainName, before: Shown | undefined): Shown | undefined {
    const stamps = stampsFor(host)
    const pairs = chooseFor(host, (error) => {
      if (before !== undefined) throw error
      tell(messageOf(error))
    })
    if (pairs.length === 0) return undefined
    const end = Math.min(...pairs.map((pair) => pair.end))
    return { context: contextOf(pairs), end, stamps, generation, lookedAt: clock.now() }
  }

  function keep(host: DomainName, shown: Shown): SecureContext {
    hosts.delete(host)
    hosts.set(host, shown)
    if (hosts.size > most) hosts.delete(hosts.keys().next().value as DomainName) // it has one
    return shown.context
  }

  function contextFor(host: DomainName): SecureContext | undefined {
    lookAtShared()
    const before = hosts.get(host)
    if (before !== undefined && before.generation === generation) {
      if (!isDue(before.lookedAt)) return keep(host, before)
      before.lookedAt = clock.now()
      const isInDate = clock.now() < before.end
      if (isInDate && isSame(before.stamps, stampsFor(host))) return keep(host, before)
    }
    try {
      const shown = show(host, before)
      if (shown !== undefined) return keep(host, shown)
      if (before !== undefined) tell(`there is no certificate for ${host} any more`)
    } catch (error) {
      tell(messageOf(error))
    }
    return before?.context
  }

  return {
    contextFor,
    endOf(host) {
      const shown = hosts.get(host)
      if (shown !== undefined) return shown.end
      const ends = chooseFor(host, (error) => tell(messageOf(error))).map(({ end }) => end)
      return ends.length === 0 ? undefined : Math.min(...ends)
    },
    serve: () => {},
    close: async () => {},
    get kept() {
      return new Set([...hosts.values()].map(({ context }) => context)).size
    },
    get made() {
      return made
    },
  }
}

/** Whether each host has files of its own by this entry. */
export function isOfOneHost({ chain, key }: CertificateEntry): boolean {
  return /\{(?:host|domain)\}/.test(chain + key)
}

/** The files of one host. A domain name holds no character that could lead to another folder. */
export function pathsFor({ chain, key }: CertificateEntry, host: DomainName): PairPaths {
  const [, domain = ''] = /^[^.]*\.(.*)$/.exec(host) ?? []
  const fill = (path: string) => path.replaceAll('{host}', host).replaceAll('{domain}', domain)
  return { chain: fill(chain), key: fill(key) }
}

function indexByName(shared: readonly SharedPair[]): ReadonlyMap<string, readonly LoadedPair[]> {
  const index = new Map<string, LoadedPair[]>()
  for (const { pair } of shared) {
    for (const name of pair.names) index.set(name, [...(index.get(name) ?? []), pair])
  }
  return index
}

/** False when the files cannot be used: the pair stays as it was. */
function renew(one: SharedPair, tell: (reason: string) => void): boolean {
  try {
    one.pair = loadPair(one.paths)
    return true
  } catch (error) {
    tell(messageOf(error))
    return false
  }
}

function loadIfThere(paths: PairPaths, onBroken: (error: unknown) => void): LoadedPair[] {
  try {
    return [loadPair(paths)]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onBroken(error)
    return []
  }
}

function isSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.every((one, place) => one === others[place])
}

/** The same reason is told once, as long as there are not too many of them. */
function tellOnce(onTrouble: (reason: string) => void): (reason: string) => void {
  const told = new Set<string>()
  return (reason) => {
    if (told.has(reason)) return
    if (told.size >= limits.policyServer.troublesTold) told.clear()
    told.add(reason)
    onTrouble(reason)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
