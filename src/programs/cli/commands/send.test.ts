import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { fakeNetwork } from '../../../../test/support/fake-network.ts'
import { fakeResolver } from '../../../../test/support/fake-resolver.ts'
import { type SmtpScript, startSmtpServer } from '../../../../test/support/smtp-server.ts'
import { noOverrides } from '../../../core/decision/overrides.ts'
import { createPkixTrust } from '../../../io/https/pkix-trust.ts'
import { createStsService } from '../../../io/mtasts/sts-service.ts'
import { createCounters } from '../../../io/resolver/counters.ts'
import { createTlsProfile } from '../../../io/smtp/tls-profile.ts'
import { openStore } from '../../../io/store/open-store.ts'
import { resolveSettings } from '../../config/resolve-settings.ts'
import { valuesOf } from '../../config/settings.ts'
import type { CommandContext } from '../command.ts'
import { createOut } from '../out.ts'
import { runCommandLine } from '../run-command-line.ts'

const folder = mkdtempSync(join(tmpdir(), 'waxseal-send-'))
const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true })]
after(async () => {
  for (const close of closing) await close()
})

const clock = { now: () => Date.UTC(2026, 0, 1) }
const dns = 'insecure b.test. MX 10 mx.b.test.\ninsecure mx.b.test. A 192.0.2.1\ninsecure test. *'

interface Wish {
  readonly script?: SmtpScript
  readonly input?: string
  readonly dns?: string
  readonly controller?: AbortController
}

/** Runs `waxseal send ARGS` where mail to b.test reaches one server. */
async function send(args: readonly string[], wish: Wish = {}) {
  const server = await startSmtpServer(wish.script ?? {})
  const resolver = fakeResolver(wish.dns ?? dns)
  const network = fakeNetwork({ '192.0.2.1:25': server.port })
  const store = openStore(':memory:')
  const trust = createPkixTrust()
  const sts = createStsService({ resolver, network, store, clock, trust })
  closing.push(() => server.close())
  const streams = { out: '', err: '' }
  const sink = (name: keyof typeof streams) => ({
    write: (text: string) => {
      streams[name] += text
      return true
    },
    once: () => undefined,
  })
  const out = createOut({ stdout: sink('out'), stderr: sink('err'), environment: {} })
  const context: CommandContext = {
    ...{ out, clock, environment: {}, signal: (wish.controller ?? new AbortController()).signal },
    openInput: () => Readable.from([Buffer.from(wish.input ?? 'Subject: x\n\ny\n')].filter(({ length }) => length > 0)),
    openWorld: async (values) => ({
      ...{ resolver, counters: createCounters(), resolverOptions: { network }, network, store, clock, trust, sts },
      authorities: undefined,
      overrides: { current: noOverrides, refresh: async () => [] },
      profile: createTlsProfile({ environment: {} }),
      ...{ smtpPort: 25, timeoutMs: 1000, trace: values.trace === true ? () => {} : undefined },
      settings: valuesOf(resolveSettings(values, undefined)),
      close: async () => {
        await sts.close()
        await store.close()
      },
    }),
  }
  const status = await runCommandLine(['send', ...args], context)
  return { status, ...streams, sessions: server.sessions }
}

test('a message goes to the recipients named, in brackets or not, from the sender named', async () => {
  const { status, out, sessions } = await send(['-f', '<me@c.test>', '--helo', 'me.test', '<a@b.test>', 'A@B.test'])
  assert.equal(status, 0)
  assert.deepEqual(sessions[0]?.lines.slice(0, 4), [
    'EHLO me.test',
    'MAIL FROM:<me@c.test>',
    'RCPT TO:<a@b.test>',
    'RCPT TO:<A@b.test>',
  ])
  assert.match(out, /^delivered {2}a@b\.test\n[\s\S]*\n2 delivered\n$/)
})

for (const [text, name] of [
  ['MÜNCHEN.example', 'xn--mnchen-3ya.example'],
  ['[192.0.2.9]', '[192.0.2.9]'],
  ['[IPv6:2001:DB8::9]', '[IPv6:2001:db8::9]'],
] as const) {
  test(`STLS-35, RFC 8616 §4: --helo ${text} says EHLO ${name}`, async () => {
    const { sessions } = await send(['--helo', text, 'a@b.test'])
    assert.equal(sessions[0]?.lines[0], `EHLO ${name}`)
    assert.match(sessions[0]?.messages[0] ?? '', new RegExp(`^Received: by ${name.replace(/[[\]]/g, '\\$&')} `))
  })
}

test('DLV-8: a host that --own-host names is ourselves: its mail would loop', async () => {
  for (const own of ['MX.b.test', '192.0.2.1']) {
    const { status, out, sessions } = await send(['--own-host', 'other.test', '--own-host', own, 'a@b.test'])
    assert.deepEqual([status, sessions.length], [69, 0])
    assert.match(out, /this mail server is the best host for the domain/)
  }
  assert.equal((await send(['--own-host', 'other.test', 'a@b.test'])).status, 0)
})

const refused: [args: string[], wish: Wish, status: number, words: string][] = [
  [[], {}, 64, 'no recipients: name some, or give -t'],
  [['a@b..c'], {}, 64, 'recipient: not a mail address: "a@b..c" (domain)'],
  [['-f', 'a b', 'a@b.test'], {}, 64, 'option --from: not a mail address: "a b" (syntax)'],
  [['--helo', 'a_b', 'a@b.test'], {}, 64, 'option --helo: not a host name: "a_b"'],
  [['--own-host', 'a b', 'a@b.test'], {}, 64, 'option --own-host: "a b" is neither a host name nor an address'],
  [['-t'], {}, 64, 'the message names no recipients in To, Cc or Bcc'],
  [['-t'], { input: 'To: "a\n\n' }, 65, 'cannot read the to field (unclosed): ""a"'],
  [['a@b.test'], { input: '' }, 66, 'there is no message on standard input'],
  [['--transcript', folder, 'a@b.test'], {}, 73, `cannot write "${folder}": illegal operation on a directory`],
  [['--transcript', `${folder}/a/b`, 'a@b.test'], {}, 73, `cannot write "${folder}/a/b": no such file or directory`],
]
for (const [args, wish, status, words] of refused) {
  test(`"send ${args.join(' ').replaceAll(folder, 'FOLDER')}" ends with ${status}, one line and no session`, async () => {
    const ended = await send(args, wish)
    assert.deepEqual([ended.status, ended.out, ended.err], [status, '', `waxseal: ${words}\n`])
    assert.equal(ended.sessions.length, 0)
  })
}

test('STLS-11, TLS-5: with --require-starttls nothing goes in the clear, though the domain asks for nothing', async () => {
  const { status, out, sessions } = await send(['--require-starttls', 'a@b.test'])
  assert.equal(status, 75)
  assert.match(out, /\n +451 4\.7\.4 \[starttls\] the server does not offer STARTTLS\n/)
  assert.ok(sessions[0]?.lines.every((line) => !line.startsWith('MAIL')))
})

test('a transcript has commands and replies, and nothing of the message', async () => {
  const file = join(folder, 'transcript')
  await send(['--transcript', file, '-f', 'me@c.test', 'a@b.test'], { input: 'Subject: secret\n\nbody\n' })
  const text = readFileSync(file, 'utf8')
  for (const line of ['> EHLO', '> MAIL FROM:<me@c.test>', '< 354 go', '> .', '< 250 taken', '> QUIT', '< 221 bye']) {
    assert.ok(text.includes(line), line)
  }
  assert.doesNotMatch(text, /secret|body/)
})

test('an interrupt shows what became of everyone, and ends with 130', async () => {
  const controller = new AbortController()
  const answer = (verb: string) => {
    if (verb === 'QUIT') controller.abort()
    return undefined
  }
  const slow = `${dns}\nhangs slow.test. MX`
  const ended = await send(['a@b.test', 'c@slow.test'], { script: { answer }, dns: slow, controller })
  assert.equal(ended.status, 130)
  assert.match(ended.out, /^delivered {2}a@b\.test\n/)
  assert.match(ended.out, /\nnot yet {4}c@slow\.test\n +451 4\.3\.2 \[smtp\] interrupted before/)
})

test('--trace shows every line of a session as it comes, with the host before it', async () => {
  const { err } = await send(['--trace', 'a@b.test'])
  const time = '2026-01-01T00:00:00.000Z'
  assert.ok(err.startsWith(`mx.b.test ${time} - connecting to mx.b.test at 192.0.2.1 port 25\n`), err)
  assert.ok(err.includes(`\nmx.b.test ${time} < 354 go\n`), err)
})
