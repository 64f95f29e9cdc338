import { decodeMessage } from '../../src/core/dns/decode.ts'
import { encodeMessage } from '../../src/core/dns/encode.ts'
import type { Message } from '../../src/core/dns/message.ts'
import { TYPE } from '../../src/core/dns/types.ts'
import { formatRecord } from '../../src/core/dns/zone-text.ts'
import type { Resolution } from '../../src/core/dnssec/resolution.ts'
import { formatName } from '../../src/core/name/text.ts'
import { withoutDnssec } from '../../src/programs/lab/dns/spoil.ts'
import type { Asked, Behaviour } from './fake-exchange.ts'
import { start } from './memory-resolver.ts'
import { type Mutation, mutationsOf, replaysOf } from './mutations.ts'
import { type Change, type Engine, type SignedWorld, signedWorld } from './signed-world.ts'

/** A kind of good answer, and the question that has it. */
export interface Kind {
  readonly kind: string
  readonly question: string
  /** `secure`, or `insecure` for what is rightly insecure: there the claim is that nothing makes it secure. */
  readonly status: 'secure' | 'insecure'
}

/** What came of all mutations of one kind of answer. */
export interface Tally {
  /** By sort of mutation. */
  readonly tried: ReadonlyMap<string, number>
  readonly wrong: readonly string[]
}

/** What ends before its zone's keys do shows whether somebody made it last longer. */
const inside = `
zone ORIGIN 300 MX 10 mx.ORIGIN
zone mx.ORIGIN 300 A 203.0.113.1
zone mx.ORIGIN 300 A 203.0.113.2
zone *.wild.ORIGIN 300 A 203.0.113.3
zone *.other.ORIGIN 300 TXT "text"
zone host.other.ORIGIN 300 A 203.0.113.4
zone alias.ORIGIN 300 CNAME mx.ORIGIN
zone walias.wild.ORIGIN 300 CNAME any.wild.ORIGIN
zone old.ORIGIN 300 DNAME new.ORIGIN
zone host.new.ORIGIN 300 A 203.0.113.5
zone ent.below.ORIGIN 300 TXT "text"
zone sub.ORIGIN
zone mx.sub.ORIGIN 300 A 203.0.113.6
zone plain.ORIGIN signed=no
zone mx.plain.ORIGIN 300 A 203.0.113.7
`

const origins = ['nsec', 'nsec3', 'opt-out'].map((denial) => `${denial}.example`)

const worldText = origins
  .map((origin) => `zone ${origin} denial=${origin.split('.')[0]}\n${inside.replaceAll('ORIGIN', origin)}`)
  .join('\n')

/** Questions for each kind of good answer in a zone with this sort of denial. */
export function kindsOf(denial: 'nsec' | 'nsec3' | 'opt-out'): readonly Kind[] {
  const origin = `${denial}.example.`
  const open = denial === 'opt-out' ? 'insecure' : 'secure'
  return [
    { kind: 'positive', question: `mx.${origin} A`, status: 'secure' },
    { kind: 'positive at the apex', question: `${origin} MX`, status: 'secure' },
    { kind: 'positive beside a wildcard', question: `host.other.${origin} A`, status: 'secure' },
    { kind: 'positive below a signed cut', question: `mx.sub.${origin} A`, status: 'secure' },
    { kind: 'wildcard', question: `any.wild.${origin} A`, status: open },
    { kind: 'wildcard NODATA', question: `any.other.${origin} A`, status: open },
    { kind: 'wildcard alias', question: `walias.wild.${origin} A`, status: open },
    { kind: 'NODATA', question: `mx.${origin} MX`, status: 'secure' },
    { kind: 'NODATA at an empty non-terminal', question: `below.${origin} A`, status: 'secure' },
    { kind: 'NXDOMAIN', question: `nobody.${origin} A`, status: open },
    { kind: 'CNAME', question: `alias.${origin} A`, status: 'secure' },
    { kind: 'CNAME itself', question: `alias.${origin} CNAME`, status: 'secure' },
    { kind: 'DNAME', question: `host.old.${origin} A`, status: 'secure' },
    { kind: 'DNAME to nowhere', question: `nobody.old.${origin} A`, status: open },
    { kind: 'DS', question: `sub.${origin} DS`, status: 'secure' },
    { kind: 'DS denial', question: `plain.${origin} DS`, status: open },
    { kind: 'below a DS denial', question: `mx.plain.${origin} A`, status: 'insecure' },
  ]
}

/** Replies by question, and of authoritative servers by server too. */
type Replies = ReadonlyMap<string, Message>

/** Tries everything on every reply that an engine needs for such answers; each reply is tried once. */
export async function createMatrix(engine: Engine, kinds: readonly Kind[], isWhole: boolean) {
  const { world, former, early } = await worldWithPast(engine, kinds)
  const forged = await repliesOf(signedWorld(worldText.replaceAll('203.0.113', '198.18.0')), engine, kinds)
  const current = await repliesOf(world, engine, kinds)
  const elsewhere = { former, early, forged, current }
  const done = new Set<string>()
  const takes = createSampling(isWhole)
  return {
    /** What came otherwise than well or as a failure, each with the one mutation that led there. */
    async play(kind: Kind): Promise<Tally> {
      const needed = new Map<string, Message>()
      const good = await ask(world, engine, kind.question, (message, asked) => {
        needed.set(keyOf(asked, engine), message)
        return undefined
      })
      const tried = new Map<string, number>()
      const wrong: string[] = []
      if (good.kind === 'failure' || good.status !== kind.status) wrong.push(`unchanged: ${show(good)}`)
      for (const [key, message] of needed) {
        // What is above is the same for all; what is said to the question itself counts for each.
        if (done.has(key) && !key.endsWith(kind.question)) continue
        done.add(key)
        for (const mutation of everything(key, message, elsewhere)) {
          if (!takes(mutation.sort)) continue
          tried.set(mutation.sort, (tried.get(mutation.sort) ?? 0) + 1)
          const change: Change = (_, asked) =>
            keyOf(asked, engine) === key ? throughTheWire(mutation.message, asked) : undefined
          const came = await ask(world, engine, kind.question, change).catch((error: unknown) => String(error))
          const fault = judge(came, good, mutation)
          if (fault !== undefined) wrong.push(`${key}: ${mutation.sort}: ${mutation.what}: ${fault}`)
        }
      }
      for (const [what, change] of conspiracies(elsewhere, engine)) {
        tried.set('conspiracy', (tried.get('conspiracy') ?? 0) + 1)
        const came = await ask(world, engine, kind.question, change).catch((error: unknown) => String(error))
        const fault = judge(came, good, { isHarmless: false })
        if (fault !== undefined) wrong.push(`conspiracy: ${what}: ${fault}`)
      }
      return { tried, wrong }
    },
  }
}

/** One in so many of the sorts of which there are most. Each has its own count, which runs through all replies. */
function createSampling(isWhole: boolean): (sort: string) => boolean {
  const counts = new Map<string, number>()
  return (sort) => {
    const count = counts.get(sort) ?? 0
    counts.set(sort, count + 1)
    return isWhole || count % (oneIn[sort] ?? 11) === 0
  }
}

/** Coprime to the numbers of records and fields, so that every one has its turn. */
const oneIn: Readonly<Record<string, number>> = {
  replay: 149,
  'data octets': 61,
  'RRSIG field': 17,
  'renamed denial': 17,
}

/** What somebody on the way does to many replies at once. */
function conspiracies({ forged, former, early }: Elsewhere, engine: Engine): [what: string, change: Change][] {
  const from =
    (replies: Replies, isMeant: (asked: Asked) => boolean = () => true): Change =>
    (_, asked) =>
      isMeant(asked) ? replies.get(keyOf(asked, engine)) : undefined
  const isIn = ({ question }: Asked) => /\S\.example\. /.test(question)
  return [
    ['everything by another signer', from(forged)],
    ['everything but the root keys by another signer', from(forged, ({ question }) => question !== '. DNSKEY')],
    ['everything below example. by another signer', from(forged, isIn)],
    ['everything but DS by another signer', from(forged, ({ type }) => type !== TYPE.DS)],
    ['all keys by another signer', from(forged, ({ type }) => type === TYPE.DNSKEY)],
    ['everything from three weeks ago', from(former)],
    ['everything below example. from three weeks ago', from(former, isIn)],
    ['everything from the day after tomorrow', from(early)],
    ['no DNSSEC records at all', (message) => ({ ...message, ...withoutDnssec(message) })],
    [
      'no DNSSEC records below example.',
      (message, one) => (isIn(one) ? { ...message, ...withoutDnssec(message) } : undefined),
    ],
    ['no signatures', (message) => ({ ...message, ...without(message, TYPE.RRSIG) })],
    ['no DS records', (message) => ({ ...message, ...without(message, TYPE.DS) })],
    ['no denials', (message) => ({ ...message, ...without(message, TYPE.NSEC, TYPE.NSEC3) })],
  ]
}

function without({ answer, authority }: Message, ...types: readonly number[]): Partial<Message> {
  const keep = ({ type }: Message['answer'][number]) => !types.includes(type)
  return { answer: answer.filter(keep), authority: authority.filter(keep) }
}

type Elsewhere = Readonly<Record<'former' | 'early' | 'forged' | 'current', Replies>>

function* everything(
  key: string,
  message: Message,
  { former, early, forged, current }: Elsewhere,
): Generator<Mutation> {
  yield* mutationsOf(message)
  const same: [from: string, reply: Message | undefined][] = [
    ['three weeks ago', former.get(key)],
    ['the day after tomorrow', early.get(key)],
    ['another signer', forged.get(key)],
  ]
  for (const [from, reply] of same) if (reply !== undefined) yield* replaysOf(message, reply, from)
  for (const [other, reply] of current) if (other !== key) yield* replaysOf(message, reply, other)
}

/** The world now, and its replies when it had other data, and when its signatures are yet to begin. */
async function worldWithPast(engine: Engine, kinds: readonly Kind[]) {
  const world = signedWorld(worldText)
  const day = 86_400_000
  for (const origin of origins) {
    world.zones.put(`nobody.${origin}`, `nobody.${origin}. 300 IN A 198.18.0.1`)
    world.zones.put(`mx.${origin}`, `mx.${origin}. 300 IN A 198.18.0.2`)
  }
  world.signAt(start - 21 * day)
  const former = await repliesOf(world, engine, kinds, start - 21 * day)
  for (const origin of origins) {
    for (const host of ['nobody', 'mx']) world.zones.drop(`${host}.${origin}`, TYPE.A)
    for (const octet of [1, 2]) world.zones.put(`mx.${origin}`, `mx.${origin}. 300 IN A 203.0.113.${octet}`)
  }
  world.signAt(start + 2 * day)
  const early = await repliesOf(world, engine, kinds, start + 2 * day)
  world.signAt(start)
  return { world, former, early }
}

/** All that the servers of the world say when these questions are asked at a time. */
async function repliesOf(world: SignedWorld, engine: Engine, kinds: readonly Kind[], at = start): Promise<Replies> {
  const replies = new Map<string, Message>()
  for (const { question } of kinds) {
    const note: Change = (message, asked) => {
      replies.set(keyOf(asked, engine), message)
      return undefined
    }
    await ask(world, engine, question, note, at)
  }
  return replies
}

function keyOf({ server, question }: Asked, engine: Engine): string {
  return engine === 'iterate' ? `${server} ${question}` : question
}

async function ask(world: SignedWorld, engine: Engine, question: string, change: Change, at = start) {
  const resolver = world.resolver(engine, change, { clock: { now: () => at } })
  try {
    return await resolver.ask(question)
  } finally {
    await resolver.close()
  }
}

/** As it would come out of a datagram. */
function throughTheWire(message: Message, { query }: Asked): Behaviour {
  const { id, questions } = query
  const decoded = decodeMessage(encodeMessage({ ...message, id, questions }))
  return decoded.ok ? decoded.value : 'malformed'
}

/** Undefined where all is well. */
function judge(
  came: Resolution | string,
  good: Resolution,
  { isHarmless }: Pick<Mutation, 'isHarmless'>,
): string | undefined {
  if (typeof came === 'string') return `throws ${came}`
  if (came.kind === 'failure') return isHarmless ? `not harmless: ${show(came)}` : undefined
  if (good.kind === 'failure') return `no failure: ${show(came)}`
  if (isHarmless || came.status === 'secure') return isAsGood(came, good) ? undefined : show(came)
  return good.status === 'secure' ? show(came) : undefined
}

function isAsGood(came: Exclude<Resolution, { kind: 'failure' }>, good: Exclude<Resolution, { kind: 'failure' }>) {
  return show(came) === show(good) && came.ttl <= good.ttl
}

/** In lower case: the case of names is nobody's word. */
function show(resolution: Resolution): string {
  if (resolution.kind === 'failure') return `${resolution.why}: ${resolution.reason}`
  const aliases = resolution.aliases.map(({ owner, target }) => `${formatName(owner)} > ${formatName(target)}`)
  const records = resolution.kind === 'answer' ? resolution.records : []
  const texts = records.map((record) => formatRecord({ ...record, ttl: 0 })).sort()
  return [resolution.kind, resolution.status, ...aliases, ...texts].join(' ').toLowerCase()
}
