import { decodeMessage } from '../src/core/dns/decode.ts'
import { ourEdns } from '../src/core/dns/edns.ts'
import { encodeMessage } from '../src/core/dns/encode.ts'
import type { Message, ResourceRecord } from '../src/core/dns/message.ts'
import { sortReply } from '../src/core/dns/reply.ts'
import { groupRrsets } from '../src/core/dns/rrset.ts'
import { CLASS, TYPE } from '../src/core/dns/types.ts'
import { parseZone } from '../src/core/dns/zone-text.ts'
import type { TrustAnchor } from '../src/core/dnssec/anchors.ts'
import type { Name } from '../src/core/name/name.ts'
import { formatName, parseName } from '../src/core/name/text.ts'
import type { Upstream } from '../src/io/resolver/upstream.ts'
import { createSigningKey } from '../src/programs/lab/dns/signing-key.ts'
import { signRrset } from '../src/programs/lab/dns/zone-signer.ts'

/** A zone of many hosts with an address each, all signed with P-256, and the replies of its server. */
export interface HostZone {
  readonly upstream: Upstream
  readonly anchors: readonly TrustAnchor[]
  /** The name of the n-th host. */
  host(index: number): Name
}

/** Replies are as a server sends them over UDP: with the signed NS records of the zone, each in octets of its own. */
export function createHostZone(hosts: number): HostZone {
  const origin = readName('example.')
  const key = createSigningKey(13, 257)
  const now = Math.floor(Date.now() / 1000)
  const times = { inception: now - 3600, expiration: now + 14 * 86_400 }
  const signed = (records: readonly ResourceRecord[]) => [
    ...records,
    ...groupRrsets(records).map((rrset) => signRrset(rrset, { key, origin, ...times })),
  ]
  const authority = signed(recordsOfText('example. 86400 NS ns1.example.\nexample. 86400 NS ns2.example.'))
  const keys = signed([{ name: origin, type: TYPE.DNSKEY, class: CLASS.IN, ttl: 86_400, rdata: key.rdata }])
  const write = (name: Name, type: number, answer: readonly ResourceRecord[]) =>
    encodeMessage({ ...blank(name, type), answer, authority }, { compress: true })
  const replies = new Map([[origin.key, write(origin, TYPE.DNSKEY, keys)]])
  for (let index = 0; index < hosts; index++) {
    const name = hostName(index)
    replies.set(name.key, write(name, TYPE.A, signed(recordsOfText(`${formatName(name)} 86400 A 192.0.2.1`))))
  }
  return {
    anchors: [{ kind: 'dnskey', owner: origin, rdata: key.rdata }],
    host: hostName,
    upstream: {
      async fetch({ name }) {
        const message = read(replies.get(name.key))
        const reply = { ...sortReply(message), server: '192.0.2.1', source: '192.0.2.1', bailiwick: origin }
        return { ok: true, reply }
      },
      close: async () => {},
    },
  }
}

function blank(name: Name, type: number): Message {
  return {
    ...{ id: 1, opcode: 0, rcode: 0, isResponse: true, isAuthoritative: true, isTruncated: false },
    ...{ recursionDesired: false, recursionAvailable: false, authenticData: false, checkingDisabled: true },
    ...{ questions: [{ name, type, class: CLASS.IN }], answer: [], authority: [], additional: [] },
    ...{ edns: ourEdns, damaged: [] },
  }
}

function hostName(index: number): Name {
  return readName(`host${index}.example.`)
}

/** As it comes from a socket, which makes octets of its own for every datagram. */
function read(octets: Uint8Array = new Uint8Array()): Message {
  const decoded = decodeMessage(new Uint8Array(octets))
  if (!decoded.ok) throw new Error(`own message: ${decoded.fault}`)
  return decoded.value
}

function recordsOfText(text: string): ResourceRecord[] {
  const records = parseZone(text)
  if (!records.ok) throw new Error(`own zone text: ${records.fault}`)
  return records.value
}

function readName(text: string): Name {
  const name = parseName(text)
  if (!name.ok) throw new Error(`no name: ${text}`)
  return name.value
}
