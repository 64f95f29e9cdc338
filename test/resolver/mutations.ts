import type { Message, ResourceRecord } from '../../src/core/dns/message.ts'
import { readNsec, readNsec3, readRrsig } from '../../src/core/dns/rdata/records.ts'
import { writeNsec, writeNsec3, writeRrsig } from '../../src/core/dns/rdata/write.ts'
import { CLASS, formatType, RCODE, TYPE } from '../../src/core/dns/types.ts'
import { formatRecord } from '../../src/core/dns/zone-text.ts'
import { type Name, nameFromLabels, parentOfName, prependLabels, rootName } from '../../src/core/name/name.ts'

/** One thing that was done to a good reply. */
export interface Mutation {
  /** What kind of thing: `drop`, `replay`, `RRSIG field`… */
  readonly sort: string
  /** Whole: which record, which field, which octet. */
  readonly what: string
  /** Nothing that counts was changed: the outcome must be the same. */
  readonly isHarmless: boolean
  readonly message: Message
}

type Section = 'answer' | 'authority' | 'additional'
const sections: readonly Section[] = ['answer', 'authority', 'additional']

interface Place {
  readonly message: Message
  readonly section: Section
  readonly index: number
  readonly record: ResourceRecord
}

/** Everything that is tried on one reply by itself. */
export function* mutationsOf(message: Message): Generator<Mutation> {
  yield* ofHeader(message)
  yield* ofOrder(message)
  yield* ofRrsets(message)
  for (const section of sections) {
    for (const [index, record] of message[section].entries()) {
      const place = { message, section, index, record }
      yield* ofRecord(place)
      yield* ofOctets(place)
      if (record.type === TYPE.RRSIG) yield* ofSignature(place)
      if (record.type === TYPE.NSEC) yield* ofNsec(place)
      if (record.type === TYPE.NSEC3) yield* ofNsec3(place)
    }
  }
}

/** What the reply becomes with pieces of another that was good elsewhere or at another time. */
export function* replaysOf(message: Message, other: Message, from: string): Generator<Mutation> {
  const make = (what: string, changed: Partial<Message>): Mutation => ({
    ...{ sort: 'replay', what: `${what} of ${from}`, isHarmless: false, message: { ...message, ...changed } },
  })
  const { answer, authority, rcode } = other
  yield make('everything', { answer, authority, rcode })
  yield make('the answer section', { answer })
  yield make('the authority section', { authority })
  yield make('all records besides', {
    answer: [...message.answer, ...answer],
    authority: [...message.authority, ...authority],
  })
  yield make('all records before', {
    answer: [...answer, ...message.answer],
    authority: [...authority, ...message.authority],
  })
  const [first] = message.answer
  if (first !== undefined) {
    yield make('the answer, renamed', { answer: answer.map((one) => ({ ...one, name: first.name })) })
  }
  const [question] = message.questions
  if (question !== undefined && authority.some(isDenial)) {
    // As a wildcard's denial would be, were it expanded (CVE-2017-15105).
    const renamed = authority.map((one) => (isDenial(one) ? { ...one, name: question.name } : one))
    const mutation = make('the denial, renamed,', { answer: [], authority: renamed, rcode: RCODE.NOERROR })
    yield { ...mutation, sort: 'renamed denial' }
  }
  for (const section of ['answer', 'authority'] as const) {
    for (const [index, record] of message[section].entries()) {
      const isAlike = (one: ResourceRecord) => one.type === record.type && kindOf(one) === kindOf(record)
      const found = [...answer, ...authority].find((one) => isAlike(one) && !isSame(one, record))
      if (found === undefined) continue
      const what = `${show(record)} as the one`
      yield make(what, { [section]: message[section].with(index, found) })
      yield make(`${what}, renamed,`, { [section]: message[section].with(index, { ...found, name: record.name }) })
    }
  }
}

/** The type, and of a signature what it covers. */
function kindOf({ type, rdata }: ResourceRecord): string {
  const rrsig = type === TYPE.RRSIG ? readRrsig(rdata) : undefined
  return rrsig?.ok === true ? `RRSIG(${formatType(rrsig.value.typeCovered)})` : formatType(type)
}

function isDenial(record: ResourceRecord): boolean {
  return /NSEC/.test(kindOf(record))
}

function isSame(one: ResourceRecord, other: ResourceRecord): boolean {
  return formatRecord(one) === formatRecord(other)
}

function show(record: ResourceRecord): string {
  return `${formatRecord(record).split(' ')[0]} ${kindOf(record)}`
}

function* ofHeader(message: Message): Generator<Mutation> {
  const make = (what: string, changed: Partial<Message>, isHarmless = false): Mutation => ({
    ...{ sort: 'header', what, isHarmless, message: { ...message, ...changed } },
  })
  yield make('AD', { authenticData: !message.authenticData }, true)
  yield make('CD', { checkingDisabled: !message.checkingDisabled }, true)
  yield make('RD', { recursionDesired: !message.recursionDesired }, true)
  yield make('AA', { isAuthoritative: !message.isAuthoritative })
  yield make('RA', { recursionAvailable: !message.recursionAvailable })
  yield make('AA and RA', { isAuthoritative: false, recursionAvailable: true })
  yield make('TC', { isTruncated: true })
  yield make('no OPT', { edns: undefined })
  for (const rcode of [...Object.values(RCODE), 15, 255]) {
    if (rcode !== message.rcode) yield make(`rcode ${rcode}`, { rcode })
  }
  const empty = { answer: [], authority: [], additional: [] }
  for (const rcode of [RCODE.NOERROR, RCODE.NXDOMAIN]) {
    yield make(`nothing but rcode ${rcode}`, { ...empty, rcode })
    yield make(`nothing but authority and rcode ${rcode}`, { ...empty, authority: message.authority, rcode })
    yield make(`nothing but the answer and rcode ${rcode}`, { ...empty, answer: message.answer, rcode })
  }
}

function* ofOrder(message: Message): Generator<Mutation> {
  const { answer, authority, additional } = message
  const make = (sort: string, what: string, changed: Partial<Message>, isHarmless: boolean): Mutation => ({
    ...{ sort, what, isHarmless, message: { ...message, ...changed } },
  })
  const backwards = { answer: answer.toReversed(), authority: authority.toReversed() }
  yield make('reorder', 'backwards', { ...backwards, additional: additional.toReversed() }, true)
  for (let turn = 1; turn < Math.max(answer.length, authority.length); turn++) {
    const turned = (list: readonly ResourceRecord[]) => [...list.slice(turn), ...list.slice(0, turn)]
    yield make('reorder', `by ${turn}`, { answer: turned(answer), authority: turned(authority) }, true)
  }
  const twice = (list: readonly ResourceRecord[]) => [...list, ...list]
  yield make('repeat', 'everything', { answer: twice(answer), authority: twice(authority) }, true)
  yield make('re-case', 'all owners', mapAll(message, inOtherCase), true)
  yield make('swap', 'the sections', { answer: authority, authority: answer }, false)
  yield make('swap', 'all into the answer', { answer: [...answer, ...authority], authority: [] }, false)
  yield make('swap', 'all into authority', { answer: [], authority: [...answer, ...authority] }, false)
  for (const ttl of [0, 1, 2 ** 31 - 1])
    yield make(
      'TTL',
      `all ${ttl}`,
      mapAll(message, (one) => ({ ...one, ttl })),
      true,
    )
}

function mapAll(message: Message, change: (record: ResourceRecord) => ResourceRecord): Partial<Message> {
  const { answer, authority, additional } = message
  return { answer: answer.map(change), authority: authority.map(change), additional: additional.map(change) }
}

function inOtherCase(record: ResourceRecord): ResourceRecord {
  return { ...record, name: nameInOtherCase(record.name) }
}

/** Every second letter. */
export function nameInOtherCase(name: Name): Name {
  const wire = name.wire.replace(/[a-z]/gi, (letter, at: number) => (at % 2 === 0 ? swapCase(letter) : letter))
  return { ...name, wire }
}

function swapCase(letter: string): string {
  return letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()
}

function* ofRrsets(message: Message): Generator<Mutation> {
  const without = (sort: string, what: string, isGone: (record: ResourceRecord) => boolean): Mutation => {
    const keep = (list: readonly ResourceRecord[]) => list.filter((record) => !isGone(record))
    const changed = { answer: keep(message.answer), authority: keep(message.authority) }
    return { sort, what, isHarmless: false, message: { ...message, ...changed } }
  }
  const all = [...message.answer, ...message.authority]
  for (const kind of new Set(all.map(kindOf))) {
    yield without('drop', `all ${kind}`, (record) => kindOf(record) === kind)
    yield without('drop', `all but ${kind}`, (record) => kindOf(record) !== kind)
    if (kind.startsWith('RRSIG')) continue
    yield without('drop', `all ${kind} and the signatures`, (one) => [kind, `RRSIG(${kind})`].includes(kindOf(one)))
  }
  for (const set of new Set(all.map(show))) {
    yield without('drop', `all ${set}`, (record) => show(record) === set)
  }
  const dnssec = new Set<number>([TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3, TYPE.DS])
  yield without('drop', 'all DNSSEC records', ({ type }) => dnssec.has(type))
  yield without('drop', 'all proofs and signatures', ({ type }) => dnssec.has(type) && type !== TYPE.DS)
}

function changer({ message, section, index, record }: Place, sort: string) {
  return (what: string, changed: Partial<ResourceRecord>, isHarmless = false): Mutation => ({
    ...{ sort, what: `${what} of ${show(record)} in ${section}`, isHarmless },
    message: { ...message, [section]: message[section].with(index, { ...record, ...changed }) },
  })
}

function* ofRecord(place: Place): Generator<Mutation> {
  const { message, section, index, record } = place
  const list = message[section]
  const make = (sort: string, changed: Partial<Message>, isHarmless = false, how = ''): Mutation => ({
    ...{ sort, what: `${show(record)} in ${section}${how}`, isHarmless, message: { ...message, ...changed } },
  })
  // What helps to find servers is nobody's word: losing it costs questions, not truth.
  yield make('drop', { [section]: list.toSpliced(index, 1) })
  yield make('repeat', { [section]: [...list, record] }, true)
  for (const to of sections) {
    if (to === section) continue
    yield make('move', { [section]: list.toSpliced(index, 1), [to]: [...message[to], record] }, false, ` to ${to}`)
    yield make('copy', { [to]: [...message[to], record] }, false, ` to ${to}`)
  }
  for (const [at, other] of list.entries()) {
    if (at <= index || other.type !== record.type) continue
    const swapped = list.with(index, { ...record, rdata: other.rdata }).with(at, { ...other, rdata: record.rdata })
    yield make('swap data', { [section]: swapped }, false, ` with ${show(other)}`)
  }
  const owner = changer(place, 'owner')
  yield changer(place, 're-case')('owner', { name: nameInOtherCase(record.name) }, true)
  const parent = parentOfName(record.name)
  const names = [parent, parent && prependLabels(['evil'], parent), prependLabels(['*'], record.name), rootName]
  for (const name of [...names, nameFromLabels(['evil', 'test'])])
    if (name !== undefined) yield owner('owner', { name })
  const field = changer(place, 'record field')
  for (const type of [TYPE.A, TYPE.CNAME, TYPE.DNAME, TYPE.NS, TYPE.NSEC, TYPE.DS, 65280]) {
    if (type !== record.type) yield field(`type ${formatType(type)}`, { type })
  }
  yield field('class CH', { class: CLASS.CH })
  for (const ttl of [0, 2 ** 31 - 1, 2 ** 32 - 1]) yield changer(place, 'TTL')(`TTL ${ttl}`, { ttl })
}

/** Every octet, but of long data only some of the end. */
function* ofOctets(place: Place): Generator<Mutation> {
  const { rdata, type } = place.record
  const make = changer(place, 'data octets')
  yield make('no data', { rdata: new Uint8Array() })
  yield make('data one octet short', { rdata: rdata.subarray(0, -1) })
  yield make('data one octet long', { rdata: Uint8Array.of(...rdata, 0) })
  const thorough = type === TYPE.RRSIG ? 18 : 40
  for (let at = 0; at < rdata.length; at += at < thorough ? 1 : 7) {
    for (const bit of at < thorough ? [1, 0x20, 0x80] : [1]) {
      const changed = Uint8Array.from(rdata)
      changed[at] = (changed[at] ?? 0) ^ bit
      yield make(`octet ${at} ^ ${bit}`, { rdata: changed })
    }
  }
}

function* ofSignature(place: Place): Generator<Mutation> {
  const read = readRrsig(place.record.rdata)
  if (!read.ok) return
  const rrsig = read.value
  const make = changer(place, 'RRSIG field')
  const numbers = {
    typeCovered: [0, TYPE.A, TYPE.NS, TYPE.CNAME, TYPE.DS, TYPE.DNSKEY, TYPE.NSEC, TYPE.NSEC3, TYPE.RRSIG],
    algorithm: [0, 1, 5, 7, 8, 10, 12, 13, 14, 15, 16, 253, 255],
    labels: [0, rrsig.labels - 1, rrsig.labels + 1, 127, 255],
    originalTtl: [0, rrsig.originalTtl - 1, rrsig.originalTtl + 1, 2 ** 32 - 1],
    expiration: [0, rrsig.inception - 1, rrsig.expiration + 86_400, 2 ** 31, 2 ** 32 - 1],
    inception: [0, rrsig.expiration + 1, rrsig.inception - 86_400, 2 ** 31, 2 ** 32 - 1],
    keyTag: [0, rrsig.keyTag ^ 1, 65535],
  } as const
  for (const [field, values] of Object.entries(numbers)) {
    for (const value of values) {
      if (value < 0 || value === rrsig[field as keyof typeof numbers]) continue
      yield make(`${field} ${value}`, { rdata: writeRrsig({ ...rrsig, [field]: value }) })
    }
  }
  const parent = parentOfName(rrsig.signer)
  const below = prependLabels(['www'], rrsig.signer)
  for (const signer of [parent, below, rootName, nameFromLabels(['evil', 'test']), place.record.name]) {
    if (signer === undefined || signer.key === rrsig.signer.key) continue
    yield make('signer', { rdata: writeRrsig({ ...rrsig, signer }) })
  }
  yield make('signer in other case', { rdata: writeRrsig({ ...rrsig, signer: nameInOtherCase(rrsig.signer) }) }, true)
  for (const length of [0, 1, rrsig.signature.length - 1, rrsig.signature.length + 1, 512]) {
    yield make(`signature of ${length} zero octets`, {
      rdata: writeRrsig({ ...rrsig, signature: new Uint8Array(length) }),
    })
  }
}

const bits = [TYPE.A, TYPE.NS, TYPE.CNAME, TYPE.SOA, TYPE.DNAME, TYPE.DS, TYPE.RRSIG, TYPE.NSEC, TYPE.DNSKEY, 128]

function* ofNsec(place: Place): Generator<Mutation> {
  const read = readNsec(place.record.rdata)
  if (!read.ok) return
  const nsec = read.value
  const make = changer(place, 'NSEC field')
  const { name } = place.record
  const nexts = [name, parentOfName(name), rootName, prependLabels(['\0'], name), nameFromLabels(['zz', 'test'])]
  for (const next of nexts) if (next !== undefined) yield make('next', { rdata: writeNsec({ ...nsec, next }) })
  for (const type of bits) {
    yield make(`bit ${formatType(type)}`, { rdata: writeNsec({ ...nsec, types: flip(nsec.types, type) }) })
  }
  yield make('no bits', { rdata: writeNsec({ ...nsec, types: new Set() }) })
  const cut = new Set<number>([TYPE.NS, TYPE.RRSIG, TYPE.NSEC])
  yield make('bits of an unsigned cut', { rdata: writeNsec({ ...nsec, types: cut }) })
}

function* ofNsec3(place: Place): Generator<Mutation> {
  const read = readNsec3(place.record.rdata)
  if (!read.ok) return
  const nsec3 = read.value
  const make = changer(place, 'NSEC3 field')
  const with3 = (what: string, changed: Partial<typeof nsec3>) =>
    make(what, { rdata: writeNsec3({ ...nsec3, ...changed }) })
  for (const hashAlgorithm of [0, 2, 255]) yield with3(`hash ${hashAlgorithm}`, { hashAlgorithm })
  for (const flags of [nsec3.flags ^ 1, nsec3.flags ^ 2, 255]) yield with3(`flags ${flags}`, { flags })
  for (const iterations of [1, 51, 65535]) yield with3(`iterations ${iterations}`, { iterations })
  for (const length of [1, 255]) yield with3(`salt of ${length}`, { salt: new Uint8Array(length) })
  for (const value of [0, 255]) yield with3(`next all ${value}`, { next: new Uint8Array(20).fill(value) })
  for (const type of bits) yield with3(`bit ${formatType(type)}`, { types: flip(nsec3.types, type) })
  yield with3('no bits', { types: new Set() })
  yield with3('bits of an unsigned cut', { types: new Set([TYPE.NS]) })
}

function flip(types: ReadonlySet<number>, type: number): ReadonlySet<number> {
  return types.has(type) ? new Set([...types].filter((one) => one !== type)) : new Set([...types, type])
}
