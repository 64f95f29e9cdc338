import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { describeCertificate } from '../world/certificates.ts'
import { openMint } from './mint.ts'

const chainOf = (pem: string) =>
  pem
    .split(/(?=-----BEGIN)/)
    .filter((part) => part.trim() !== '')
    .map((part) => new X509Certificate(part))

test('a good certificate bears its host and comes with its intermediate, which the public root signed', async () => {
  const mint = await openMint()
  const { chain, leaf } = await mint.issue(describeCertificate('mx.example.org', {}))
  const [own, intermediate, ...rest] = chainOf(chain)
  const root = new X509Certificate(mint.root)
  assert.deepEqual(rest, [])
  assert.deepEqual(own?.raw, Buffer.from(leaf))
  assert.equal(own?.checkHost('mx.example.org', { subject: 'never' }), 'mx.example.org')
  assert.ok(intermediate !== undefined && own?.verify(intermediate.publicKey) && intermediate.verify(root.publicKey))
})

test('the same declaration makes the same certificate, and another generation another key', async () => {
  const mint = await openMint()
  const one = await mint.issue(describeCertificate('mx.example.org', {}))
  assert.equal(await mint.issue(describeCertificate('mx.example.org', {})), one)
  const next = await mint.issue(describeCertificate('mx.example.org', { generation: 2 }))
  assert.notDeepEqual(
    new X509Certificate(next.leaf).publicKey.export({ format: 'jwk' }),
    new X509Certificate(one.leaf).publicKey.export({ format: 'jwk' }),
  )
})

const kinds: [
  kind: 'self-signed' | 'expired' | 'future' | 'wrong-name' | 'cn-only' | 'dane-ta',
  claim: string,
  holds: (leaf: X509Certificate, sent: number) => boolean,
][] = [
  ['self-signed', 'signed itself', (leaf, sent) => leaf.verify(leaf.publicKey) && sent === 1],
  ['expired', 'is over', (leaf) => leaf.validToDate.getTime() < Date.parse('2003-01-01')],
  ['future', 'has not begun', (leaf) => leaf.validFromDate.getTime() > Date.parse('2047-01-01')],
  ['wrong-name', 'names another host', (leaf) => leaf.checkHost('mx.example.org') === undefined],
  [
    'cn-only',
    'has no alternative name',
    (leaf) => leaf.subjectAltName === undefined && leaf.subject === 'CN=mx.example.org',
  ],
  ['dane-ta', 'comes with its own root', (_, sent) => sent === 2],
]
for (const [kind, claim, holds] of kinds) {
  test(`a certificate of kind ${kind} ${claim}`, async () => {
    const { chain } = await (await openMint()).issue(describeCertificate('mx.example.org', { certificate: kind }))
    const sent = chainOf(chain)
    assert.ok(sent[0] !== undefined && holds(sent[0], sent.length))
  })
}
