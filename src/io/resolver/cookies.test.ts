import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from '../../../test/resolver/memory-resolver.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { cookieOption } from '../../core/dns/cookie.ts'
import { ourEdns } from '../../core/dns/edns.ts'
import { makeQuery } from '../../core/dns/encode.ts'
import type { Message } from '../../core/dns/message.ts'
import { limits } from '../../core/limits.ts'
import { rootName } from '../../core/name/name.ts'
import { createCookies, type SentCookie } from './cookies.ts'

const theirs = Uint8Array.from({ length: 16 }, (_, index) => index)
const local = '198.51.100.1'
const server = '192.0.2.1'

function begin() {
  const clock = movedClock(start)
  const drawn: number[] = []
  const cookies = createCookies(
    () => clock.now(),
    (octets) => {
      drawn.push(octets)
      return new Uint8Array(octets).fill(drawn.length)
    },
  )
  const of = (where = server, from = local): SentCookie => {
    const sent = cookies.of(where, from)
    assert.ok(sent)
    return sent
  }
  return { clock, cookies, drawn, of }
}

/** A reply that gives back our cookie, and behind it one of the server's. */
function replyWith({ client }: SentCookie, given: Uint8Array | undefined): Message {
  const edns = { ...ourEdns, options: [cookieOption({ client, server: given })] }
  return makeQuery(rootName, 2, { id: 1, recursionDesired: false, checkingDisabled: true, edns })
}

test('RES-08: our cookie is drawn for each server and each address of ours, at first use', () => {
  const { drawn, of } = begin()
  assert.deepEqual(drawn, [])
  const { client } = of()
  assert.deepEqual([client.length, of().client], [8, client])
  assert.notDeepEqual(of('192.0.2.2').client, client)
  assert.notDeepEqual(of(server, '198.51.100.2').client, client)
  assert.deepEqual(drawn, [8, 8, 8])
})

test("RES-08: a server's cookie is kept for it and for that address of ours, until an hour without a new one", () => {
  const { clock, cookies, of } = begin()
  assert.equal(cookies.learn(of(), replyWith(of(), theirs)), true)
  assert.deepEqual(of().server, theirs)
  assert.equal(of('192.0.2.2').server, undefined)
  assert.equal(of(server, '198.51.100.2').server, undefined)
  clock.move(limits.resolver.cookieKept - 1)
  cookies.learn(of(), replyWith(of(), theirs))
  clock.move(limits.resolver.cookieKept - 1)
  assert.deepEqual(of().server, theirs)
  clock.move(1)
  assert.equal(of().server, undefined)
})

test('RES-08: a reply that gives nothing leaves what is known', () => {
  const { cookies, of } = begin()
  cookies.learn(of(), replyWith(of(), theirs))
  assert.equal(cookies.learn(of(), replyWith(of(), undefined)), false)
  assert.equal(cookies.learn(of(), replyWith({ ...of(), client: new Uint8Array(8) }, theirs)), false)
  assert.deepEqual(of().server, theirs)
})

test('RES-08: our cookie is another every day, and what was given for the old one is forgotten', () => {
  const { clock, cookies, of } = begin()
  clock.move(limits.resolver.clientCookieKept - 60)
  const before = of()
  cookies.learn(before, replyWith(before, theirs))
  clock.move(60)
  const after = of()
  assert.notDeepEqual(after.client, before.client)
  assert.equal(after.server, undefined)
  assert.equal(cookies.learn(before, replyWith(before, theirs)), false)
  assert.equal(of().server, undefined)
})

test('RES-08: a server that is spared gets none for an hour, from whatever address of ours', () => {
  const { clock, cookies, of } = begin()
  cookies.spare(server)
  assert.equal(cookies.of(server, local), undefined)
  assert.equal(cookies.of(server, '198.51.100.2'), undefined)
  assert.ok(of('192.0.2.2'))
  clock.move(limits.resolver.cookieKept)
  assert.ok(of())
})

test('RES-08: silence spares a server for a quarter of an hour, unless it has given a cookie', () => {
  const { clock, cookies, of } = begin()
  cookies.noteSilence(server, of())
  assert.equal(cookies.of(server, local), undefined)
  clock.move(limits.resolver.learntKept)
  cookies.learn(of(), replyWith(of(), theirs))
  cookies.noteSilence(server, of())
  assert.deepEqual(of().server, theirs)
})

test('RES-08: of more servers than are kept, those that were not asked for long are forgotten', () => {
  const { cookies, of } = begin()
  cookies.learn(of(), replyWith(of(), theirs))
  for (let left = limits.resolver.cacheEntries; left >= 0; left--) of(`server ${left}`)
  assert.equal(of().server, undefined)
})
