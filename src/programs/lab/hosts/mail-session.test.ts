import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostOf } from '../world/statements.ts'
import type { HostDeclaration } from '../world/world.ts'
import { answerLine, beginMailSession, type MailStep } from './mail-session.ts'

function talk(host: HostDeclaration, lines: readonly string[], secured = false): MailStep[] {
  let session = beginMailSession(host, secured)
  return lines.map((line) => {
    const step = answerLine(session, line)
    session = step.session
    return step
  })
}

const usual = hostOf('mx.example.org')
const message = ['MAIL FROM:<a@b.example>', 'RCPT TO:<c@example.org>', 'DATA', 'Subject: x', '', '..dot', '.']

test('a message arrives with its envelope, and its dots undoubled', () => {
  const last = talk(usual, ['EHLO b.example', ...message]).at(-1)
  assert.deepEqual(last?.message, { from: 'a@b.example', to: ['c@example.org'], text: 'Subject: x\r\n\r\n.dot\r\n' })
  assert.equal(last?.reply, '250 2.0.0 taken')
})

const cases: [claim: string, host: HostDeclaration, lines: string[], secured: boolean, reply: RegExp, next?: string][] =
  [
    ['STARTTLS is offered in clear', usual, ['EHLO x'], false, /250 STARTTLS$/],
    ['STARTTLS is not offered inside TLS', usual, ['EHLO x'], true, /^(?!.*STARTTLS)/s],
    ['a host may offer it again', hostOf('mx.example.org', { starttls: 'again' }), ['EHLO x'], true, /250 STARTTLS$/],
    ['a host may not offer it', hostOf('mx.example.org', { starttls: 'no' }), ['EHLO x'], false, /^(?!.*STARTTLS)/s],
    ['STARTTLS begins TLS', usual, ['STARTTLS'], false, /^220 /, 'start-tls'],
    ['STARTTLS may be refused', hostOf('mx.example.org', { starttls: 'refused' }), ['STARTTLS'], false, /^454 /],
    [
      'octets may be injected',
      hostOf('mx.example.org', { starttls: 'injecting' }),
      ['STARTTLS'],
      false,
      /^220 .*\r\n250 /,
      'start-tls',
    ],
    [
      'a mailbox may be refused',
      hostOf('mx.example.org', { refuses: ['c'] }),
      message.slice(0, 2),
      false,
      /^550 5\.1\.1/,
    ],
    ['a mailbox may be busy', hostOf('mx.example.org', { defers: ['c'] }), message.slice(0, 2), false, /^450 4\.2\.1/],
    [
      'a reply may be scripted',
      hostOf('mx.example.org', { data: '451 4.3.0 no' }),
      message.slice(0, 3),
      false,
      /^451 4\.3\.0/,
    ],
    [
      'a message may be refused at its end',
      hostOf('mx.example.org', { end: '554 5.6.0 no' }),
      message,
      false,
      /^554 5\.6\.0/,
    ],
    ['QUIT closes', usual, ['QUIT'], false, /^221 /, 'close'],
  ]
for (const [claim, host, lines, secured, reply, next] of cases) {
  test(claim, () => {
    const last = talk(host, lines, secured).at(-1)
    assert.match(last?.reply ?? '', reply)
    assert.deepEqual([last?.next, last?.message], [next, undefined])
  })
}
