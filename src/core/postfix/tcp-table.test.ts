import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../limits.ts'
import { formatSocketmapReply, readSocketmapReply, type SocketmapReply } from './socketmap.ts'
import { formatTcpTableReply, parseTcpTableRequest } from './tcp-table.ts'

const requests: [line: string, key: string | undefined][] = [
  ['get example.com', 'example.com'],
  ['get %65xample.com', 'example.com'],
  ['get [relay.example]:587', '[relay.example]:587'],
  ['get b%c3%bccher.example', 'bücher.example'],
  ['get two%20words%25', 'two words%'],
  ['get %', undefined],
  ['get %4', undefined],
  ['get %zz', undefined],
  ['get two words', undefined],
  ['get ', undefined],
  ['get', undefined],
  ['put a b', undefined],
  ['GET a', undefined],
  ['', undefined],
]

for (const [line, key] of requests) {
  test(`STS-134: ${key === undefined ? 'is refused' : 'is read'}: "${line}"`, () => {
    const read = parseTcpTableRequest(line)
    assert.equal(read.ok ? read.value : undefined, key)
  })
}

const replies: [reply: SocketmapReply, line: string][] = [
  [{ kind: 'ok', data: 'dane-only' }, '200 dane-only'],
  [
    { kind: 'ok', data: 'secure match=mx.example servername=hostname' },
    '200 secure%20match=mx.example%20servername=hostname',
  ],
  [{ kind: 'not-found' }, '500 not%20found'],
  [{ kind: 'temporary', reason: '100% sure: no' }, '400 100%25%20sure:%20no'],
  [{ kind: 'permanent', reason: 'no' }, '400 no'],
]

for (const [reply, line] of replies) {
  test(`STS-134: a reply reads ${line}`, () => assert.equal(formatTcpTableReply(reply), line))
}

test('STS-134: a policy that Postfix could not read whole makes mail wait', () => {
  const fits = 'x'.repeat(limits.postfix.tcpTableOctets - '200 \n'.length)
  assert.equal(formatTcpTableReply({ kind: 'ok', data: fits }), `200 ${fits}`)
  assert.match(formatTcpTableReply({ kind: 'ok', data: `${fits}x` }), /^400 the%20policy%20is%20too%20long/)
})

test('STS-134: whatever it says, a reply is one line of printable octets that Postfix has room for, and comes back whole', () => {
  const word = fc.string({ unit: 'binary', maxLength: 3000 })
  fc.assert(
    fc.property(word, fc.constantFrom('ok', 'temporary'), (text, kind) => {
      const line = formatTcpTableReply(kind === 'ok' ? { kind, data: text } : { kind: 'temporary', reason: text })
      assert.match(line, /^[245]00 (?:[!-$&-~]|%[0-9a-f]{2})*$/)
      assert.ok(line.length < limits.postfix.tcpTableOctets)
      if (!line.startsWith('200 ') || text === '') return
      const back = parseTcpTableRequest(`get ${line.slice(4)}`)
      assert.equal(back.ok && back.value, Buffer.from(text).toString())
    }),
  )
})

test('a socketmap reply is read as it was written', () => {
  for (const reply of [
    { kind: 'ok', data: 'secure match=a.test' },
    { kind: 'not-found' },
    { kind: 'temporary', reason: 'not now' },
    { kind: 'permanent', reason: 'never so' },
  ] as const) {
    assert.deepEqual(readSocketmapReply(formatSocketmapReply(reply)), reply)
  }
})
