// Messages of every kind reach Postfix as they were given, or are returned because they cannot.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Postfix } from './mail-servers.ts'
import { bodyOf, letter, reportOf, sender, sendIn, subject } from './sending.ts'
import { openStage } from './servers.ts'
import { buildWorld, type InteropWorld } from './world.ts'

const stage = openStage()
let world: InteropWorld
let postfix: Postfix

before(async () => {
  world = await buildWorld(stage, { mail: true })
  assert.ok(world.postfix)
  postfix = world.postfix
})

after(() => stage.stop())

/** Octets as characters, as `latin1` has them. */
const octets = Array.from({ length: 128 }, (_, number) => String.fromCharCode(128 + number)).join('')

const bodies: Readonly<Record<string, string>> = {
  'lines of dots': '.\n..\n...\n.dot\n..dot\n\n.\n',
  'a dot as its last line': 'text\n.\n',
  'a dot as its only line': '.\n',
  'lines that look like commands': 'QUIT\nRSET\nDATA\n250 ok\nFrom here\n>From there\n',
  'no lines': '',
  'empty lines alone': '\n\n\n',
  'blanks and tabs at line ends': 'one \ntwo\t\n \n\t\n',
  'all octets from 128': `${octets}\n`,
  'control characters': '\x01\x02\x07\x08\x0b\x0c\x1b[31m\x7f\n',
  'lines of 998 octets': `${'x'.repeat(998)}\n.${'y'.repeat(997)}\n`,
}

for (const [what, body] of Object.entries(bodies)) {
  for (const [domain, kind] of [
    ['dane.example', 'Postfix'],
    ['cleartext.example', 'a server without extensions'],
  ] as const) {
    // Postfix hands on 8-bit text to everyone; without 8BITMIME we must not give it any. RFC 6152 §3
    if (what === 'all octets from 128' && domain === 'cleartext.example') continue
    test(`a body of ${what} reaches ${kind} as it is`, async () => {
      const mark = `${what}, ${domain}`
      const sent = await sendIn(world, ['-f', sender, `user@${domain}`], Buffer.from(letter(mark, body), 'latin1'))
      assert.equal(sent.status, 0, sent.stderr + sent.stdout)
      assert.equal(bodyOf(await postfix.waitForMessage(subject(mark))), body)
    })
  }
}

test('a message with CRLF arrives as the same with LF, and a last line without end gets one', async () => {
  const message = letter('line ends', 'one\ntwo').replaceAll('\n', '\r\n')
  const { status } = await sendIn(world, ['-f', sender, 'user@dane.example'], message)
  assert.equal(status, 0)
  assert.equal(bodyOf(await postfix.waitForMessage(subject('line ends'))), 'one\ntwo\n')
})

test('RFC 6152 8-bit text goes only where 8BITMIME is offered', async () => {
  const message = letter('8 bits', 'Grüße\n')
  const { status } = await sendIn(world, ['-f', sender, 'user@unsigned.example'], message)
  assert.equal(status, 0)
  const arrived = await postfix.waitForMessage(subject('8 bits'))
  assert.equal(Buffer.from(bodyOf(arrived), 'latin1').toString(), 'Grüße\n')
  const returned = await sendIn(world, ['-f', sender, 'user@cleartext.example'], message)
  assert.equal(returned.status, 65)
  const [recipient] = reportOf(returned).recipients
  assert.deepEqual([recipient?.outcome, recipient?.enhancedCode, recipient?.wordsOf], ['permanent', '5.6.3', 'us'])
})

test('DLV-62 an address in its own script goes with SMTPUTF8, and nowhere without', async () => {
  const sent = await sendIn(world, ['-f', 'jürgen@sender.example', 'пользователь@dane.example'], letter('script'))
  assert.equal(sent.status, 0, sent.stdout)
  const message = Buffer.from(await postfix.waitForMessage(subject('script')), 'latin1').toString()
  assert.match(message, /^Return-Path: <jürgen@sender\.example>\nX-Original-To: пользователь@dane\.example$/m)
  assert.match(message, /with UTF8SMTPS id/)
  const returned = await sendIn(world, ['-f', sender, 'пользователь@cleartext.example'], letter('no script'))
  assert.equal(returned.status, 65)
  assert.equal(reportOf(returned).recipients[0]?.enhancedCode, '5.6.7')
})

test('a header in its own script goes with SMTPUTF8', async () => {
  const message = letter('header').replace('Subject: header', 'Subject: Überschrift')
  const { status } = await sendIn(world, ['-f', sender, 'user@dane.example'], message)
  assert.equal(status, 0)
  const arrived = await postfix.waitForMessage(Buffer.from('\nSubject: Überschrift\n').toString('latin1'))
  assert.match(arrived, /with UTF8SMTPS id/)
})

const line = `${'0123456789'.repeat(7)}\n`

test('a message of five megabytes arrives whole', async () => {
  const body = Array.from({ length: 70_000 }, (_, number) => `${number}. ${line}`).join('')
  const { status } = await sendIn(world, ['-f', sender, 'user@dane.example'], letter('large', body))
  assert.equal(status, 0)
  assert.ok(bodyOf(await postfix.waitForMessage(subject('large'))) === body, 'the body was changed')
})

test('RFC 1870 a message over the size that Postfix declares is returned before its data', async () => {
  const message = letter('too large', line.repeat(160_000))
  const returned = await sendIn(world, ['-f', sender, 'user@dane.example'], message)
  assert.equal(returned.status, 69)
  const [recipient] = reportOf(returned).recipients
  assert.deepEqual([recipient?.outcome, recipient?.enhancedCode], ['permanent', '5.3.4'])
})

test('a hundred recipients get a message in one transaction', async () => {
  const to = Array.from({ length: 100 }, (_, number) => `r${number}@dane.example`)
  const sent = await sendIn(world, ['-f', sender, ...to], letter('hundred'))
  assert.equal(sent.status, 0)
  const { recipients, domains } = reportOf(sent)
  assert.equal(recipients.filter(({ outcome }) => outcome === 'delivered').length, 100)
  assert.equal(new Set(recipients.map(({ text }) => text)).size, 1)
  assert.equal(domains[0]?.hosts[0]?.sessions.length, 1)
  for (const address of to) await postfix.waitForMessage(`\nX-Original-To: ${address}\n`)
})

test('a server without PIPELINING takes several recipients one after the other', async () => {
  const to = Array.from({ length: 3 }, (_, number) => `c${number}@cleartext.example`)
  const { status } = await sendIn(world, ['-f', sender, ...to], letter('slowly'))
  assert.equal(status, 0)
  for (const address of to) await postfix.waitForMessage(`\nX-Original-To: ${address}\n`)
})
