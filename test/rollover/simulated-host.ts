// A mail host whose certificates are renewed for months, its zone on servers that lag, and everything that goes wrong on
// the way; and a resolver with the oldest answers that any cache could have, which says at every change whether senders
// would still deliver.
import { createHash, generateKeyPairSync } from 'node:crypto'
import { formatTlsa, parseTlsa } from '../../src/core/dane/tlsa.ts'
import { readTlsa } from '../../src/core/dns/rdata/records.ts'
import { nameOfDomain, parseHostName } from '../../src/core/name/domain.ts'
import { prependLabels } from '../../src/core/name/name.ts'
import type { ZoneChange } from '../../src/core/publish/change.ts'
import { type KeyKind, mismatches } from '../../src/core/publish/rollover/association.ts'
import {
  type AddressSeen,
  type Given,
  type HostSeen,
  type Rollover,
  sameMaterial,
  type Wishes,
} from '../../src/core/publish/rollover/rollover.ts'
import type { ZoneSeen } from '../../src/core/publish/rollover/zone-seen.ts'
import type { RolloverFile } from '../../src/io/publish/rollover-file.ts'
import { formatRollover, parseRollover } from '../../src/io/publish/rollover-state.ts'
import type { WriteOutcome } from '../../src/io/publish/zone-writer.ts'
import { runGate } from '../../src/programs/publish/rollover/run-gate.ts'
import { type Applied, type ApplyIo, applyStep } from '../../src/programs/publish/rollover/run-step.ts'

const parsedHost = parseHostName('mx.example.org')
if (!parsedHost.ok) throw new Error(parsedHost.fault)
export const host = parsedHost.value
const owner = prependLabels(['_25', '_tcp'], nameOfDomain(host)) as ZoneSeen['owner']
const zoneName = nameOfDomain(host.slice(3) as typeof host)

export const hour = 3_600_000
export const day = 24 * hour

/** What a process is when it is killed. */
export class Killed extends Error {}

/** Numbers that look random, and are the same for the same seed. */
export function chances(seed: number) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    below: (most: number) => Math.floor(next() * most),
    isHit: (share: number) => next() < share,
    oneOf: <Value>(values: readonly Value[]): Value => values[Math.floor(next() * values.length)] as Value,
  }
}
export type Chances = ReturnType<typeof chances>

const rsaModel = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'der' })
let rsaCount = 0

/** Keys enough for months: of RSA the numbers alone are other ones, as nobody signs with them here. */
export function newKey(kind: 'rsa' | 'ecdsa'): Given {
  if (kind === 'ecdsa') {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    return { kind, octets: publicKey.export({ type: 'spki', format: 'der' }), file: '/keys/ecdsa.pem' }
  }
  const octets = Buffer.from(rsaModel)
  octets.writeUInt32BE(++rsaCount, 100)
  return { kind, octets, file: '/keys/rsa.pem' }
}

interface ServedSet {
  readonly records: readonly string[]
  readonly ttl: number
  readonly from: number
  to: number
}

interface NameServer {
  /** Newest last; the last one is served. */
  readonly served: ServedSet[]
  transferAt: number
}

export interface SimulationOptions {
  readonly chances: Chances
  readonly servers: number
  readonly addresses: number
  readonly kinds: readonly ('rsa' | 'ecdsa')[]
  readonly ttl: number
  /** Milliseconds that a secondary takes at most to get a new version. */
  readonly lagMs: number
  /** Share of everything that may fail which does. */
  readonly trouble: number
  readonly makesKeys: boolean
  readonly isPublished: boolean
}

/** What senders with old answers would have met: at when, and what. */
export interface Breakage {
  readonly at: number
  readonly what: string
}

export function simulate(options: SimulationOptions) {
  const { chances: chance, kinds, addresses, lagMs } = options
  let now = Date.UTC(2026, 0, 1)
  let trouble = options.trouble
  let stateText: string | undefined
  /** To read the text each time takes most of the time of a run. */
  let kept: Rollover | undefined
  let ttl = options.ttl
  const negativeTtl = 3600
  const first = kinds.map((kind) => newKey(kind))
  const live: Map<'rsa' | 'ecdsa', Given>[] = Array.from(
    { length: addresses },
    () => new Map(first.map((key) => [key.kind as 'rsa' | 'ecdsa', key])),
  )
  const recordOf = ({ octets }: Given) => `3 1 1 ${createHash('sha256').update(octets).digest('hex')}`
  const servers: NameServer[] = Array.from({ length: options.servers }, () => ({
    served: [setOf(options.isPublished ? first.map(recordOf).toSorted() : [])],
    transferAt: Infinity,
  }))
  const breakages: Breakage[] = []
  const made = new Map<string, Given>()

  function setOf(records: readonly string[]): ServedSet {
    return { records, ttl: records.length === 0 ? negativeTtl : ttl, from: now, to: Infinity }
  }

  /** The oldest cache: whatever any server served within its TTL must hold for what every address presents. */
  function look(why: string): void {
    for (const server of servers) {
      for (const { records, ttl: seconds, to } of server.served) {
        if (to + seconds * 1000 < now || records.length === 0) continue
        for (const keys of live) {
          for (const { octets } of keys.values()) {
            const wrong = mismatches(parseAll(records), { spki: octets, chain: undefined }, { host, now })
            if (wrong.length > 0) breakages.push({ at: now, what: `${why}: ${wrong[0]?.combination}` })
          }
        }
      }
    }
  }

  function serve(server: NameServer, set: ServedSet): void {
    const last = server.served.at(-1) as ServedSet
    if (last.ttl === set.ttl && last.records.join() === set.records.join()) return
    last.to = now
    server.served.push({ ...set, from: now, to: Infinity })
    while (server.served.length > 1 && (server.served[0] as ServedSet).to + 2 * day < now) server.served.shift()
    look('served')
  }

  function change(records: readonly string[]): void {
    const [primary, ...secondaries] = servers
    serve(primary as NameServer, setOf(records))
    for (const server of secondaries) server.transferAt = Math.min(server.transferAt, now + chance.below(lagMs))
  }

  /** Lets time pass, and secondaries get what is new. */
  function pass(until: number): void {
    for (;;) {
      const due = servers.filter(({ transferAt }) => transferAt <= until).sort((a, b) => a.transferAt - b.transferAt)[0]
      if (due === undefined) break
      now = Math.max(now, due.transferAt)
      due.transferAt = Infinity
      serve(due, { ...((servers[0] as NameServer).served.at(-1) as ServedSet) })
    }
    now = until
  }

  function lookAtZone(): ZoneSeen {
    const seen = servers.map(({ served }, at) => {
      const { records, ttl: seconds } = served.at(-1) as ServedSet
      const says = chance.isHit(trouble)
        ? ({ kind: 'silent', reason: 'does not answer' } as const)
        : ({ kind: 'secure', records, ttl: seconds } as const)
      return { place: `ns${at}`, says }
    })
    return { zone: zoneName, owner, servers: seen, fault: undefined }
  }

  function lookAtHost(): HostSeen {
    const seen = live.map((keys, at): AddressSeen => {
      const isUnknown = chance.isHit(trouble)
      const shown = isUnknown ? [] : [...keys.values()].map(({ octets }) => ({ spki: octets, chain: undefined }))
      return { address: `192.0.2.${at}`, shown, unknown: isUnknown ? 'it is busy' : undefined, lacksTls: false }
    })
    return { addresses: seen, fault: undefined }
  }

  const file: RolloverFile = {
    path: 'state',
    async read() {
      if (kept !== undefined && chance.isHit(0.95)) return kept
      if (stateText === undefined) return undefined
      const state = parseRollover(stateText)
      if (!state.ok) throw new Error(state.fault)
      return state.value
    },
    async write(rollover: Rollover) {
      if (chance.isHit(trouble)) throw new Killed('before the state is written')
      stateText = formatRollover(rollover)
      kept = rollover
      if (chance.isHit(trouble)) throw new Killed('after the state is written')
    },
    lock: async () => () => {},
  }

  async function write({ add, remove }: ZoneChange): Promise<WriteOutcome> {
    const failed = (mayBeWritten: boolean): WriteOutcome => {
      return { kind: 'failed', why: 'no-answer', reason: 'no answer', advice: 'again', mayBeWritten }
    }
    if (chance.isHit(trouble)) throw new Killed('before the zone is written')
    if (chance.isHit(trouble)) return failed(chance.isHit(0.5))
    const texts = (records: typeof add) => records.map(({ rdata }) => textOf(rdata))
    const before = (servers[0] as NameServer).served.at(-1)?.records ?? []
    const removed = texts(remove)
    change([...new Set([...before.filter((text) => !removed.includes(text)), ...texts(add)])].toSorted())
    if (chance.isHit(trouble)) throw new Killed('after the zone is written')
    if (chance.isHit(trouble)) return failed(true)
    return { kind: 'written', by: 'ns0', wasThere: false }
  }

  const io: ApplyIo = {
    ...{ file, clock: { now: () => now }, ttl },
    lookAtZone: async () => lookAtZone(),
    lookAtHost: async () => lookAtHost(),
    writer: { does: 'change the zone', write },
    ...(options.makesKeys && {
      makeKey: async (after, known) => {
        for (let turn = 0; ; turn++) {
          const id = `${turn} ${Buffer.from(after.octets).toString('base64')}`
          const key = made.get(id) ?? newKey(after.kind as 'rsa' | 'ecdsa')
          made.set(id, key)
          if (!known.some((one) => sameMaterial(one, key))) return key
        }
      },
    }),
  }

  /** Undefined when the run was killed on its way. */
  async function survive<Value>(run: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await run()
    } catch (error) {
      if (error instanceof Killed) return undefined
      throw error
    }
  }

  return {
    breakages,
    first,
    get now() {
      return now
    },
    pass,
    apply: (wishes: Wishes): Promise<Applied | undefined> => survive(() => applyStep({ host, port: 25, wishes }, io)),
    async isOpen(key: Given): Promise<boolean> {
      const shown = { spki: key.octets, chain: undefined }
      const gated = await survive(() => runGate({ host, port: 25, shown }, io))
      return gated?.kind === 'judged' && gated.verdict.kind === 'open'
    },
    /** At one address. */
    deploy(key: Given, at: number): void {
      live[at]?.set(key.kind as 'rsa' | 'ecdsa', key)
      look(`deployed ${key.kind}`)
    },
    presents: (kind: KeyKind) => live.map((keys) => keys.get(kind as 'rsa' | 'ecdsa') as Given),
    changeTtl(seconds: number): void {
      ttl = seconds
      change((servers[0] as NameServer).served.at(-1)?.records ?? [])
    },
    quieten(): void {
      trouble = 0
    },
    /** Whether nothing is remembered of any key yet. */
    isNew: async () => (await file.read())?.keys.length === 0 || stateText === undefined,
    /** What the state says is the next key of a kind. */
    async next(kind: KeyKind): Promise<Given | undefined> {
      const state = await file.read()
      const key = state?.keys.find((one) => one.kind === kind && one.role === 'next')
      return key && { kind, octets: key.octets, file: key.file ?? '/keys/next.pem' }
    },
    served: () => servers.map(({ served }) => (served.at(-1) as ServedSet).records),
    recordOf,
  }
}

function parseAll(records: readonly string[]) {
  return records.flatMap((text) => {
    const record = parseTlsa(text)
    return record.ok ? [record.value] : []
  })
}

function textOf(rdata: Uint8Array): string {
  const fields = readTlsa(rdata)
  if (!fields.ok) throw new Error(fields.fault)
  return formatTlsa(fields.value)
}
