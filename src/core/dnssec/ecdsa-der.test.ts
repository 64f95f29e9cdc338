import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { test } from 'node:test'
import { rawToDer } from './ecdsa-der.ts'

const written: [why: string, raw: string, der: string][] = [
  ['two small numbers', '0102', '3006020101020102'],
  ['numbers whose high bit is no sign', '80ff', '300802020080020200ff'],
  ['zeros in front as nothing', '0000000100007f00', '300702010102027f00'],
  ['one zero before a high bit', '000080000001', '300702020080020101'],
  ['zero itself', '0000', '3006020100020100'],
]
for (const [why, raw, der] of written) {
  test(`RFC 6605 §4: rawToDer writes ${why}`, () => {
    assert.equal(Buffer.from(rawToDer(Buffer.from(raw, 'hex'))).toString('hex'), der)
  })
}

for (const namedCurve of ['P-256', 'P-384']) {
  test(`RFC 6605 §4: OpenSSL takes what rawToDer makes of signatures by ${namedCurve}`, () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve })
    for (let at = 0; at < 300; at++) {
      const data = Uint8Array.of(at, at >> 8)
      const raw = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
      assert.ok(verify('sha256', data, publicKey, rawToDer(raw)))
    }
  })
}
