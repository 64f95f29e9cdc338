import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { domain } from '../../../test/support/domain.ts'
import { limits } from '../limits.ts'
import { createArchiveWriter, isArchiveOf, openArchive, readArchive } from './archive.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('ed25519')
const body = 'version: STSv1\r\nmode: enforce\r\nmx: *.example.org\r\nmax_age: 86400\r\n'
const entry = { domain: domain('example.org'), id: '1', fetchedAt: 1_700_000_000_000, body }

const line = `${JSON.stringify(entry)}\n`

function open(octets: Uint8Array) {
  const opened = openArchive(octets)
  assert.ok(opened.ok, opened.ok ? '' : opened.fault)
  return opened.value
}

test('what is written is read again, by who has the public key', () => {
  const writer = createArchiveWriter()
  const second = { ...entry, domain: domain('b.example'), body: body.replace('enforce', 'testing') }
  const text = writer.start + writer.add(entry) + writer.add(second) + writer.finish(privateKey)
  const opened = open(Buffer.from(text))
  assert.ok(isArchiveOf(opened, publicKey))
  assert.ok(!isArchiveOf(opened, other.publicKey))
  const read = readArchive(opened)
  assert.ok(read.ok)
  assert.deepEqual(
    read.value.map(({ policy, ...rest }) => [rest, policy.mode]),
    [
      [entry, 'enforce'],
      [second, 'testing'],
    ],
  )
})

test('no octet may be changed, put in, taken out or cut off', () => {
  const writer = createArchiveWriter()
  const good = Buffer.from(writer.start + writer.add(entry) + writer.finish(privateKey))
  const judge = (octets: Uint8Array) => {
    const opened = openArchive(octets)
    return opened.ok && isArchiveOf(opened.value, publicKey)
  }
  assert.ok(judge(good))
  for (let at = 0; at < good.length; at++) {
    const changed = Buffer.from(good)
    changed.writeUInt8((changed[at] ?? 0) ^ 1, at)
    assert.ok(!judge(changed), `octet ${at} changed`)
    assert.ok(!judge(good.subarray(0, at)), `cut off at ${at}`)
    assert.ok(!judge(Buffer.concat([good.subarray(0, at), good.subarray(at + 1)])), `octet ${at} taken out`)
  }
  assert.ok(!judge(Buffer.concat([good, Buffer.from('\n')])))
})

const refused: [why: string, octets: Uint8Array, fault: string, at: number][] = [
  ['nothing', Buffer.alloc(0), 'no-archive', 0],
  ['another file', Buffer.from('-----BEGIN PRIVATE KEY-----\n'), 'no-archive', 0],
  ['a newer version', Buffer.from('waxseal-policies/2\n'), 'version', 17],
  ['no signature', Buffer.from('waxseal-policies/1\n{}\n'), 'no-archive', 19],
  ['a signature alone', Buffer.from(`signature ${'A'.repeat(86)}==\n`), 'no-archive', 0],
]
for (const [why, octets, fault, at] of refused) {
  test(`openArchive refuses ${why}`, () => assert.deepEqual(openArchive(octets), { ok: false, fault, at }))
}

test('openArchive refuses more octets than its limit', () => {
  const opened = openArchive(new Uint8Array(limits.archive.octets + 1))
  assert.equal(opened.ok ? '' : opened.fault, 'too-large')
})

const entries: [why: string, text: string][] = [
  ['no JSON', 'x'],
  ['a list', '[]'],
  ['null', 'null'],
  ['no domain', JSON.stringify({ ...entry, domain: undefined })],
  ['a domain that is not as we write it', JSON.stringify({ ...entry, domain: 'Example.org' })],
  ['an id with other characters', JSON.stringify({ ...entry, id: 'a b' })],
  ['an id too long', JSON.stringify({ ...entry, id: 'a'.repeat(33) })],
  ['a time that is text', JSON.stringify({ ...entry, fetchedAt: '1' })],
  ['a time that is no whole number', JSON.stringify({ ...entry, fetchedAt: 1.5 })],
  ['a time before 1970', JSON.stringify({ ...entry, fetchedAt: -1 })],
  ['a body that is no policy', JSON.stringify({ ...entry, body: 'mode: enforce' })],
  ['a line too long', ' '.repeat(limits.archive.lineOctets + 1)],
]
for (const [why, text] of entries) {
  test(`readArchive refuses ${why}, and says in which line`, () => {
    const signed = Buffer.from(`waxseal-policies/1\n${line}${text}\n`)
    assert.deepEqual(readArchive({ signed, signature: new Uint8Array() }), { ok: false, fault: 'entry', at: 3 })
  })
}

test('no octets make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      openArchive(octets)
      readArchive({ signed: octets, signature: octets })
      const opened = openArchive(Buffer.concat([Buffer.from('waxseal-policies/1\n'), octets]))
      if (opened.ok) readArchive(opened.value)
    }),
  )
})
