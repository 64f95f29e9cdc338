// A server that takes updates as RFC 2136 §3 has it, for one zone in memory, and lies on request.
import type { ResourceRecord } from '../../src/core/dns/message.ts'
import type { TsigKey } from '../../src/core/dns/tsig-key.ts'
import type { Clock } from '../../src/io/clock.ts'
import { type DnsServer, startDnsServer } from './dns-server.ts'
import { readRequest, signReply } from './tsig.ts'

/** What is sent in the place of the honest reply: these messages, the half of one, nothing, or the end of the connection. */
export type Lie = (honest: HonestReply) => readonly Buffer[] | 'half' | 'nothing' | 'close'

export interface HonestReply {
  /** Counted from 0 over all connections. */
  readonly number: number
  readonly isUpdate: boolean
  /** Without a signature. */
  readonly reply: Buffer
  readonly requestMac: Buffer
  /** As it would be sent. */
  readonly signed: Buffer
}

export interface UpdateServer extends AsyncDisposable {
  readonly endpoint: DnsServer['endpoint']
  /** The zone's records as `name|type|data`, the name on the wire and the data in hexadecimal. */
  readonly zone: readonly string[]
  /** RCODEs of the updates so far. */
  readonly updates: readonly number[]
  lie: Lie | undefined
  /** Says this of updates, and carries none out. */
  rcode: number | undefined
  /** Adds no alias in the update that makes room for it, as Knot does in zones that it signs. */
  isHalfHearted: boolean
}

export interface UpdateServerOptions {
  readonly key: TsigKey
  readonly clock: Clock
  readonly records: readonly ResourceRecord[]
}

interface Wire {
  readonly name: string
  readonly type: number
  readonly class: number
  readonly rdata: string
}

const rcodes = { yxrrset: 7, nxrrset: 8 }
const classes = { in: 1, none: 254 }
const cname = 5

export async function startUpdateServer({ key, clock, records }: UpdateServerOptions): Promise<UpdateServer> {
  let there = records.map(({ name, type, rdata }) => `${name.key}|${type}|${Buffer.from(rdata).toString('hex')}`)
  const updates: number[] = []
  let number = 0
  const at = (name: string, type: number) => there.filter((record) => record.startsWith(`${name}|${type}|`))

  const update = (prerequisites: readonly Wire[], changes: readonly Wire[]): number => {
    const wanted = new Map<string, string[]>()
    for (const { name, type, class: klass, rdata } of prerequisites) {
      if (klass === classes.none && at(name, type).length > 0) return rcodes.yxrrset
      if (klass !== classes.none) wanted.set(`${name}|${type}`, [...(wanted.get(`${name}|${type}`) ?? []), rdata])
    }
    for (const [place, rdatas] of wanted) {
      const now = there.filter((record) => record.startsWith(`${place}|`)).map((record) => record.split('|')[2])
      if (now.toSorted().join() !== rdatas.toSorted().join()) return rcodes.nxrrset
    }
    const atFirst = there
    for (const { name, type, class: klass, rdata } of changes) {
      const record = `${name}|${type}|${rdata}`
      const before = server.isHalfHearted ? atFirst : there
      const others = before.filter((one) => one.startsWith(`${name}|`) && !one.startsWith(`${name}|${cname}|`))
      const isInTheWay = type === cname ? others.length > 0 : at(name, cname).length > 0
      if (klass === classes.none) there = there.filter((one) => one !== record)
      else if (!isInTheWay && !there.includes(record)) there.push(record)
    }
    return 0
  }

  const dns = await startDnsServer({
    tcp(query, socket) {
      const { message, mac } = readRequest(query, key)
      const sections = readSections(message)
      const isUpdate = ((message[2] ?? 0) & 0x78) === 0x28
      const rcode = isUpdate ? (server.rcode ?? update(sections.answer, sections.authority)) : 0
      if (isUpdate) updates.push(rcode)
      const question = message.subarray(12, sections.questionEnd)
      const reply = isUpdate
        ? Buffer.concat([header(message, 0xa800 | rcode, 0), question])
        : answerTo(message, question, [...at(...sections.asked), ...at(sections.asked[0], cname)])
      const signed = signReply(reply, key, { requestMac: mac, time: Math.floor(clock.now() / 1000) })
      const said = server.lie?.({ number: number++, isUpdate, reply, requestMac: mac, signed }) ?? [signed]
      if (said === 'close') socket.destroy()
      else if (said === 'half') socket.write(framed(signed).subarray(0, 20))
      else if (said !== 'nothing') for (const octets of said) socket.write(framed(octets))
    },
  })
  const server: UpdateServer = {
    ...{ endpoint: dns.endpoint, updates, lie: undefined, rcode: undefined, isHalfHearted: false },
    get zone() {
      return there
    },
    [Symbol.asyncDispose]: () => dns[Symbol.asyncDispose](),
  }
  return server
}

function framed(octets: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(octets.length)
  return Buffer.concat([length, octets])
}

function header(message: Buffer, flags: number, answers: number): Buffer {
  const octets = Buffer.alloc(12)
  message.copy(octets, 0, 0, 2)
  octets.writeUInt16BE(flags, 2)
  octets.writeUInt16BE(1, 4)
  octets.writeUInt16BE(answers, 6)
  return octets
}

/** With AA; TTL 60. */
function answerTo(message: Buffer, question: Buffer, records: readonly string[]): Buffer {
  const written = records.map((record) => {
    const [name = '', type = '', rdata = ''] = record.split('|')
    const fixed = Buffer.alloc(10)
    fixed.writeUInt16BE(Number(type), 0)
    fixed.writeUInt16BE(classes.in, 2)
    fixed.writeUInt32BE(60, 4)
    fixed.writeUInt16BE(rdata.length / 2, 8)
    return Buffer.concat([Buffer.from(name, 'latin1'), fixed, Buffer.from(rdata, 'hex')])
  })
  return Buffer.concat([header(message, 0x8400, records.length), question, ...written])
}

/** Of a message without compression. */
function readSections(message: Buffer) {
  let at = 12
  const readName = () => {
    const from = at
    while (message[at] !== 0) at += 1 + (message[at] ?? 0)
    at += 1
    return message.toString('latin1', from, at).toLowerCase()
  }
  const asked: [string, number] = [readName(), message.readUInt16BE(at)]
  at += 4
  const questionEnd = at
  const read = (count: number): Wire[] =>
    Array.from({ length: count }, () => {
      const name = readName()
      const [type, klass, length] = [
        message.readUInt16BE(at),
        message.readUInt16BE(at + 2),
        message.readUInt16BE(at + 8),
      ]
      at += 10 + length
      return { name, type, class: klass, rdata: message.toString('hex', at - length, at) }
    })
  const answer = read(message.readUInt16BE(6))
  return { asked, questionEnd, answer, authority: read(message.readUInt16BE(8)) }
}
