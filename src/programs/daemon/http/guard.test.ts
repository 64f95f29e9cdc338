import assert from 'node:assert/strict'
import { test } from 'node:test'
import { movedClock } from '../../../../test/support/moved-clock.ts'
import { limits } from '../../../core/limits.ts'
import { refuseBrowsers, refuseStrangers } from './guard.ts'
import { createRates } from './rates.ts'
import { isLoopback, readHttpToken } from './token.ts'

function requestOf(headers: Readonly<Record<string, string>>) {
  return { headers, rawHeaders: Object.entries(headers).flat() }
}

const local = ['127.0.0.1', '127.0.0.1:8462', 'localhost', '[::1]:8462', '192.0.2.7:80', 'LocalHost:1']
const foreign = [
  'evil.example',
  'localhost.evil.example',
  '127.0.0.1.nip.example',
  'localhost:x',
  '[::1',
  '::1',
  '',
  '[evil]',
  '127.1',
]

test('a Host that is an address or localhost is taken on this machine, and no other', () => {
  for (const host of local) assert.equal(refuseBrowsers(requestOf({ host }), true), undefined, host)
  for (const host of foreign) assert.equal(refuseBrowsers(requestOf({ host }), true)?.status, 403, host)
  for (const host of foreign)
    assert.equal(refuseBrowsers(requestOf({ host }), false), undefined, 'where a token guards')
})

test('RFC 9112 §3.2: Host stands there once', () => {
  assert.equal(refuseBrowsers({ headers: {}, rawHeaders: [] }, false)?.status, 400)
  const rawHeaders = ['Host', 'localhost', 'hOST', 'localhost']
  assert.equal(refuseBrowsers({ headers: { host: 'localhost' }, rawHeaders }, true)?.status, 400)
  // The value of another header is no header.
  const value = { headers: { host: 'localhost' }, rawHeaders: ['Host', 'localhost', 'X', 'host'] }
  assert.equal(refuseBrowsers(value, true), undefined)
})

test('RFC 6750 §2.1: only the whole token is taken', () => {
  const token = 'abcdefgh.ijklmnop~'
  assert.equal(refuseStrangers(`Bearer ${token}`, token), undefined)
  assert.equal(refuseStrangers(`bearer  ${token}`, token), undefined)
  for (const given of [
    undefined,
    '',
    token,
    `Bearer ${token}x`,
    `Bearer ${token.slice(1)}`,
    `Bearer ${token} x`,
    `Basic ${token}`,
  ])
    assert.equal(refuseStrangers(given, token)?.status, 401, given)
})

test('an address is only of this machine if it is in 127/8 or ::1', () => {
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) assert.ok(isLoopback(address), address)
  for (const address of ['0.0.0.0', '::', '10.0.0.1', '::ffff:10.0.0.1', '::ffff:0.0.0.0', '127.0.0.1.example', ''])
    assert.ok(!isLoopback(address), address)
})

test('an address of a network without a token is refused; sockets and this machine need none', () => {
  const tcp = (address: string) => ({
    http: [{ kind: 'tcp', address, port: 1 } as const],
    'http-token-file': undefined,
  })
  for (const address of ['0.0.0.0', '::', '192.0.2.1'])
    assert.throws(() => readHttpToken(tcp(address)), /set http-token-file/)
  for (const address of ['127.0.0.1', '::1']) assert.equal(readHttpToken(tcp(address)), undefined)
  const unix = { http: [{ kind: 'unix', path: '/run/x' } as const], 'http-token-file': undefined }
  assert.equal(readHttpToken(unix), undefined)
})

test('each client has its own pace', () => {
  const clock = movedClock(1_800_000_000_000)
  const { take } = createRates(() => clock.now())
  for (let at = 0; at < limits.http.burst; at++) assert.equal(take('one'), undefined)
  assert.equal(take('one'), 1)
  assert.equal(take('other'), undefined)
  clock.move(0.5)
  for (let at = 0; at < limits.http.requestsPerSecond / 2; at++) assert.equal(take('one'), undefined)
  assert.equal(take('one'), 1)
  clock.move(-3600)
  assert.equal(take('one'), 1, 'a clock that is put back gives nothing')
  clock.move(2)
  assert.equal(take('one'), undefined, 'and takes nothing for long')
})

test('of clients beyond measure those that asked longest ago are forgotten', () => {
  const { take } = createRates(() => 0)
  for (let at = 0; at < limits.http.burst; at++) take('first')
  assert.notEqual(take('first'), undefined)
  for (let at = 0; at < limits.http.clients; at++) take(`client${at}`)
  assert.equal(take('first'), undefined)
})
