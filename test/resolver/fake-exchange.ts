import { ourEdns } from '../../src/core/dns/edns.ts'
import { makeQuery } from '../../src/core/dns/encode.ts'
import type { Message, ResourceRecord } from '../../src/core/dns/message.ts'
import { formatType, RCODE } from '../../src/core/dns/types.ts'
import { parseZone } from '../../src/core/dns/zone-text.ts'
import type { Name } from '../../src/core/name/name.ts'
import { formatName } from '../../src/core/name/text.ts'
import { accept, type Result, refuse } from '../../src/core/result.ts'
import { createEnding } from '../../src/io/ending.ts'
import type { Network } from '../../src/io/network.ts'
import type { Exchange, Exchanged, ExchangeFault, ExchangeRequest } from '../../src/io/resolver/exchange.ts'
import type { StopSignal } from '../../src/io/stop.ts'

/** What a server says. Sections are zone text; `flags` are words: `aa`, `ad`, `ra`, and the name of an RCODE. */
export interface Saying {
  readonly flags?: string
  readonly answer?: string
  readonly authority?: string
  readonly additional?: string
  readonly edns?: Message['edns']
}

/** A message, a fault of the exchange, or `hangs`, which ends when nobody waits any more. */
export type Behaviour = Saying | Message | ExchangeFault | 'hangs'

export type Server = (asked: Asked) => Behaviour | Promise<Behaviour>

export interface Asked extends ExchangeRequest {
  readonly server: string
  /** `www.example. A` */
  readonly question: string
  readonly query: Message
}

export interface FakeExchange extends Exchange {
  /** Every question sent, as `192.0.2.1 www.example. A`, with `tcp`, `cd` and `ad` behind it where they are set. */
  readonly asked: string[]
  /** How many questions nobody waits for any more. */
  readonly abandoned: string[]
}

/** Servers in memory. */
export function fakeExchange(server: Server): FakeExchange {
  const asked: string[] = []
  const abandoned: string[] = []
  const closing = new AbortController()
  return {
    asked,
    abandoned,
    async ask(request, { signal }) {
      const line = lineOf(request)
      asked.push(line)
      const ending = createEnding(signal)
      closing.signal.addEventListener('abort', ending.abort)
      const over = ending.signal
      const query = makeQuery(request.name, request.type, { ...request, id: 1, edns: ourEdns })
      const { address: server_, port } = request.endpoint
      const one = {
        ...request,
        query,
        server: port === 53 ? server_ : `${server_}#${port}`,
        question: questionOf(request),
      }
      const behaviour = await untilAborted(async () => server(one), over)
      if (over.aborted) abandoned.push(line)
      return over.aborted ? refuse('aborted') : exchanged(query, behaviour)
    },
    close: async () => closing.abort(),
  }
}

async function untilAborted(work: () => Promise<Behaviour>, signal: StopSignal): Promise<Behaviour> {
  const aborted = new Promise<'aborted'>((resolve) => {
    if (signal.aborted) resolve('aborted')
    signal.addEventListener('abort', () => resolve('aborted'), { once: true })
  })
  const behaviour = await Promise.race([work(), aborted])
  return behaviour === 'hangs' ? await aborted : behaviour
}

/** As in `asked`. */
export function lineOf(request: ExchangeRequest): string {
  const { endpoint, transport = 'udp', checkingDisabled, authenticData = false } = request
  const marks = [transport === 'tcp' ? ' tcp' : '', checkingDisabled ? ' cd' : '', authenticData ? ' ad' : '']
  return `${endpoint.address} ${questionOf(request)}${marks.join('')}`
}

function questionOf({ name, type }: { readonly name: Name; readonly type: number }): string {
  return `${formatName(name)} ${formatType(type)}`
}

function exchanged(query: Message, behaviour: Behaviour): Result<Exchanged, ExchangeFault> {
  if (behaviour === 'hangs') return refuse('aborted')
  if (typeof behaviour === 'string') return refuse(behaviour)
  const message = 'questions' in behaviour ? behaviour : messageOf(query, behaviour)
  return accept({ message, octets: new Uint8Array(), transport: 'udp' })
}

export function messageOf(query: Message, { flags = '', answer, authority, additional, edns }: Saying): Message {
  const words = new Set(flags.split(' '))
  const rcode = Object.entries(RCODE).find(([word]) => words.has(word.toLowerCase()))?.[1] ?? RCODE.NOERROR
  return {
    ...query,
    isResponse: true,
    isAuthoritative: words.has('aa'),
    recursionAvailable: words.has('ra'),
    authenticData: words.has('ad'),
    rcode,
    answer: recordsOfText(answer),
    authority: recordsOfText(authority),
    additional: recordsOfText(additional),
    edns: edns ?? query.edns,
  }
}

/** Zone text with absolute names; records without a TTL have 300. */
export function recordsOfText(text = ''): ResourceRecord[] {
  const records = parseZone(text, { ttl: 300 })
  if (!records.ok) throw new Error(`not zone text: ${records.fault} in "${text}"`)
  return records.value
}

/** Answers by question, as `server question` or `question`, and with `refused` for the rest. */
export function table(answers: Readonly<Record<string, Behaviour>>): Server {
  return ({ server, question }) =>
    answers[`${server} ${question}`] ?? answers[question] ?? answers[server] ?? { flags: 'refused' }
}

/** For a resolver that has an exchange of its own. */
export const noNetwork: Network = {
  connectTcp: async () => refuse('unreachable'),
  openUdp: async () => refuse('unreachable'),
}
