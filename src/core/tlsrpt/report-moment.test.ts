import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readReportMoment } from './report-moment.ts'

const noon = Date.UTC(2026, 10, 26, 12)

const read: [text: string, at: number, note?: 'without-zone' | 'without-time'][] = [
  ['2026-11-26T12:00:00Z', noon],
  ['2026-11-26t12:00:00z', noon],
  ['2026-11-26 12:00:00Z', noon],
  ['2026-11-26 12:00:00 UTC', noon],
  ['2026-11-26T12:00:00.999999Z', noon],
  ['2026-11-26T13:00:00+01:00', noon],
  ['2026-11-26T13:00:00+0100', noon],
  ['2026-11-26T08:30:00-03:30', noon],
  ['2026-11-26T12:00Z', noon],
  ['2026-11-26T12:00:00', noon, 'without-zone'],
  ['2026-11-26T24:00:00Z', Date.UTC(2026, 10, 27)],
  ['2016-12-31T23:59:60Z', Date.UTC(2016, 11, 31, 23, 59, 59)],
  ['2026-11-26', Date.UTC(2026, 10, 26), 'without-time'],
  ['2028-02-29', Date.UTC(2028, 1, 29), 'without-time'],
]
for (const [text, at, note] of read) {
  test(`"${text}" is a moment`, () => assert.deepEqual(readReportMoment(text, false), { at, note }))
}

test('a day that ends something ends with its last second', () => {
  assert.equal(readReportMoment('2026-11-26', true)?.at, Date.UTC(2026, 10, 26, 23, 59, 59))
})

const none = [
  ...['', 'today', '1764158400', '2026-02-29', '2026-13-01', '2026-11-00', '2026-11-26T25:00:00Z', '1969-12-31'],
  ...['2026-11-26T12:60:00Z', '2026-11-26T12:00:61Z', '2026-11-26T12:00:00+24:00', '2026-11-26T24:00:01Z'],
  ...['2026-11-26T12:00:00Z ', '26-11-2026T12:00:00Z', '2026-11-26T12:00:00CET'],
]
for (const text of none) {
  test(`"${text}" is no moment`, () => assert.equal(readReportMoment(text, false), undefined))
}
