import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grouped, intoTls, kinds, planOf, play, two, type Wish } from '../../../test/support/conversation.ts'
import { limits } from '../limits.ts'

const mailCommands: [claim: string, wish: Wish, ehlo: string, command: string][] = [
  ['the null sender', { from: '<>' }, '', 'MAIL FROM:<>'],
  ['RFC 1870 §6: the size, where it is asked for', {}, '|SIZE', 'MAIL FROM:<s@c.test> SIZE=17'],
  ['RFC 6152 §3: 8-bit text', { message: '\ngrüß\n' }, '|8BITMIME', 'MAIL FROM:<s@c.test> BODY=8BITMIME'],
  ['7-bit text', {}, '|8BITMIME', 'MAIL FROM:<s@c.test>'],
  ['RFC 6531 §3.4: a sender beyond ASCII', { from: 'grüß@c.test' }, '|SMTPUTF8', 'MAIL FROM:<grüß@c.test> SMTPUTF8'],
  ['a recipient beyond ASCII', { to: ['ü@b.test'] }, '|SMTPUTF8', 'MAIL FROM:<s@c.test> SMTPUTF8'],
  ['ASCII all over', {}, '|SMTPUTF8', 'MAIL FROM:<s@c.test>'],
  ['DLV-50: REQUIRETLS', { requireTls: true }, '|REQUIRETLS', 'MAIL FROM:<s@c.test> REQUIRETLS'],
]
for (const [claim, wish, ehlo, command] of mailCommands) {
  test(`MAIL tells ${claim}`, () => void play(planOf(wish), `${intoTls} S 250 mx${ehlo}\nC ${command}`))
}

const lacks: [claim: string, wish: Wish, ehlo: string, what: string][] = [
  ['RFC 1870 §6.1: a message too large', { message: `\n${'x'.repeat(20)}` }, '|SIZE 10', 'size'],
  ['RFC 6152 §3: no 8BITMIME for 8-bit text', { message: '\nü\n' }, '', '8bitmime'],
  ['DLV-62: no SMTPUTF8 for a local part', { to: ['ü@b.test'] }, '', 'smtputf8'],
  ['RFC 6532 §3: no SMTPUTF8 for a header', { message: 'Subject: ü\n\n' }, '|8BITMIME', 'smtputf8'],
]
for (const [claim, wish, ehlo, what] of lacks) {
  test(`${claim} is not even offered`, () => {
    const step = play(planOf(wish), `${intoTls} S 250 mx${ehlo}\nC QUIT`)
    assert.deepEqual(step.state.fates, [{ kind: 'unsupported', what }])
  })
}

test('DLV-62: a recipient that needs SMTPUTF8 does not keep the others from theirs', () => {
  const step = play(
    planOf({ to: ['ü@b.test', 'a@b.test'] }),
    `${intoTls} S 250 mx|PIPELINING\nC MAIL FROM:<s@c.test>|RCPT TO:<a@b.test>|DATA`,
  )
  assert.deepEqual(kinds(step), ['unsupported', 'open'])
})

test('RFC 2920 §3.1: replies are matched with the commands of a group in order', () => {
  const step = play(
    planOf(two),
    `${grouped} S 250 ok\n! wait\nS 550 5.1.1 no\n! wait\nS 250 ok\n! wait\nS 354 go
    ! send-message\nE message-sent\nS 250 ok\nC QUIT\nS 221 bye`,
  )
  assert.deepEqual(kinds(step), ['refused at rcpt', 'delivered'])
})

test('RFC 2920 §3.1: DATA let pass with no recipient gets a dot alone', () => {
  const step = play(
    planOf(two),
    `${grouped} S 250 ok\nS 550 no\nS 450 later\nS 354 go\n! send-empty-message\nS 554 none\nC QUIT\nS 221 bye`,
  )
  assert.deepEqual(kinds(step), ['refused at rcpt', 'refused at rcpt'])
})

test('a refused sender refuses everyone, whatever is said of the recipients after it', () => {
  const step = play(
    planOf(two),
    `${grouped} S 550 5.7.1 no\nS 250 ok\nS 503 no\nS 354 go\n! send-empty-message\nS 250 ?\nC QUIT`,
  )
  assert.deepEqual(kinds(step), ['refused at mail', 'refused at mail'])
})

test('a refused sender ends an ungrouped transaction at once', () => {
  const step = play(planOf(two), `${intoTls} S 250 mx\nC MAIL FROM:<s@c.test>\nS 451 later\nC QUIT\nS 221 bye`)
  assert.deepEqual(kinds(step), ['refused at mail', 'refused at mail'])
})

test('refused recipients end an ungrouped transaction before DATA', () => {
  const script = `${intoTls} S 250 mx\nC MAIL FROM:<s@c.test>\nS 250 ok\nC RCPT TO:<a@b.test>\nS 550 no\nC QUIT`
  assert.deepEqual(kinds(play(planOf(), script)), ['refused at rcpt'])
})

test('DATA refused refuses those accepted, not those refused before', () => {
  const step = play(planOf(two), `${grouped} S 250 ok\nS 550 no\nS 250 ok\nS 451 full\nC QUIT\nS 221 bye`)
  assert.deepEqual(kinds(step), ['refused at rcpt', 'refused at data'])
})

for (const reply of ['452 4.5.3 many', '452 many', '552 many', '552 5.5.3 many']) {
  test(`DLV-33: after "${reply}" the rest goes in a transaction of its own`, () => {
    const step = play(
      planOf({ to: ['a@b.test', 'b@b.test', 'c@b.test'] }),
      `${intoTls} S 250 mx\nC MAIL FROM:<s@c.test>\nS 250 ok\nC RCPT TO:<a@b.test>\nS 250 ok\nC RCPT TO:<b@b.test>
      S ${reply}\nC DATA\nS 354 go\n! send-message\nE message-sent\nS 250 ok
      C MAIL FROM:<s@c.test>\nS 250 ok\nC RCPT TO:<b@b.test>\nS 250 ok\nC RCPT TO:<c@b.test>\nS 250 ok
      C DATA\nS 354 go\n! send-message\nE message-sent\nS 250 ok\nC QUIT\nS 221 bye`,
    )
    assert.deepEqual(kinds(step), ['delivered', 'delivered', 'delivered'])
  })
}

for (const [claim, end, fates] of [
  ['the connection is lost first', 'E lost', ['uncertain', 'postponed', 'postponed']],
  ['the server closes first', 'S 421 bye', ['refused at message', 'open', 'open']],
] as const) {
  test(`DLV-33: who was put off with 552 is not refused when ${claim}`, () => {
    const step = play(
      planOf({ to: ['a@b.test', 'b@b.test', 'c@b.test'] }),
      `${intoTls} S 250 mx\nS 250 ok\nS 250 ok\nS 552 many\nC DATA\nS 354 go\nE message-sent\n${end}`,
    )
    assert.deepEqual(kinds(step), fates)
  })
}

test('DLV-33: who is still put off after the last transaction of a session is not refused', () => {
  const one = 'S 250 ok\nS 250 ok\nS 452 many\nC DATA\nS 354 go\nE message-sent\nS 250 ok\n'
  const to = Array.from({ length: limits.smtp.transactionsPerSession + 2 }, (_, number) => `r${number}@b.test`)
  const step = play(planOf({ to }), `${intoTls} S 250 mx\n${one.repeat(limits.smtp.transactionsPerSession)} C QUIT`)
  assert.deepEqual(kinds(step).slice(-3), ['delivered', 'postponed', 'postponed'])
})

test('a full mailbox is not "too many recipients"', () => {
  const step = play(
    planOf(two),
    `${grouped} S 250 ok\nS 250 ok\nS 552 5.2.2 full\nS 354 go\nE message-sent\nS 250 ok\nC QUIT`,
  )
  assert.deepEqual(kinds(step), ['delivered', 'refused at rcpt'])
})

test('452 to the first recipient is a refusal, not a reason for another transaction', () => {
  const script = `${intoTls} S 250 mx\nC MAIL FROM:<s@c.test>\nS 250 ok\nC RCPT TO:<a@b.test>\nS 452 4.5.3 many\nC QUIT`
  assert.deepEqual(kinds(play(planOf(), script)), ['refused at rcpt'])
})

test('RSET comes between a transaction without DATA and the next', () => {
  const step = play(
    planOf(two),
    `${grouped} S 250 ok\nS 250 ok\nS 452 4.5.3 many\nS 451 no\nC RSET\nS 250 ok
    C MAIL FROM:<s@c.test>|RCPT TO:<b@b.test>|DATA`,
  )
  assert.deepEqual(kinds(step), ['refused at data', 'open'])
})

const toDot = `${intoTls} S 250 mx\nC MAIL FROM:<s@c.test>\nS 250 ok\nC RCPT TO:<a@b.test>\nS 250 ok\nC DATA\nS 354 go\n`
const fates: [claim: string, script: string, fate: string][] = [
  ['lost while the message goes out', `${toDot} E lost`, 'open'],
  ['lost after the dot', `${toDot} E message-sent\nE lost`, 'uncertain'],
  ['silent after the dot', `${toDot} E message-sent\nE timed-out`, 'uncertain'],
  ['unreadable after the dot', `${toDot} E message-sent\nE fault`, 'uncertain'],
  ['421 to the dot', `${toDot} E message-sent\nS 421 later\n! close`, 'refused at message'],
  ['550 to the dot', `${toDot} E message-sent\nS 550 spam\nC QUIT`, 'refused at message'],
  ['552 in the middle of the message', `${toDot} S 552 large\n! abort`, 'refused at message'],
  ['250 in the middle of the message', `${toDot} S 250 ok\n! abort`, 'open'],
  ['421 in the middle of the message', `${toDot} S 421 bye\n! close`, 'open'],
  ['DLV-37: lost after 250 to the dot', `${toDot} E message-sent\nS 250 ok\nC QUIT\nE lost\n! close`, 'delivered'],
  ['354 to the dot', `${toDot} E message-sent\nS 354 go\n! abort`, 'uncertain'],
]
for (const [claim, script, fate] of fates) {
  test(`a recipient is "${fate}" when the server is: ${claim}`, () =>
    assert.deepEqual(kinds(play(planOf(), script)), [fate]))
}

test('RFC 5321 §3.8: 421 ends the session wherever it comes, and leaves the rest open', () => {
  const step = play(planOf(two), `${grouped} S 250 ok\nS 550 no\nS 421 bye\n! close`)
  assert.deepEqual(kinds(step), ['refused at rcpt', 'open'])
  assert.equal(step.state.end?.kind, 'closing')
})
