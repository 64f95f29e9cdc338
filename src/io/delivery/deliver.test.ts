import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fakeNetwork } from '../../../test/support/fake-network.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { alertRecord, type SmtpScript, startSmtpServer } from '../../../test/support/smtp-server.ts'
import { defaultOptions } from '../../core/decision/decision.ts'
import { formatMailbox, type Mailbox, parseMailbox } from '../../core/smtp/mailbox.ts'
import { openMint } from '../../programs/lab/certificates/mint.ts'
import { describeCertificate } from '../../programs/lab/world/certificates.ts'
import type { StsService } from '../mtasts/sts-service.ts'
import { createAnchorMemory } from '../smtp/anchor-memory.ts'
import { createTlsProfile } from '../smtp/tls-profile.ts'
import { deliver, deliverForTheLastTime } from './deliver.ts'
import { ownHostsOf } from './own-hosts.ts'
import type { DeliveryIo } from './plan-domain.ts'

const profile = createTlsProfile({ environment: {} })
const servers: { close(): Promise<void> }[] = []
after(() => Promise.all(servers.map((server) => server.close())))

/** No domain has a policy. */
const withoutPolicies: StsService = {
  lookup: async () => ({
    ...{ row: 'S1', lapsed: false, policy: undefined, failure: undefined, record: undefined, id: undefined },
  }),
  refresh: async () => undefined,
  refreshDue: async () => ({ refreshed: 0, failed: 0 }),
  close: async () => {},
}

const mint = await openMint()
const credential = await mint.issue(describeCertificate('mx.good.test', {}))

const mailbox = (text: string): Mailbox => {
  const parsed = parseMailbox(text)
  assert.ok(parsed.ok)
  return parsed.value
}

interface Wish {
  readonly message?: string
  readonly io?: Partial<DeliveryIo>
  readonly last?: boolean
}

/** Sends into a world of DNS where one server, at 192.0.2.1, answers by `script`. */
async function send(to: readonly string[], dns: string, script: SmtpScript, wish: Wish = {}) {
  const server = await startSmtpServer(script)
  servers.push(server)
  const network = fakeNetwork({ '192.0.2.1:25': server.port })
  const io: DeliveryIo = {
    ...{ resolver: fakeResolver(dns), network, sts: withoutPolicies },
    ...{ profile, anchors: createAnchorMemory(), clock: { now: () => 0 } },
    ...{ clientName: 'client.test', port: 25, random: () => 0.5 },
    ...wish.io,
  }
  const request = { sender: null, recipients: to.map(mailbox), message: Buffer.from(wish.message ?? 'a: b\n\nx\n') }
  const report = await (wish.last === true ? deliverForTheLastTime : deliver)(request, io)
  const brief = report.recipients.map(({ mailbox: who, status }) => {
    return `${formatMailbox(who)} ${status.kind} ${status.code} ${status.enhanced}`
  })
  return { report, brief, server, dialled: network.dialled }
}

const good = 'insecure good.test. MX 10 mx.good.test.\ninsecure mx.good.test. A 192.0.2.1\ninsecure test. *'

test('an interrupt while one domain is looked up keeps what others got in the report', async () => {
  for (const last of [false, true]) {
    const controller = new AbortController()
    const answer = (verb: string) => {
      if (verb === 'QUIT') controller.abort()
      return undefined
    }
    const { brief, report } = await send(
      ['a@good.test', 'b@slow.test', 'c@[192.0.2.9]'],
      `${good}\nhangs slow.test. MX`,
      { answer },
      { io: { signal: controller.signal }, last },
    )
    assert.deepEqual(brief.slice(0, 2), ['a@good.test delivered 250 2.0.0', 'b@slow.test temporary 451 4.3.2'])
    assert.equal(report.recipients.length, 3)
    assert.match(report.recipients[1]?.status.text ?? '', /^\[smtp\] interrupted/)
  }
})

test('recipients are told of in the order given, each once, whatever their domains', async () => {
  const to = ['b@good.test', 'x@none.test', 'a@good.test', 'b@GOOD.test', '"b"@good.test']
  const { brief, server } = await send(to, good, { offers: ['PIPELINING'] })
  assert.deepEqual(brief, [
    'b@good.test delivered 250 2.0.0',
    'x@none.test permanent 550 5.1.2',
    'a@good.test delivered 250 2.0.0',
  ])
  assert.deepEqual([server.sessions.length, server.sessions[0]?.messages.length], [1, 1])
})

test('RFC 5321 §4.5.3.1.6: a line too long for any server is refused before anybody is asked', async () => {
  const { brief, report, server } = await send(['a@good.test'], good, {}, { message: `\n${'x'.repeat(999)}\n` })
  assert.deepEqual(brief, ['a@good.test permanent 554 5.6.0'])
  assert.deepEqual([report.domains, server.sessions], [[], []])
})

test('RFC 5321 §4.5.4.1: when the queue lifetime is over nothing is temporary', async () => {
  const answer = (verb: string) => (verb === 'RCPT' ? '450 4.2.1 later' : undefined)
  assert.deepEqual((await send(['a@good.test'], good, { answer })).brief, ['a@good.test temporary 450 4.2.1'])
  assert.deepEqual((await send(['a@good.test'], good, { answer }, { last: true })).brief, [
    'a@good.test permanent 554 5.4.7',
  ])
})

for (const [claim, own] of [
  ['by name', 'mx.good.test'],
  ['by address', '192.0.2.1'],
] as const) {
  test(`DLV-8: where we are the best host ourselves, ${claim}, the mail would loop, and nobody is called`, async () => {
    const { brief, server } = await send(['a@good.test'], good, {}, { io: { ownHosts: ownHostsOf([own]) } })
    assert.deepEqual(brief, ['a@good.test permanent 554 5.4.6'])
    assert.equal(server.sessions.length, 0)
  })
}

test('DLV-8: a backup host sends to what is preferred to it, and to nobody else', async () => {
  const dns = `insecure d.test. MX 5 mx.good.test.\ninsecure d.test. MX 10 me.test.\ninsecure d.test. MX 20 b.test.
    insecure mx.good.test. A 192.0.2.2\ninsecure me.test. A 192.0.2.1\ninsecure b.test. A 192.0.2.3\ninsecure test. *`
  const { brief, dialled } = await send(['a@d.test'], dns, {}, { io: { ownHosts: ownHostsOf(['me.test']) } })
  assert.deepEqual([brief, dialled], [['a@d.test temporary 451 4.4.1'], ['192.0.2.2:25']])
})

test('STS-94, DLV-8: what is no better than us is cut, though we could not be sent to ourselves', async () => {
  const dns = `secure d.test. MX 10 me.test.\nsecure d.test. MX 20 mx.good.test.\nsecure me.test. A 192.0.2.9
    bogus _25._tcp.me.test. TLSA\n${good}`
  const { brief, dialled, report } = await send(['a@d.test'], dns, {}, { io: { ownHosts: ownHostsOf(['192.0.2.9']) } })
  assert.deepEqual([brief, dialled], [['a@d.test permanent 554 5.4.6'], []])
  assert.match(report.recipients[0]?.status.text ?? '', /^\[dns\] this mail server is the best host/)
  const others = await send(['a@d.test'], dns, {})
  assert.deepEqual(others.brief, ['a@d.test delivered 250 2.0.0'])
})

test('DLV-8, DLV-10: an address of ours as the next hop would loop too', async () => {
  const { brief } = await send(['a@[192.0.2.1]'], good, {}, { io: { ownHosts: ownHostsOf(['192.0.2.1']) } })
  assert.deepEqual(brief, ['a@[192.0.2.1] permanent 554 5.4.6'])
})

const mx = 'insecure mx.good.test. A 192.0.2.1\ninsecure test. *\n'
function signedMx(trouble: string): string {
  return `secure d.test. MX 1 m.d.test.\n${trouble} m.d.test. A\n${trouble} m.d.test. AAAA`
}
const domains: [claim: string, dns: string, outcome: string][] = [
  ['DLV-2: an alias has the MX records of its target', 'insecure d.test. CNAME good.test.', 'delivered 250 2.0.0'],
  ['DLV-2: an alias that leads round in a circle waits', 'insecure d.test. CNAME d.test.', 'temporary 451 4.4.3'],
  ['DLV-3: without MX records the domain is its own host', 'insecure d.test. A 192.0.2.1', 'delivered 250 2.0.0'],
  [
    'DLV-3: a failed lookup is not "no MX records"',
    'servfail d.test. MX\ninsecure d.test. A 192.0.2.1',
    'temporary 451 4.4.3',
  ],
  ['DLV-3: no such domain', '', 'permanent 550 5.1.2'],
  [
    'DLV-4: with MX records its own address is never used',
    'insecure d.test. MX 1 no.test.\ninsecure d.test. A 192.0.2.1',
    'temporary 451 4.4.4',
  ],
  [
    'DLV-5: a host may be an alias',
    'insecure d.test. MX 1 a.test.\ninsecure a.test. CNAME mx.good.test.',
    'delivered 250 2.0.0',
  ],
  ['DLV-5: a host that is an address is none', 'insecure d.test. MX 1 192.0.2.1.', 'temporary 451 4.4.4'],
  [
    'DLV-11: of records partly unusable the others count',
    'insecure d.test. MX 1 192.0.2.1.\ninsecure d.test. MX 2 mx.good.test.',
    'delivered 250 2.0.0',
  ],
  ['DANE-24, rows H2 and 1: bogus addresses behind signed MX records', signedMx('bogus'), 'temporary 451 4.7.5'],
  ['DANE-24, rows H2 and 1: no answer for addresses behind them', signedMx('servfail'), 'temporary 451 4.7.5'],
  [
    'row H2: bogus addresses behind MX records nobody signed',
    signedMx('bogus').replace('secure', 'insecure'),
    'temporary 451 4.4.3',
  ],
  ['DLV-20: null MX', 'insecure d.test. MX 0 .\ninsecure d.test. A 192.0.2.1', 'permanent 556 5.1.10'],
  ['DLV-22: "." alone with another preference', 'insecure d.test. MX 5 .', 'permanent 556 5.1.10'],
  [
    'DLV-22: "." beside another host is passed over',
    'insecure d.test. MX 0 .\ninsecure d.test. MX 5 mx.good.test.',
    'delivered 250 2.0.0',
  ],
]
for (const [claim, dns, outcome] of domains) {
  test(`${claim}: ${outcome}`, async () => {
    const { brief } = await send(['a@d.test'], `insecure good.test. MX 10 mx.good.test.\n${mx}${dns}`, {})
    assert.deepEqual(brief, [`a@d.test ${outcome}`])
  })
}

const busy = '421 4.3.2 too busy'
const beforeMail: [claim: string, script: SmtpScript, code: string, text: RegExp][] = [
  ['421 in the greeting', { greeting: busy }, '4.4.1', /the server closes: 421 4\.3\.2 too busy/],
  ['another code in the greeting', { greeting: '554 no mail here' }, '4.4.1', /greets with 554 no mail here/],
  ['no SMTP in the greeting', { greeting: 'SSH-2.0-x' }, '4.4.1', /cannot be understood/],
  ['a connection closed before the greeting', { greeting: 'close' }, '4.4.1', /the connection was lost/],
  ['silence in the place of a greeting', { greeting: '' }, '4.4.1', /did not answer in time/],
  ['421 to EHLO', { answer: () => busy }, '4.4.2', /the server closes: 421 4\.3\.2 too busy/],
  ['a connection closed at EHLO', { answer: () => 'close' }, '4.4.2', /the connection was lost/],
]
for (const [claim, script, code, text] of beforeMail) {
  test(`row 30, RFC 3463 §3.5: ${claim} is ${code}`, async () => {
    const { brief, report } = await send(['a@good.test'], good, script, { io: { timeouts: { greetingMs: 50 } } })
    assert.deepEqual([brief, report.recipients[0]?.row], [[`a@good.test temporary 451 ${code}`], '30'])
    assert.match(report.recipients[0]?.status.text ?? '', text)
  })
}

const inside = (answer: string) => (verb: string, _: string, isInside: boolean) => {
  return isInside && verb === 'EHLO' ? answer : undefined
}
const atStartTls = (answer: string) => (verb: string) => (verb === 'STARTTLS' ? answer : undefined)
const troubles: [claim: string, script: SmtpScript, reason: RegExp][] = [
  [
    'garbage',
    { insteadOfTls: () => Buffer.from('no TLS\r\n') },
    /^the TLS handshake failed: [a-z ]*wrong version number$/,
  ],
  ['octets ahead', { startTls: { raw: '220 go\r\n250 x\r\n' } }, /^the TLS handshake failed: octets came before it$/],
  [
    'a wish for our certificate',
    { wantsCertificate: true },
    /^the TLS handshake failed: tlsv13 alert certificate required$/,
  ],
  ['EHLO refused inside', { answer: inside('502 no') }, /^the server refuses EHLO inside TLS: 502 no$/],
  ['silence inside', { answer: inside('') }, /^the server is silent right after the TLS handshake$/],
  ['a hang-up inside', { answer: inside('close') }, /^the connection was lost right after the TLS handshake$/],
  ['421 inside', { answer: inside('421 bye') }, /^the server closes right after the TLS handshake: 421 bye$/],
  ['no reply at all', { answer: atStartTls('') }, /^the server is silent when asked for STARTTLS$/],
  ['a hang-up', { answer: atStartTls('close') }, /^the connection was lost when asked for STARTTLS$/],
  ['421', { answer: atStartTls('421 bye') }, /^the server closes when asked for STARTTLS: 421 bye$/],
  ['nonsense', { answer: atStartTls('go on') }, /^the server gives no proper reply when asked for STARTTLS: syntax$/],
]
for (const [claim, script, reason] of troubles) {
  const all = { offers: ['STARTTLS'], credential, ...script }
  const io = { timeouts: { commandMs: 300 } }

  test(`STLS-37: where TLS may be, ${claim} at STARTTLS is told, and the mail goes in the clear`, async () => {
    const { report, brief, server } = await send(['a@good.test'], good, all, { io })
    assert.match(report.domains[0]?.hosts[0]?.reason ?? '', reason)
    assert.deepEqual(brief, ['a@good.test delivered 250 2.0.0'])
    assert.deepEqual([report.recipients[0]?.protection, report.recipients[0]?.row], ['none', '26'])
    assert.equal(server.sessions.length, 2)
  })

  test(`STLS-12: where TLS must be, ${claim} at STARTTLS is told, and the mail waits`, async () => {
    const options = { ...defaultOptions, tlsMandatory: true }
    const { report, brief, server } = await send(['a@good.test'], good, all, { io: { ...io, options } })
    assert.match(report.recipients[0]?.status.text.replace('[starttls] ', '') ?? '', reason)
    assert.deepEqual(brief, ['a@good.test temporary 451 4.7.5'])
    assert.equal(server.sessions.length, 1)
  })
}

test('TLS-24: mail that went over TLS without SNI is told as encrypted', async () => {
  const insteadOfTls = (hello: Buffer) => (hello.includes('mx.good.test') ? alertRecord(112) : undefined)
  const { report } = await send(['a@good.test'], good, { offers: ['STARTTLS'], credential, insteadOfTls })
  assert.deepEqual([report.recipients[0]?.protection, report.recipients[0]?.row], ['encrypted', '26'])
})

test('RFC 3207 §4: a server that wants TLS and was met in the clear because TLS failed has refused nobody for good', async () => {
  const script: SmtpScript = {
    ...{ offers: ['STARTTLS'], insteadOfTls: () => Buffer.from('no TLS\r\n') },
    answer: (verb) => (verb === 'MAIL' ? '530 5.7.0 Must issue a STARTTLS command first' : undefined),
  }
  const { brief, report } = await send(['a@good.test'], good, script)
  assert.deepEqual(brief, ['a@good.test temporary 451 4.7.5'])
  assert.match(report.recipients[0]?.status.text ?? '', /handshake failed.*takes no mail without TLS$/)
  const never = await send(['a@good.test'], good, { answer: script.answer ?? (() => undefined) })
  assert.deepEqual(never.brief, ['a@good.test permanent 530 5.7.0'])
})

test('RFC 3207 §4.2: what a server lacks in the clear it may have inside TLS, and is not missing for good where TLS failed', async () => {
  const script: SmtpScript = { offers: ['STARTTLS'], insteadOfTls: () => Buffer.from('no TLS\r\n') }
  const { brief, report } = await send(['ü@good.test'], good, script)
  assert.deepEqual(brief, ['ü@good.test temporary 451 4.7.5'])
  assert.match(report.recipients[0]?.status.text ?? '', /handshake failed.*does not offer what the message needs$/)
  assert.deepEqual((await send(['ü@good.test'], good, {})).brief, ['ü@good.test permanent 553 5.6.7'])
})

for (const [fours, sixes, tried] of [
  [30, 1, [19, 1]],
  [30, 30, [10, 10]],
  [2, 30, [2, 18]],
] as const) {
  test(`DLV-7, DLV-9: of ${fours} IPv4 and ${sixes} IPv6 addresses ${tried.join(' and ')} are tried, in their order`, async () => {
    const a = Array.from({ length: fours }, (_, place) => `198.51.100.${place + 1}`)
    const aaaa = Array.from({ length: sixes }, (_, place) => `2001:db8::${(place + 1).toString(16)}`)
    const records = [...a.map((address) => `A ${address}`), ...aaaa.map((address) => `AAAA ${address}`)]
    const hosts = records.map((record) => `insecure mx.many.test. ${record}`).join('\n')
    const { dialled, brief } = await send(['a@many.test'], `insecure many.test. MX 10 mx.many.test.\n${hosts}`, {})
    assert.deepEqual(
      dialled,
      [...a.slice(0, tried[0]), ...aaaa.slice(0, tried[1])].map((address) => `${address}:25`),
    )
    assert.deepEqual(brief, ['a@many.test temporary 451 4.4.1'])
  })
}
