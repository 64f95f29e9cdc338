import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseCertificate } from '../x509/certificate.ts'
import { renewalIdOf } from './renewal-information.ts'
import { renewalTime, settledUntil } from './renewal-time.ts'
import { parseRetryAfter } from './retry-after.ts'

const day = 86_400_000
const start = Date.UTC(2026, 0, 1)

/** The certificate of RFC 9773 §A, whose identifier its §4.1 gives. */
const example = `MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFtcGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAx
MDEwMDAwMDBaMBYxFDASBgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu7cbpAYNXZLbbh8rNIzuOoqOOtmxA
1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf2qzLQ2PPQxdTXREYEqMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4ByNQwCgYIKoZI
zj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK`

test('a certificate is named by key identifier and serial number, a leading zero included', () => {
  const octets = Buffer.from(example, 'base64')
  assert.ok(parseCertificate(octets))
  assert.equal(renewalIdOf(octets), 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE')
})

test('what is cut short or garbled has a name or none, and never throws', () => {
  const octets = Buffer.from(example, 'base64')
  for (let length = 0; length < octets.length; length++)
    assert.equal(renewalIdOf(octets.subarray(0, length)), undefined)
  fc.assert(
    fc.property(fc.nat({ max: octets.length - 1 }), fc.nat({ max: 255 }), (at, octet) => {
      const garbled = Uint8Array.from(octets)
      garbled[at] = octet
      const id = renewalIdOf(garbled)
      assert.ok(id === undefined || /^[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*$/.test(id))
    }),
  )
})

const lifetime = (days: number, id = 'x') => ({ notBefore: start, notAfter: start + days * day, id })

test('without a window a certificate is renewed when a third of its lifetime is left, or somewhat before', () => {
  const times = Array.from({ length: 1000 }, (_, each) => renewalTime(lifetime(90, `serial ${each}`), undefined))
  for (const time of times) assert.ok(time > start + 54 * day && time <= start + 60 * day)
  const days = new Map<number, number>()
  for (const time of times) days.set(Math.floor(time / day), (days.get(Math.floor(time / day)) ?? 0) + 1)
  for (const count of days.values()) assert.ok(count < 250, 'so many would be renewed in a day')
})

test('a window is kept to, each certificate at its own place of it', () => {
  const window = { start: start + 30 * day, end: start + 32 * day, explanation: undefined }
  const times = Array.from({ length: 100 }, (_, each) => renewalTime(lifetime(90, `serial ${each}`), window))
  for (const time of times) assert.ok(time >= window.start && time <= window.end)
  assert.ok(new Set(times).size > 90)
  assert.equal(renewalTime(lifetime(90), window), renewalTime(lifetime(90), window))
})

test('a window in the past means now, but not for a certificate of this day', () => {
  const window = { start: start - 9 * day, end: start - 8 * day, explanation: undefined }
  assert.equal(renewalTime(lifetime(90), window), start + day)
  assert.equal(renewalTime(lifetime(3), window), start + day / 2)
})

test('no window has us wait until a certificate ends', () => {
  const window = { start: start + 500 * day, end: start + 501 * day, explanation: undefined }
  assert.equal(renewalTime(lifetime(90), window), start + 75 * day)
})

test('whatever the window, renewal is within the lifetime', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.integer(), fc.nat(), fc.string(), (days, from, length, id) => {
      const window = { start: start + from * 1000, end: start + (from + length + 1) * 1000, explanation: undefined }
      const time = renewalTime(lifetime(days, id), window)
      assert.ok(time > start && time < start + days * day)
    }),
  )
})

test('what came just now is kept for a day, or for a sixth of what is left', () => {
  assert.equal(settledUntil(start, start + 90 * day), start + day)
  assert.equal(settledUntil(start, start + 3 * day), start + day / 2)
  assert.equal(settledUntil(start, start - day), start)
})

const waits: [value: string | undefined, wait: number | undefined][] = [
  [undefined, undefined],
  ['0', 0],
  ['120', 120_000],
  ['9999999999', 9_999_999_999_000],
  ['99999999999', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ['2026-01-01T00:01:00Z', undefined],
  ['Thu, 99 Jan 2026 00:01:00 GMT', undefined],
]
for (const [value, wait] of waits) {
  test(`Retry-After ${value} asks for ${wait} ms`, () => assert.equal(parseRetryAfter(value, start), wait))
}
