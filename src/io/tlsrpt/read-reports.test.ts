import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { reportText } from '../../../test/support/tls-report.ts'
import { limits } from '../../core/limits.ts'
import { readReport, readReports } from './read-reports.ts'
import { type UnpackFault, unpackReport } from './unpack-report.ts'

const folder = mkdtempSync(join(tmpdir(), 'waxseal-reports-'))
after(() => rmSync(folder, { recursive: true }))

const text = reportText({ failures: 1 })

test('RPT-71: a report is read whether it is packed or not', () => {
  const plain = readReport(Buffer.from(text))
  assert.ok(plain.ok)
  assert.deepEqual(readReport(gzipSync(text)), plain)
})

test('RPT-52: a file of several gzip members is one text', () => {
  const whole = Buffer.concat([gzipSync(text.slice(0, 50)), gzipSync(text.slice(50))])
  assert.deepEqual(unpackReport(whole), { ok: true, value: text })
})

const packed = gzipSync(text)
const { packedOctets, octets: unpackedOctets } = limits.tlsrpt

const refused: [what: string, octets: Uint8Array, fault: UnpackFault][] = [
  ['more than a mebibyte', Buffer.alloc(packedOctets + 1, ' '), 'too-large'],
  ['what swells as no report does', gzipSync(Buffer.alloc(packedOctets + 1, ' ')), 'ratio'],
  ['more than ten mebibytes unpacked', gzipSync(dull(unpackedOctets + 1)), 'too-large'],
  ['gzip that ends too early', packed.subarray(0, packed.length - 9), 'gzip'],
  ['gzip with an octet changed', damaged(packed), 'gzip'],
  ['two octets of gzip', packed.subarray(0, 2), 'gzip'],
  ['what is no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'utf-8'],
]
for (const [what, octets, fault] of refused) {
  test(`RPT-72: unpackReport refuses ${what}`, () => {
    const read = unpackReport(octets)
    assert.deepEqual([read.ok, !read.ok && read.fault], [false, fault])
  })
}

test('RPT-72: what is small anyway may swell as it likes', () => {
  assert.ok(unpackReport(gzipSync(Buffer.alloc(packedOctets, ' '))).ok)
})

test('a folder’s reports are read by name; what is none is told of', async () => {
  const file = (name: string, octets: string | Uint8Array) => writeFileSync(join(folder, name), octets)
  file('b!example.org!1!2.json.gz', gzipSync(reportText({ id: 'b' })))
  file('a.JSON', reportText({ id: 'a' }))
  file('c.gz', gzipSync(reportText({ id: 'c' })))
  file('damaged.json', '{')
  file('big.json', Buffer.alloc(packedOctets + 1, ' '))
  file('.hidden.json', reportText({ id: 'hidden' }))
  file('notes.txt', 'nothing')
  mkdirSync(join(folder, 'folder.json'))
  symlinkSync(join(folder, 'a.JSON'), join(folder, 'link.json'))
  const found = await readReports(folder)
  assert.deepEqual(
    found.reports.map(({ reportId }) => reportId),
    ['a', 'b', 'c'],
  )
  assert.deepEqual(found.refused, [
    { file: 'big.json', why: 'too-large' },
    { file: 'damaged.json', why: 'json' },
    { file: 'folder.json', why: 'unreadable' },
    { file: 'link.json', why: 'unreadable' },
  ])
  assert.equal(found.left, 0)
})

test('a folder that is not there is an error, and not a folder without failures', async () => {
  await assert.rejects(readReports(join(folder, 'nowhere')), { code: 'ENOENT' })
})

test('who is told to stop reads no further', async () => {
  await assert.rejects(readReports(folder, AbortSignal.abort(new Error('enough'))), /enough/)
})

/** Text that gzip makes some fifty times shorter, as it does with reports. */
function dull(octets: number): Buffer {
  const line = (at: number) => `{"result-type":"certificate-expired","failed-session-count":${(at * 7919) % 10_007}},\n`
  return Buffer.from(Array.from({ length: Math.ceil(octets / 60) }, (_, at) => line(at)).join('')).subarray(0, octets)
}

function damaged(octets: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(octets)
  copy[20] = (copy[20] ?? 0) ^ 0xff
  return copy
}
