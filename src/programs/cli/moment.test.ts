import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readMoment } from './moment.ts'

const now = Date.UTC(2026, 10, 25, 12)
const moments: [text: string, moment: string | undefined][] = [
  ['90m', '2026-11-25T13:30:00.000Z'],
  ['12h', '2026-11-26T00:00:00.000Z'],
  ['30d', '2026-12-25T12:00:00.000Z'],
  ['2w', '2026-12-09T12:00:00.000Z'],
  ['2026-12-01', '2026-12-01T00:00:00.000Z'],
  ['2026-12-01T15:00Z', '2026-12-01T15:00:00.000Z'],
  ['2026-12-01T15:00:01Z', '2026-12-01T15:00:01.000Z'],
  ['2026-02-30', undefined],
  ['2026-13-01', undefined],
  ['2026-12-01T15:00', undefined],
  ['2026-12-01T25:00Z', undefined],
  ['1.5d', undefined],
  ['30', undefined],
  ['d', undefined],
  ['-1d', undefined],
  ['9999999d', undefined],
  ['1 December', undefined],
  ['', undefined],
]
for (const [text, moment] of moments) {
  test(`the moment "${text}" is ${moment ?? 'refused'}`, () => {
    const read = readMoment(text, now)
    assert.equal(read === undefined ? undefined : new Date(read).toISOString(), moment)
  })
}
