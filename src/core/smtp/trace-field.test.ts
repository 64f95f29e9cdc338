import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatMailDate, formatReceived } from './trace-field.ts'

test('RFC 5322 §3.3: a date is written in UTC', () => {
  assert.equal(formatMailDate(Date.UTC(2026, 0, 5, 4, 3, 2)), 'Mon, 5 Jan 2026 04:03:02 +0000')
  assert.equal(formatMailDate(Date.UTC(2026, 11, 31, 23, 59, 59)), 'Thu, 31 Dec 2026 23:59:59 +0000')
})

test('RFC 5321 §4.4: the trace field names us, folded', () => {
  assert.equal(
    formatReceived('mail.test', 0),
    'Received: by mail.test (Waxseal);\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n',
  )
})
