import { decodeMessage } from '../../src/core/dns/decode.ts'
import { ourEdns } from '../../src/core/dns/edns.ts'
import { encodeMessage, makeQuery } from '../../src/core/dns/encode.ts'
import type { Message, ResourceRecord } from '../../src/core/dns/message.ts'
import { hex } from '../../src/core/dns/octets.ts'
import { parseTime } from '../../src/core/dns/time.ts'
import { RCODE, TYPE } from '../../src/core/dns/types.ts'
import { formatRecord } from '../../src/core/dns/zone-text.ts'
import { parseTrustAnchors } from '../../src/core/dnssec/anchors.ts'
import type { Resolution } from '../../src/core/dnssec/resolution.ts'
import { isAtOrBelow, type Name, sameName } from '../../src/core/name/name.ts'
import { accept, refuse } from '../../src/core/result.ts'
import type { Network } from '../../src/io/network.ts'
import { createResolver } from '../../src/io/resolver/create-resolver.ts'
import type { Exchange } from '../../src/io/resolver/exchange.ts'
import type { Resolver } from '../../src/io/resolver/resolver.ts'
import type { Entry, Recording, Step } from './recording.ts'

export type Engine = 'forward' | 'iterate'

type Question = { readonly name: Name; readonly type: number }

/** Plays one recording against the resolver; yields what came otherwise than recorded, a line each. */
export async function playRecording(
  recording: Recording,
  engine: Engine,
  log?: (line: string) => void,
): Promise<readonly string[]> {
  const clock = { at: startOf(recording), now: () => clock.at }
  const state = { step: 0 }
  const resolver = resolverFor(recording, { clock, state, log, engine })
  const surprises: string[] = []
  let asked: { readonly entry: Entry; readonly resolution: Resolution } | undefined
  try {
    for (const { id, kind, seconds, entry } of recording.steps) {
      state.step = id
      if (kind === 'TIME_PASSES') clock.at += seconds * 1000
      if (kind === 'QUERY' && entry?.question !== undefined) {
        const { name, type } = entry.question
        asked = { entry, resolution: await resolver.resolve(name, type) }
        log?.(`${id}: ${JSON.stringify(show(asked.resolution))}`)
      }
      if (kind === 'CHECK_ANSWER' && entry !== undefined && asked !== undefined) {
        surprises.push(...compare(entry, asked).map((text) => `step ${id}: ${text}`))
      }
    }
  } finally {
    await resolver.close()
  }
  return surprises
}

function show(resolution: Resolution) {
  return resolution.kind === 'failure'
    ? { kind: resolution.kind, why: resolution.why, reason: resolution.reason }
    : { kind: resolution.kind, status: resolution.status, reason: resolution.evidence.reason }
}

function startOf({ config }: Recording): number {
  const [date] = config.get('val-override-date') ?? []
  const [stamp] = config.get('val-override-timestamp') ?? []
  const seconds = stamp === undefined ? parseTime(date ?? '') : Number(stamp.replace(/"/g, ''))
  return (seconds ?? Date.UTC(2018, 0, 1) / 1000) * 1000
}

interface Play {
  readonly clock: { now(): number }
  readonly state: { readonly step: number }
  readonly log: ((line: string) => void) | undefined
  readonly engine: Engine
}

function resolverFor(recording: Recording, play: Play): Resolver {
  const { config } = recording
  const anchors = parseTrustAnchors((config.get('trust-anchor') ?? []).join('\n'))
  const hints = (config.get('stub-addr') ?? []).map((text) => text.split(/\s/)[0] ?? '')
  const endpoints = (addresses: readonly string[]) => addresses.map((address) => ({ address, port: 53 }))
  const network: Network = {
    connectTcp: async () => refuse('unreachable'),
    openUdp: async () => refuse('unreachable'),
  }
  return createResolver({
    engine: play.engine,
    network,
    clock: play.clock,
    servers: endpoints(['192.0.2.1', '192.0.2.2']),
    rootHints: hints.length > 0 ? endpoints(hints) : undefined,
    trustAnchors: anchors.ok ? anchors.value : [],
    allowSha1: true,
    minimise: minimises(recording), // most of what was recorded are answers to whole names
    prime: false, // what is asked beside the questions is not in every recording
    random: () => 0,
    exchange: exchangeFor(recording, play),
  })
}

function minimises({ config }: Recording): boolean {
  return config.get('query-minimization')?.[0] === 'on'
}

/** The recorded servers; a question that nothing was recorded for is not answered. */
function exchangeFor(recording: Recording, { state, log, engine }: Play): Exchange {
  const without6 = recording.config.get('do-ip6')?.[0] === 'no'
  const said = new Set<Step>()
  /** What stands among the steps, whoever is asked; each once, and the rest of an answer that was cut off at once. */
  const nextReply = (question: Question): Entry | undefined => {
    const isNext = ({ id, kind, entry }: Step) =>
      id > state.step && kind === 'REPLY' && entry !== undefined && matches(entry, question)
    const step = recording.steps.find((one) => isNext(one) && !said.has(one))
    if (step === undefined) return undefined
    said.add(step)
    return step.entry?.flags.has('TC') === true ? nextReply(question) : step.entry
  }
  return {
    async ask({ endpoint: { address }, name, type, recursionDesired, checkingDisabled }) {
      if (without6 && address.includes(':')) return refuse('unreachable')
      const flags = { id: 1, recursionDesired, checkingDisabled, edns: ourEdns }
      const query = makeQuery(name, type, flags)
      const ranges = recording.ranges.filter(
        ({ from, to, addresses }) =>
          from <= state.step && state.step <= to && (engine === 'forward' || addresses.includes(address)),
      )
      const all = ranges.flatMap((range) => range.entries)
      const exact = all.filter((one) => matches(one, { name, type }))
      // Parts of names were asked for with NS when this was recorded, and are with A by now. RFC 9156 §2.1
      const hidden = minimises(recording) ? all.filter((one) => matches(one, { name, type: TYPE.NS })) : []
      const entries = exact.length > 0 ? exact : hidden
      // Children come after their parents in these files: what matches last is what a recursive server would know.
      const recorded = engine === 'forward' ? entries.at(-1) : entries[0]
      const entry = recorded ?? (engine === 'iterate' ? nextReply({ name, type }) : undefined)
      log?.(
        `${address} ${formatRecord({ name, type: TYPE.NULL, class: 1, ttl: 0, rdata: new Uint8Array() })} ${type} ${entry === undefined ? 'NOTHING' : 'ok'}`,
      )
      if (entry === undefined) return refuse('timeout')
      const octets = encodeMessage(replyOf(entry, query))
      const message = decodeMessage(octets)
      return message.ok ? accept({ message: message.value, octets, transport: 'udp' }) : refuse('malformed')
    },
    close: async () => {},
  }
}

function matches({ match, question }: Entry, { name, type }: Question): boolean {
  if (question === undefined) return false
  return match.every((word) => {
    if (word === 'qname') return sameName(question.name, name)
    if (word === 'qtype') return question.type === type
    if (word === 'question') return sameName(question.name, name) && question.type === type
    if (word === 'subdomain') return isAtOrBelow(name, question.name)
    return true
  })
}

function replyOf({ adjust, flags, rcode, question, answer, authority, additional }: Entry, query: Message): Message {
  const own = question === undefined ? [] : [{ ...question, class: 1 }]
  return {
    ...query,
    isResponse: true,
    isAuthoritative: flags.has('AA'),
    isTruncated: false,
    recursionAvailable: flags.has('RA'),
    rcode,
    questions: adjust.includes('copy_query') ? query.questions : own,
    ...{ answer, authority, additional },
  }
}

function compare(expected: Entry, { entry, resolution }: { entry: Entry; resolution: Resolution }): string[] {
  if (resolution.kind === 'failure') {
    // A DNAME that makes too long a name leaves nothing to be had either. RFC 6672 §2.2
    const isFailure = expected.rcode === RCODE.SERVFAIL || expected.rcode === RCODE.YXDOMAIN
    return isFailure ? [] : [`failure: ${resolution.reason}`]
  }
  const { kind, status } = resolution
  const type = expected.question?.type
  const wanted = expected.answer.filter((record) => record.type === type)
  const kinds: Record<number, string> = {
    [RCODE.NXDOMAIN]: 'nxdomain',
    [RCODE.NOERROR]: wanted.length > 0 ? 'answer' : 'nodata',
  }
  const surprises: string[] = []
  if (kind !== kinds[expected.rcode]) surprises.push(`${kind} (${status}), recorded rcode ${expected.rcode}`)
  if (expected.match.includes('answer') && resolution.kind === 'answer' && wanted.length > 0) {
    const [one, other] = [resolution.records, wanted].map(datas)
    if (one !== other) surprises.push('other records')
  }
  // Without DO or AD in the query a resolver does not tell; with CD it does not look. RFC 6840 §5.7, §5.9
  const tells = (entry.flags.has('DO') || entry.flags.has('AD')) && !entry.flags.has('CD')
  const isChecked = expected.match.includes('flags')
  const secure = expected.flags.has('AD')
  if (isChecked && tells && (status === 'secure') !== secure)
    surprises.push(`${status}, recorded ${secure ? 'with' : 'without'} AD`)
  return surprises
}

function datas(records: readonly ResourceRecord[]): string {
  return records
    .map(({ rdata }) => hex(rdata))
    .sort()
    .join(' ')
}
