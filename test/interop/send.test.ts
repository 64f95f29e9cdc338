// `waxseal send` hands mail to Postfix over STARTTLS on port 25, or holds it back.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { addresses as at } from './addresses.ts'
import type { Postfix } from './mail-servers.ts'
import { bodyOf, letter, type RecipientReport, reportOf, type SendReport, sender, sendIn, subject } from './sending.ts'
import { openStage, run } from './servers.ts'
import type { Run } from './waxseal.ts'
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

function send(args: readonly string[], message: string, store?: string): Promise<Run> {
  return sendIn(world, args, message, store)
}

/** What came of one recipient, in a line. */
function outcomeOf({ recipient, outcome, code, enhancedCode, row, protection }: RecipientReport): string {
  return `${recipient} ${outcome} ${code} ${enhancedCode} row ${row} ${protection}`
}

for (const [domain, row, protection, transport] of [
  ['dane.example', '8', 'verified', 'mx.dane.example (Postfix) with ESMTPS'],
  ['anchored.example', '8', 'verified', 'mx.anchored.example (Postfix) with ESMTPS'],
  ['sts.example', '21', 'verified', 'mx.listed.example (Postfix) with ESMTPS'],
  ['hosted.example', '8', 'host-verified', 'mx.dane.example (Postfix) with ESMTPS'],
  ['unusable.example', '14', 'encrypted', 'mx.dane.example (Postfix) with ESMTPS'],
  ['trial.example', '22', 'encrypted', 'mx.plain.example (Postfix) with ESMTPS'],
  ['unsigned.example', '27', 'encrypted', 'mx.plain.example (Postfix) with ESMTPS'],
  ['cleartext.example', '25', 'none', 'mx.cleartext.example (Postfix) with ESMTP '],
] as const) {
  test(`row ${row} mail to ${domain} arrives, ${protection}`, async () => {
    const mark = `to ${domain}`
    const sent = await send(['-f', sender, `user@${domain}`], letter(mark))
    const { recipients } = reportOf(sent)
    assert.deepEqual(recipients.map(outcomeOf), [`user@${domain} delivered 250 2.0.0 row ${row} ${protection}`])
    assert.equal(sent.status, 0)
    const message = await postfix.waitForMessage(subject(mark))
    assert.ok(message.startsWith(`Return-Path: <${sender}>\nX-Original-To: user@${domain}\n`), message)
    assert.ok(message.includes(`by ${transport}`), message)
    assert.equal(message.includes('(using TLSv1.3 with cipher'), protection !== 'none')
    assert.equal(bodyOf(message), 'Hello.\n')
  })
}

/** Sends what is to be held; only what comes later may arrive. */
async function holdBack(domain: string, mark: string, args: readonly string[] = []): Promise<SendReport> {
  const held = await send(['-f', sender, ...args, `user@${domain}`], letter(`held ${mark}`))
  assert.equal(held.status, 75, held.stderr)
  await send(['-f', sender, 'user@dane.example'], letter(`after ${mark}`))
  await postfix.waitForMessage(subject(`after ${mark}`))
  assert.ok(!postfix.messages().some((message) => message.includes(subject(`held ${mark}`))))
  return reportOf(held)
}

test('row 4 DANE-51 STLS-10 a TLSA record that does not match holds the mail, and Postfix sees QUIT and no MAIL', async () => {
  const { recipients, domains } = await holdBack('wrong.example', 'mismatch')
  assert.deepEqual(recipients.map(outcomeOf), ['user@wrong.example temporary 451 4.7.5 row 4 null'])
  assert.match(recipients[0]?.text ?? '', /^\[dane\] dane-no-match/)
  assert.deepEqual(
    domains[0]?.hosts[0]?.sessions.map(({ end }) => end),
    ['not-authenticated'],
  )
  await postfix.waitForLog(new RegExp(`disconnect from unknown\\[${at.wrong}\\] ehlo=1 starttls=1 quit=1 commands=3$`))
})

test('row 1 DANE-24 a forged TLSA record holds the mail, and nobody is called', async () => {
  const { recipients, domains } = await holdBack('forged.example', 'forgery')
  assert.deepEqual(recipients.map(outcomeOf), ['user@forged.example temporary 451 4.7.5 row 1 null'])
  assert.deepEqual(domains[0]?.hosts[0]?.sessions, [])
})

test('row 20 a certificate of another name holds mail that MTA-STS protects', async () => {
  const { recipients } = await holdBack('strict.example', 'name')
  assert.deepEqual(recipients.map(outcomeOf), ['user@strict.example temporary 451 4.7.5 row 20 null'])
  assert.match(recipients[0]?.text ?? '', /^\[mta-sts\] /)
})

test('row 17 a host that the policy does not list gets no call', async () => {
  const { recipients, domains } = await holdBack('unlisted.example', 'list')
  assert.deepEqual(recipients.map(outcomeOf), ['user@unlisted.example temporary 451 4.7.5 row 17 null'])
  assert.deepEqual(domains[0]?.hosts[0]?.sessions, [])
})

test('row 20 a policy remembered from an earlier run holds the mail while its host is gone', async () => {
  const store = join(stage.folder, 'policies.db')
  const first = await send(['-f', sender, 'user@strict.example'], letter('learns the policy'), store)
  assert.equal(first.status, 75)
  run('ip', ['address', 'del', `${at.policies}/32`, 'dev', 'lo'])
  try {
    const second = await send(['-f', sender, 'user@strict.example'], letter('remembers the policy'), store)
    assert.equal(second.status, 75)
    assert.equal(reportOf(second).recipients[0]?.row, '20')
    const forgetful = await send(['-f', sender, 'user@strict.example'], letter('knows no policy'))
    assert.equal(forgetful.status, 0)
  } finally {
    run('ip', ['address', 'add', `${at.policies}/32`, 'dev', 'lo'])
  }
})

test('row 28 DANE-70 with --require-dane a policy is not enough', async () => {
  const { recipients } = await holdBack('sts.example', 'required', ['--require-dane'])
  assert.equal(recipients[0]?.outcome, 'temporary')
})

test('row 32 DLV-55 "TLS-Required: No" delivers to the certificate of another name', async () => {
  const message = letter('waived').replace('Subject:', 'TLS-Required: No\nSubject:')
  const { status } = await send(['-f', sender, 'user@strict.example'], message)
  assert.equal(status, 0)
  await postfix.waitForMessage(subject('waived'))
})

test('row 33 DLV-53 REQUIRETLS, which Postfix does not offer, returns the mail at once', async () => {
  const returned = await send(['-f', sender, '--require-tls', 'user@dane.example'], letter('required'))
  assert.equal(returned.status, 69)
  const [recipient] = reportOf(returned).recipients
  assert.deepEqual([recipient?.outcome, recipient?.enhancedCode, recipient?.wordsOf], ['permanent', '5.7.30', 'us'])
})

test('DLV-3 DLV-20 domains that take no mail give status 68', async () => {
  const none = await send(['-f', sender, 'user@null.example'], letter('null MX'))
  assert.equal(none.status, 68)
  assert.deepEqual(reportOf(none).recipients.map(outcomeOf), ['user@null.example permanent 556 5.1.10 row M3 null'])
  const missing = await send(['-f', sender, 'user@nosuch.example'], letter('no domain'))
  assert.equal(missing.status, 68)
  assert.equal(reportOf(missing).recipients[0]?.enhancedCode, '5.1.2')
})

test('DLV-10 an address literal is connected to as it stands, without DNS or policy', async () => {
  const refused = await send(['-f', sender, `user@[${at.plain}]`], letter('literal'))
  assert.equal(refused.status, 67)
  const [recipient] = reportOf(refused).recipients
  assert.deepEqual([recipient?.code, recipient?.enhancedCode, recipient?.wordsOf], [550, '5.1.1', 'peer'])
  assert.match(recipient?.text ?? '', /User unknown in local recipient table/)
})

test('an unknown user gives status 67, in the words of Postfix', async () => {
  const refused = await send(['-f', sender, 'refused@dane.example'], letter('unknown'))
  assert.equal(refused.status, 67)
  const [recipient] = reportOf(refused).recipients
  assert.deepEqual([recipient?.code, recipient?.enhancedCode, recipient?.wordsOf], [550, '5.1.1', 'peer'])
  assert.match(recipient?.text ?? '', /no such user/)
})

test('DLV-33 of three recipients at one host one is refused, one must wait, and one gets the message', async () => {
  const to = ['refused@dane.example', 'later@dane.example', 'good@dane.example']
  const sent = await send(['-f', sender, ...to], letter('three'))
  assert.equal(sent.status, 75)
  assert.deepEqual(
    reportOf(sent).recipients.map(({ recipient, outcome, code }) => [recipient, outcome, code]),
    [
      ['refused@dane.example', 'permanent', 550],
      ['later@dane.example', 'temporary', 450],
      ['good@dane.example', 'delivered', 250],
    ],
  )
  const message = await postfix.waitForMessage(subject('three'))
  assert.match(message, /^X-Original-To: good@dane\.example$/m)
})

test('recipients in several domains each get what their own domain asks for', async () => {
  const to = ['one@dane.example', 'two@dane.example', 'three@sts.example', 'four@wrong.example', 'five@null.example']
  const sent = await send(['-f', sender, ...to], letter('several'))
  assert.equal(sent.status, 75)
  assert.deepEqual(
    reportOf(sent).recipients.map(({ recipient, outcome, row }) => [recipient, outcome, row]),
    [
      ['one@dane.example', 'delivered', '8'],
      ['two@dane.example', 'delivered', '8'],
      ['three@sts.example', 'delivered', '21'],
      ['four@wrong.example', 'temporary', '4'],
      ['five@null.example', 'permanent', 'M3'],
    ],
  )
  for (const local of ['one', 'two', 'three']) await postfix.waitForMessage(`\nX-Original-To: ${local}@`)
  assert.ok(!postfix.messages().some((message) => message.includes('\nX-Original-To: four@')))
})

test('with -t the header names the recipients, and Bcc does not arrive', async () => {
  const message = letter('header').replace(
    'To: <you@dane.example>',
    'To: "A, b" <to@dane.example>\nCc: cc@sts.example\nBcc: bcc@dane.example',
  )
  const { status } = await send(['-t', '-f', sender], message)
  assert.equal(status, 0)
  for (const local of ['to', 'cc', 'bcc']) {
    assert.doesNotMatch(await postfix.waitForMessage(`\nX-Original-To: ${local}@`), /^Bcc:/m)
  }
})

test('without --from the sender is the empty one', async () => {
  const sent = await send(['user@dane.example'], letter('nobody'))
  assert.deepEqual([sent.status, reportOf(sent).sender], [0, ''])
  assert.ok((await postfix.waitForMessage(subject('nobody'))).startsWith('Return-Path: <>\n'))
})

test('--transcript keeps the session, STARTTLS and all', async () => {
  const file = join(stage.folder, 'transcript')
  await send(['-f', sender, '--transcript', file, 'user@dane.example'], letter('kept'))
  const transcript = readFileSync(file, 'utf8')
  for (const part of [
    '220 mx.dane.example ESMTP',
    'EHLO client.example',
    'STARTTLS',
    `MAIL FROM:<${sender}>`,
    'QUIT',
  ]) {
    assert.ok(transcript.includes(part), transcript)
  }
})
