import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../limits.ts'
import { formatSocketmapReply, parseSocketmapRequest, type SocketmapReply } from './socketmap.ts'

test('STS-133: a question is a map and a key, which may have blanks', () => {
  assert.deepEqual(parseSocketmapRequest('QUERY example.com'), {
    ok: true,
    value: { map: 'QUERY', key: 'example.com' },
  })
  assert.deepEqual(parseSocketmapRequest('QUERY a b'), { ok: true, value: { map: 'QUERY', key: 'a b' } })
  assert.deepEqual(parseSocketmapRequest('QUERY '), { ok: true, value: { map: 'QUERY', key: '' } })
  assert.deepEqual(parseSocketmapRequest('QUERY'), { ok: false, fault: 'no-key', at: 5 })
  assert.deepEqual(parseSocketmapRequest(' example.com'), { ok: false, fault: 'no-map', at: 0 })
})

const replies: [reply: SocketmapReply, text: string][] = [
  [{ kind: 'ok', data: 'dane-only' }, 'OK dane-only'],
  [{ kind: 'not-found' }, 'NOTFOUND '],
  [{ kind: 'temporary', reason: 'no answer' }, 'TEMP no answer'],
  [{ kind: 'permanent', reason: 'no such map' }, 'PERM no such map'],
  [{ kind: 'temporary', reason: 'a\r\nOK none\u202e' }, 'TEMP a?OK none?'],
]

for (const [reply, text] of replies) {
  test(`STS-133: a reply is "${text}"`, () => {
    assert.equal(formatSocketmapReply(reply), text)
  })
}

test('the longest reason has the length that its limit says', () => {
  const text = formatSocketmapReply({ kind: 'temporary', reason: 'x'.repeat(5000) })
  assert.equal(text.length, 'TEMP '.length + limits.postfix.reasonOctets)
})
