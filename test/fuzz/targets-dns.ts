import assert from 'node:assert/strict'
import { decodeMessage } from '../../src/core/dns/decode.ts'
import { extendedErrorsOf, formatExtendedError } from '../../src/core/dns/edns.ts'
import { encodeMessage } from '../../src/core/dns/encode.ts'
import { createFrameReader } from '../../src/core/dns/frames.ts'
import type { Message } from '../../src/core/dns/message.ts'
import { hex, readU16 } from '../../src/core/dns/octets.ts'
import { formatIpv6, parseAddress } from '../../src/core/dns/rdata/address.ts'
import { checkRdata } from '../../src/core/dns/rdata/check.ts'
import { formatRdata } from '../../src/core/dns/rdata/format.ts'
import { layoutOf } from '../../src/core/dns/rdata/layout.ts'
import { isZoneType } from '../../src/core/dns/rdata/parse.ts'
import * as records from '../../src/core/dns/rdata/records.ts'
import { groupRrsets } from '../../src/core/dns/rrset.ts'
import { formatType, TYPE } from '../../src/core/dns/types.ts'
import { readWireName } from '../../src/core/dns/wire-name.ts'
import { formatRecord, parseRecord, parseZone } from '../../src/core/dns/zone-text.ts'
import { domainOfName, formatDomain, nameOfDomain, parseDomainName, parseHostName } from '../../src/core/name/domain.ts'
import { rootName } from '../../src/core/name/name.ts'
import { formatName, parseName } from '../../src/core/name/text.ts'
import vectors from '../vectors/dns-wire.json' with { type: 'json' }
import { plain } from './arbitrary-records.ts'
import { type Target, textTarget } from './target.ts'
import { header, octetsOf, opt, option, question, record } from './wire-pieces.ts'

const { tlsaReply } = vectors

/** A message that is taken can be shown and written, and is then read the same. */
function runMessage(octets: Uint8Array): void {
  const decoded = decodeMessage(octets)
  if (!decoded.ok) {
    assert.ok(decoded.at <= octets.length)
    return
  }
  const message: Message = decoded.value
  for (const one of extendedErrorsOf(message)) assert.match(formatExtendedError(one), /^[^\p{C}]*$/u)
  for (const section of [message.answer, message.authority, message.additional]) {
    groupRrsets(section, message.damaged)
    for (const one of section) assert.match(formatRecord(one), /^[ -~]+$/)
  }
  for (const compress of [false, true]) {
    const again = decodeMessage(encodeMessage(message, { compress }))
    assert.ok(again.ok)
    assert.deepEqual(plain({ ...again.value, damaged: [] }), plain({ ...message, damaged: [] }))
  }
}

const messageTarget: Target = {
  name: 'dns-message',
  run: runMessage,
  seeds: [
    octetsOf(vectors.mxReply),
    octetsOf(vectors.nameErrorReply),
    octetsOf(vectors.tlsaQuery),
    octetsOf(tlsaReply.header, tlsaReply.tlsa, tlsaReply.rrsig, tlsaReply.opt),
    octetsOf(header([1, 0, 0, 1]), question, opt({ options: option(15, '0006414200') + option(10, '00'.repeat(8)) })),
    ...vectors.rdata.map(({ type, hex: rdata }) =>
      octetsOf(header([1, 1, 0, 0]), question, record({ type: TYPE[type as keyof typeof TYPE], rdata })),
    ),
  ],
  words: [octetsOf('c00c'), octetsOf(question), octetsOf(opt()), octetsOf(record({ type: 1, rdata: 'c0000201' }))],
}

const nameTarget: Target = {
  name: 'wire-name',
  run(octets) {
    for (const compressed of [false, true]) {
      const budget = { octets: 1000 }
      const read = readWireName(octets, Math.min(12, octets.length), { limit: octets.length, compressed, budget })
      if (!read.ok) continue
      assert.deepEqual(parseName(formatName(read.value.name)), { ok: true, value: read.value.name })
      const domain = domainOfName(read.value.name)
      if (domain.ok) assert.equal(nameOfDomain(domain.value).key, read.value.name.key)
    }
  },
  seeds: [octetsOf('00'.repeat(12), '026d7804746573740003777777c00f'), octetsOf('00'.repeat(12), '0161c00c')],
  words: [octetsOf('c00c'), octetsOf('0474657374'), octetsOf('3f')],
}

const readers = [records.readMx, records.readSoa, records.readSrv, records.readTxt, records.readDnskey]
const dnssecReaders = [records.readRrsig, records.readNsec, records.readNsec3, records.readNsec3param, records.readDs]

/**
 * The first two octets are the type; data that is taken has a text that means the same. Bitmaps may have had zeros that
 * the text does not show.
 */
function runRdata(octets: Uint8Array): void {
  if (octets.length < 2) return
  const [type, rdata] = [readU16(octets, 0) % 300, octets.subarray(2)]
  for (const read of [...readers, ...dnssecReaders, records.readTlsa, records.readNameRdata]) read(rdata)
  const text = formatRdata(type, rdata)
  assert.match(text, /^[ -~]*$/)
  if (!checkRdata(type, rdata).ok || !isZoneType(type)) return
  const parsed = parseRecord(`. 0 ${formatType(type)} ${text}`)
  assert.equal(parsed.ok ? formatRdata(type, parsed.value.rdata) : parsed.fault, text)
  if (layoutOf(type)?.includes('bitmap') !== true) assert.equal(parsed.ok && hex(parsed.value.rdata), hex(rdata))
}

const rdataTarget: Target = {
  name: 'rdata',
  run: runRdata,
  seeds: [
    ...vectors.rdata.map(({ type, hex: rdata }) => octetsOf(hexOf(TYPE[type as keyof typeof TYPE]), rdata)),
    octetsOf(hexOf(TYPE.TXT), '0361626300'),
    octetsOf(hexOf(TYPE.SOA), '0000', '00000001'.repeat(5)),
    octetsOf(hexOf(TYPE.HTTPS), '00010000010003026832'),
    octetsOf(hexOf(TYPE.CAA), '000569737375656361'),
    octetsOf(hexOf(TYPE.NAPTR), '000100020155016100', '0474657374', '00'),
  ],
  words: Object.values(TYPE).map((type) => octetsOf(hexOf(type))),
}

function hexOf(type: number): string {
  return type.toString(16).padStart(4, '0')
}

const framesTarget: Target = {
  name: 'dns-frames',
  /** However a stream is cut, its messages are the same. */
  run(octets) {
    const size = 1 + ((octets[0] ?? 0) % 32)
    const stream = octets.subarray(1)
    const [whole, cut] = [createFrameReader(), createFrameReader()]
    const once = whole.push(stream)
    const messages: Uint8Array[] = []
    for (let at = 0; at < stream.length; at += size) {
      const pushed = cut.push(stream.subarray(at, at + size))
      if (!pushed.ok) return assert.equal(once.ok, false)
      messages.push(...pushed.value)
    }
    assert.deepEqual(once, { ok: true, value: messages })
    assert.deepEqual(whole.end(), cut.end())
  },
  seeds: [octetsOf('03', '000c', '11'.repeat(12), '000d', '22'.repeat(13)), octetsOf('00', '000b')],
  words: [octetsOf('000c'), new Uint8Array(12)],
}

const zoneTextTarget = textTarget(
  'zone-text',
  (text) => {
    for (const options of [{}, { origin: rootName, ttl: 60 }]) {
      const zone = parseZone(text, options)
      if (!zone.ok) {
        assert.ok(zone.at >= 0 && zone.at <= text.length)
        continue
      }
      const again = parseZone(zone.value.map(formatRecord).join('\n'))
      assert.deepEqual(again.ok && plain(again.value), plain(zone.value))
    }
  },
  {
    seeds: [
      '$ORIGIN test.\n$TTL 1h\n@ IN SOA ns1 root ( 1 2 3 ; x\n 4 5 )\n NS ns1\nns1 60 A 192.0.2.1\n',
      'a. 1 TXT "a;b" c\\032d\na. 1 TYPE99 \\# 2 aabb\na. 1 CAA 0 issue "x"\n',
      ...vectors.rdata.map(({ type, text }) => `x. 1 IN ${type} ${text}`),
      'a. 1 HTTPS 1 . key1="\\002h2" no-default-alpn\na. 1 AAAA ::1\na. CH 1 MX 0 .',
      'a. 1 NAPTR 1 2 "u" "s" "" .\na. 1 NSEC3PARAM 1 0 0 aa\na. 1 DNSKEY 257 3 15 AAAA\na. 1 DS 1 15 2 AA bb',
    ],
    words: `$ORIGIN $TTL @ ( ) ; " \\ \\000 \\# IN CH TYPE1 CLASS1 1h ${Object.keys(TYPE).join(' ')} key1= . * 192.0.2.1 ::`,
  },
)

const nameTextTarget = textTarget(
  'name-text',
  (text) => {
    for (const origin of [rootName, null]) {
      const parsed = parseName(text, origin)
      if (parsed.ok) assert.deepEqual(parseName(formatName(parsed.value), null), parsed)
    }
  },
  { seeds: ['a.b.', '\\001\\..x', '@', '*.a'], words: '. \\ \\. \\000 \\255 @ *' },
)

const domainTarget = textTarget(
  'domain-name',
  (text) => {
    const host = parseHostName(text)
    const domain = parseDomainName(text)
    if (domain.ok) assert.deepEqual(host, domain)
    if (!host.ok) {
      assert.ok(host.at >= 0 && host.at <= Math.max(text.length * 64, 1))
      return
    }
    assert.deepEqual(parseHostName(host.value), host)
    assert.equal(formatName(nameOfDomain(host.value)), `${host.value}.`)
    assert.match(formatDomain(host.value), /^[^\p{Cc}]+$/u)
  },
  {
    seeds: [
      'mx1.example.org',
      'bücher.example.',
      'xn--bcher-kva.example',
      '例え。テスト',
      'faß.de',
      '192.0.2.1',
      'אבג.test',
    ],
    words: 'xn-- . 。 - _ 0x é ß ς \u200d \u200c \u0301 א 1 % [ ] क्',
  },
)

const addressTarget = textTarget(
  'address',
  (text) => {
    const octets = parseAddress(text)
    if (octets === undefined) return
    const shown = octets.length === 4 ? octets.join('.') : formatIpv6(octets)
    assert.deepEqual(parseAddress(shown), octets)
  },
  { seeds: ['192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1', '1:2:3:4:5:6:7:8'], words: ':: : . 0 ffff 255 1' },
)

export const dnsTargets: readonly Target[] = [
  messageTarget,
  nameTarget,
  rdataTarget,
  framesTarget,
  // Two letters with an origin are a name of 127 labels, and three letters of a type a bitmap of 256 bits.
  { ...zoneTextTarget, workPerOctet: 1000 },
  nameTextTarget,
  domainTarget,
  addressTarget,
]
