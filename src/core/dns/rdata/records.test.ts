import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { plain, rdataOf } from '../../../../test/fuzz/arbitrary-records.ts'
import { octetsOf } from '../../../../test/fuzz/wire-pieces.ts'
import vectors from '../../../../test/vectors/dns-wire.json' with { type: 'json' }
import { formatName, parseName } from '../../name/text.ts'
import type { Result } from '../../result.ts'
import { formatType, TYPE } from '../types.ts'
import {
  readDnskey,
  readDs,
  readMx,
  readNameRdata,
  readNsec,
  readNsec3,
  readNsec3param,
  readRrsig,
  readSoa,
  readSrv,
  readTlsa,
  readTxt,
} from './records.ts'
import * as write from './write.ts'

const { writeName, writeTxt, writeMx, writeSoa, writeSrv, writeTlsa, writeDs, writeDnskey } = write
const { writeRrsig, writeRrsigPrefix, writeNsec, writeNsec3, writeNsec3param, writeBitmap } = write

function taken<Value>(result: Result<Value, string>): Value {
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

function sample(type: string): Uint8Array {
  return octetsOf(vectors.rdata.find((known) => known.type === type)?.hex ?? '')
}

test('WIRE-21: preference 0 and the root are a null MX', () => {
  const { preference, exchange } = taken(readMx(octetsOf('000000')))
  assert.deepEqual([preference, formatName(exchange)], [0, '.'])
})

test('WIRE-22: the strings of a TXT record stay apart, and are octets', () => {
  const strings = taken(readTxt(writeTxt(['v=STSv1; id=1', '2;', '', '\xff'])))
  assert.deepEqual(strings, ['v=STSv1; id=1', '2;', '', '\xff'])
  assert.equal(strings.slice(0, 2).join(''), 'v=STSv1; id=12;')
})

test('WIRE-23, DV5.3: a TLSA record gives its fields, the unknown ones too', () => {
  const { usage, selector, matchingType, data } = taken(readTlsa(sample('TLSA')))
  assert.deepEqual([usage, selector, matchingType, data.length], [3, 1, 1, 32])
  assert.equal(taken(readTlsa(octetsOf('ff0909aa'))).usage, 255)
  assert.equal(taken(readTlsa(octetsOf(`030101${'aa'.repeat(31)}`))).data.length, 31)
  assert.equal(taken(readTlsa(octetsOf('030101'))).data.length, 0)
})

test('WIRE-26, DV5.3: in an RRSIG record expiration comes before inception', () => {
  const { signature, signer, ...fields } = taken(readRrsig(sample('RRSIG')))
  assert.deepEqual(fields, {
    typeCovered: TYPE.TLSA,
    algorithm: 15,
    labels: 5,
    originalTtl: 3600,
    expiration: 2_082_758_400,
    inception: 1_767_225_600,
    keyTag: 3613,
  })
  assert.deepEqual([formatName(signer), signature.length], ['vec.test.', 64])
})

test('DV5.4: what a signature covers first is its record without the signature', () => {
  const rrsig = taken(readRrsig(sample('RRSIG')))
  const prefix = Buffer.from(writeRrsigPrefix({ ...rrsig, typeCovered: TYPE.MX, labels: 2 })).toString('hex')
  assert.ok(vectors.signatureInputs.mx.startsWith(prefix))
  const wildcard = Buffer.from(writeRrsigPrefix({ ...rrsig, typeCovered: TYPE.TXT, labels: 3 })).toString('hex')
  assert.ok(vectors.signatureInputs.wildcard.startsWith(wildcard))
})

for (const { type, text, hex } of vectors.rdata.filter((known) => known.type === 'NSEC')) {
  test(`${type} DV5.5: the bitmap of "${text}" lists those types, and is written the same`, () => {
    const { next, types } = taken(readNsec(octetsOf(hex)))
    assert.equal([formatName(next), ...[...types].map(formatType)].join(' '), text)
    assert.deepEqual(plain(writeNsec({ next, types: new Set([...types].reverse()) })), octetsOf(hex))
  })
}

test('WIRE-28, DV5.5: the bitmap of an NSEC3 record may be empty', () => {
  const { next, types, salt, iterations } = taken(readNsec3(sample('NSEC3')))
  assert.deepEqual([next.length, types.size, salt.length, iterations], [20, 0, 0, 0])
})

test('WIRE-27: a bitmap ends with its last type', () => {
  assert.deepEqual(plain(writeBitmap(new Set([1, 2, 1234]))), octetsOf(`000160041b${'00'.repeat(26)}20`))
  assert.equal(writeBitmap(new Set()).length, 0)
})

/** Each reader with its writer: what was read is written as it was. */
const pairs: [type: number, copy: (rdata: Uint8Array) => Uint8Array][] = [
  [TYPE.CNAME, (rdata) => writeName(taken(readNameRdata(rdata)))],
  [TYPE.MX, (rdata) => writeMx(taken(readMx(rdata)))],
  [TYPE.SOA, (rdata) => writeSoa(taken(readSoa(rdata)))],
  [TYPE.SRV, (rdata) => writeSrv(taken(readSrv(rdata)))],
  [TYPE.TXT, (rdata) => writeTxt(taken(readTxt(rdata)))],
  [TYPE.TLSA, (rdata) => writeTlsa(taken(readTlsa(rdata)))],
  [TYPE.DS, (rdata) => writeDs(taken(readDs(rdata)))],
  [TYPE.DNSKEY, (rdata) => writeDnskey(taken(readDnskey(rdata)))],
  [TYPE.RRSIG, (rdata) => writeRrsig(taken(readRrsig(rdata)))],
  [TYPE.NSEC, (rdata) => writeNsec(taken(readNsec(rdata)))],
  [TYPE.NSEC3, (rdata) => writeNsec3(taken(readNsec3(rdata)))],
  [TYPE.NSEC3PARAM, (rdata) => writeNsec3param(taken(readNsec3param(rdata)))],
]
for (const [type, copy] of pairs) {
  test(`WIRE-38: ${formatType(type)} data is written as it was read`, () => {
    fc.assert(fc.property(rdataOf(type), (rdata) => assert.deepEqual(plain(copy(rdata)), rdata)))
  })
}

const readers = { readMx, readSoa, readSrv, readTxt, readTlsa, readDs, readDnskey, readRrsig, readNsec, readNsec3 }
for (const [name, read] of Object.entries({ ...readers, readNsec3param, readNameRdata })) {
  test(`WIRE-38: ${name} never throws`, () => {
    const octets = fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 0x40, 0xc0), fc.nat({ max: 255 })), { maxLength: 50 })
    fc.assert(fc.property(octets, (list) => assert.equal(typeof read(Uint8Array.from(list)).ok, 'boolean')))
  })
}

test('a name below the data of another record is read from its own view', () => {
  const parsed = parseName('mx.test.')
  assert.ok(parsed.ok)
  const view = Buffer.concat([Buffer.alloc(7), writeMx({ preference: 1, exchange: parsed.value })]).subarray(7)
  assert.deepEqual(taken(readMx(view)).exchange, parsed.value)
})
