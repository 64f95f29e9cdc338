import type { ResourceRecord } from '../../src/core/dns/message.ts'
import { formatType, parseType, TYPE } from '../../src/core/dns/types.ts'
import type { Alias, Evidence, Failure, Resolution, Security } from '../../src/core/dnssec/resolution.ts'
import { isAtOrBelow, labelsOf, type Name } from '../../src/core/name/name.ts'
import type { Resolver } from '../../src/io/resolver/resolver.ts'
import type { StopSignal } from '../../src/io/stop.ts'
import { nameOfText, rdataOfText } from './records.ts'

export interface FakeResolver extends Resolver {
  /** Every question put, as `name TYPE`, in order. */
  readonly asked: string[]
  /** Takes the place of the world before. */
  setWorld(text: string): void
}

type Status = Security | 'hangs' | Failure['why']

interface Line {
  readonly status: Status
  readonly name: Name
  /** Undefined in a line about everything below a name. */
  readonly type: number | undefined
  readonly ttl: number
  readonly rdata: Uint8Array | undefined
}

/**
 * Answers from a world in text, without a packet. Each line is a status, an owner, a type and its data:
 * `secure mx.example. A 192.0.2.1`, or `servfail mx.example. A`, or `hangs …`, which ends only when given up.
 * `insecure example. *` makes denials at and below that name insecure; all others are secure. A number before the
 * status is the TTL of the record, 3600 without it.
 */
export function fakeResolver(text: string): FakeResolver {
  let lines = parseWorld(text)
  const asked: string[] = []
  return {
    asked,
    setWorld: (next) => {
      lines = parseWorld(next)
    },
    resolve: async (name, type, { signal } = {}) => {
      asked.push(`${labelsOf(name).join('.')} ${formatType(type)}`)
      return follow(lines, { name, type, signal })
    },
    close: async () => {},
  }
}

function parseWorld(text: string): Line[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(parseLine)
}

function parseLine(line: string): Line {
  const fields = line.split(/\s+/)
  const ttl = /^\d+$/.test(fields[0] ?? '') ? Number(fields.shift()) : 3600
  const [status, owner = '.', typeText = '*', ...data] = fields
  const type = typeText === '*' ? undefined : parseType(typeText)
  const rdata = type === undefined || data.length === 0 ? undefined : rdataOfText(type, data.join(' '))
  return { status: status as Status, name: nameOfText(owner), type, ttl, rdata } // tests write no other
}

interface Asked {
  readonly name: Name
  readonly type: number
  readonly signal: StopSignal | undefined
}

async function follow(lines: readonly Line[], { name, type, signal }: Asked): Promise<Resolution> {
  const aliases: Alias[] = []
  let at = name
  let ttl = Number.POSITIVE_INFINITY
  for (;;) {
    const here = lines.filter((line) => line.name.key === at.key && line.type !== undefined)
    const found = here.filter((line) => line.type === type)
    const line = found[0] ?? here.find((other) => other.type === TYPE.CNAME)
    const status = line?.status ?? denialStatus(lines, at)
    if (status === 'hangs') return hang({ name, type, signal })
    if (status !== 'secure' && status !== 'insecure') return failure({ name, type, why: status })
    ttl = Math.min(ttl, line?.ttl ?? 900)
    const worst = aliases.some((alias) => alias.status === 'insecure') ? 'insecure' : status
    const common = { name, type, status: worst, canonicalName: at, aliases, ttl, evidence } as const
    if (found.length > 0) return { kind: 'answer', records: found.flatMap(recordOf), ...common }
    if (line === undefined) return { kind: here.length > 0 ? 'nodata' : 'nxdomain', ...common }
    const target = nameOfText(targetText(line.rdata))
    if (aliases.length > 10) return failure({ name, type, why: 'alias-loop' })
    aliases.push({ owner: at, target, via: 'CNAME', status: worst })
    at = target
  }
}

function denialStatus(lines: readonly Line[], name: Name): Security {
  const zone = lines.find((line) => line.type === undefined && isAtOrBelow(name, line.name))
  return zone?.status === 'insecure' ? 'insecure' : 'secure'
}

function recordOf({ name, type = 0, ttl, rdata }: Line): ResourceRecord[] {
  return rdata === undefined ? [] : [{ name, type, class: 1, ttl, rdata }]
}

/** The name that a CNAME's data holds, as text. */
function targetText(rdata: Uint8Array | undefined): string {
  const wire = Buffer.from(rdata ?? []).toString('latin1')
  return `${labelsOf({ wire, key: wire, labelCount: 0 }).join('.')}.`
}

function hang({ name, type, signal }: Asked): Promise<Failure> {
  return new Promise((resolve) => {
    const end = () => resolve(failure({ name, type, why: 'aborted' }))
    if (signal?.aborted === true) return end()
    signal?.addEventListener('abort', end, { once: true })
  })
}

function failure({ name, type, why }: Pick<Failure, 'name' | 'type' | 'why'>): Failure {
  const reason = `${labelsOf(name).join('.')} ${formatType(type)}: ${why}`
  return {
    ...{ kind: 'failure', name, type, why, reason },
    ...{ ede: 22, zone: undefined, server: undefined, cached: false, chain: [] },
  }
}

const evidence: Evidence = { chain: [], signer: undefined, server: undefined, cached: false, reason: undefined }
