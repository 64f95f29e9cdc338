import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fakeNetwork } from '../../../test/support/fake-network.ts'
import { type SmtpScript, type SmtpTestServer, startSmtpServer } from '../../../test/support/smtp-server.ts'
import { formatMailbox, type Mailbox, parseMailbox } from '../../core/smtp/mailbox.ts'
import { scanMessage } from '../../core/smtp/message-facts.ts'
import type { SessionIo } from '../smtp/run-session.ts'
import { createTlsProfile } from '../smtp/tls-profile.ts'
import { deliverDomain } from './deliver-domain.ts'
import type { HostPlan } from './plan.ts'
import { asFinal, ourStatus } from './status.ts'

const profile = createTlsProfile({ environment: {} })
const servers: SmtpTestServer[] = []
after(() => Promise.all(servers.map((server) => server.close())))

const failure = ourStatus('not-connected', 'smtp', 'no connection')

/** A host that is connected to without any demand. */
function connect(host: string, addresses: readonly string[]): HostPlan {
  return {
    action: 'connect',
    host,
    preference: 10,
    addresses,
    tls: 'may',
    authenticator: async () => ({
      context: profile.opportunistic,
      serverName: undefined,
      judge: () => true,
      next: () => undefined,
    }),
    judge: () => ({ row: '25', reason: 'no policy', protection: 'none', failure }),
  }
}

function skip(host: string): HostPlan {
  const status = ourStatus('tls-failed', 'dane', 'TLSA lookup failed')
  return { action: 'skip', host, preference: 10, row: '1', reason: 'TLSA lookup failed', status }
}

const mailbox = (text: string): Mailbox => {
  const parsed = parseMailbox(text)
  assert.ok(parsed.ok)
  return parsed.value
}

/** Sends to hosts at addresses 192.0.2.x, for which `scripts` has a server or nobody listens. */
async function send(
  hosts: readonly HostPlan[],
  scripts: Record<string, SmtpScript>,
  wish: { to?: string[]; message?: string; io?: Partial<SessionIo> } = {},
) {
  const seen: Record<string, SmtpTestServer> = {}
  const ports: Record<string, number> = {}
  for (const [address, script] of Object.entries(scripts)) {
    const server = await startSmtpServer(script)
    servers.push(server)
    seen[address] = server
    ports[`${address}:25`] = server.port
  }
  const message = Buffer.from(wish.message ?? '\nx\n')
  const network = fakeNetwork(ports)
  const { recipients, domain } = await deliverDomain(
    {
      nextHop: 'example.org',
      plan: { action: 'deliver', hosts },
      recipients: (wish.to ?? ['a@example.org']).map(mailbox),
      mail: { sender: null, message: scanMessage(message), requireTls: false },
      message,
      clientName: 'client.test',
      port: 25,
      chosenBy: 'stranger',
    },
    { network, clock: { now: () => 0 }, ...wish.io },
  )
  const brief = recipients.map(({ mailbox: who, status, host }) => {
    return `${formatMailbox(who)} ${status.kind} ${status.code} ${status.enhanced} ${host ?? 'nowhere'}`
  })
  return { recipients, brief, domain, seen, dialled: network.dialled }
}

test('DLV-7: the addresses of a host are tried in order, then the next host', async () => {
  const hosts = [
    connect('a.test', ['192.0.2.1', '192.0.2.2']),
    connect('b.test', ['192.0.2.3']),
    connect('c.test', ['192.0.2.4']),
  ]
  const { brief, dialled } = await send(hosts, { '192.0.2.3': {} })
  assert.deepEqual(brief, ['a@example.org delivered 250 2.0.0 b.test'])
  assert.deepEqual(dialled, ['192.0.2.1:25', '192.0.2.2:25', '192.0.2.3:25'])
})

test('STS-94: a host that is skipped is never connected to, and counts as unreachable', async () => {
  const { brief, dialled, domain } = await send([skip('a.test'), connect('b.test', ['192.0.2.1'])], { '192.0.2.1': {} })
  assert.deepEqual(brief, ['a@example.org delivered 250 2.0.0 b.test'])
  assert.deepEqual(dialled, ['192.0.2.1:25'])
  assert.deepEqual(
    domain.hosts.map(({ host, row }) => `${host} ${row}`),
    ['a.test 1', 'b.test 25'],
  )
})

test('a policy that stands in the way is told rather than a host that was down', async () => {
  const { brief, recipients } = await send([connect('a.test', ['192.0.2.1']), skip('b.test')], {})
  assert.deepEqual(brief, ['a@example.org temporary 451 4.7.5 b.test'])
  assert.equal(recipients[0]?.status.text, '[dane] TLSA lookup failed')
})

test('a refusal for good is not taken to the next host', async () => {
  const hosts = [connect('a.test', ['192.0.2.1']), connect('b.test', ['192.0.2.2'])]
  const answer = (verb: string) => (verb === 'RCPT' ? '550 5.1.1 no such user' : undefined)
  const { brief, dialled } = await send(hosts, { '192.0.2.1': { answer }, '192.0.2.2': {} })
  assert.deepEqual(brief, ['a@example.org permanent 550 5.1.1 a.test'])
  assert.equal(dialled.length, 1)
})

const lacking: [what: string, wish: { to?: string[]; message?: string }, lacks: string, has: string, final: string][] =
  [
    ['RFC 1870 §6.1: room for the message', { message: `\n${'x'.repeat(20)}\n` }, 'SIZE 10', 'SIZE 100', '552 5.3.4'],
    ['RFC 6152 §3: 8BITMIME', { message: '\nü\n' }, 'HELP', '8BITMIME', '554 5.6.3'],
    ['RFC 6531 §3.2: SMTPUTF8', { to: ['ü@example.org'] }, '8BITMIME', 'SMTPUTF8', '553 5.6.7'],
  ]
for (const [what, wish, lacks, has, final] of lacking) {
  const [who] = wish.to ?? ['a@example.org']
  const hosts = [connect('a.test', ['192.0.2.1']), connect('b.test', ['192.0.2.2'])]
  const without = { offers: [lacks] }

  test(`${what}, which one host lacks, another may have: DLV-7 has it tried`, async () => {
    const { brief } = await send(hosts, { '192.0.2.1': without, '192.0.2.2': { offers: [has] } }, wish)
    assert.deepEqual(brief, [`${who} delivered 250 2.0.0 b.test`])
  })

  test(`${what}, which every host lacks, is missing for good`, async () => {
    const { brief, dialled } = await send(hosts, { '192.0.2.1': without, '192.0.2.2': without }, wish)
    assert.deepEqual(brief, [`${who} permanent ${final} a.test`])
    assert.equal(dialled.length, 2)
  })

  test(`${what}, which one host lacks and another could not be asked for, may be there later`, async () => {
    const down = await send(hosts, { '192.0.2.1': without }, wish)
    assert.deepEqual(down.brief, [`${who} temporary 451 4.4.1 b.test`])
    const skipped = await send([...hosts.slice(0, 1), skip('c.test')], { '192.0.2.1': without }, wish)
    assert.deepEqual(skipped.brief, [`${who} temporary 451 4.7.5 c.test`])
  })
}

test('what one host lacks for one recipient keeps the others from nothing', async () => {
  const hosts = [connect('a.test', ['192.0.2.1']), connect('b.test', ['192.0.2.2'])]
  const to = ['ü@example.org', 'a@example.org']
  const { brief, seen } = await send(hosts, { '192.0.2.1': {}, '192.0.2.2': { offers: ['SMTPUTF8'] } }, { to })
  assert.deepEqual(brief, ['ü@example.org delivered 250 2.0.0 b.test', 'a@example.org delivered 250 2.0.0 a.test'])
  assert.equal(seen['192.0.2.2']?.sessions[0]?.lines.filter((line) => line.startsWith('RCPT')).length, 1)
})

test('a refusal for now is taken to the next host, for those refused alone', async () => {
  const hosts = [connect('a.test', ['192.0.2.1', '192.0.2.9']), connect('b.test', ['192.0.2.2'])]
  const answer = (verb: string, line: string) =>
    verb === 'RCPT' && line.includes('b@') ? '450 4.2.1 later' : undefined
  const { brief, seen, dialled } = await send(
    hosts,
    { '192.0.2.1': { answer }, '192.0.2.2': {} },
    { to: ['a@example.org', 'b@example.org'] },
  )
  assert.deepEqual(brief, ['a@example.org delivered 250 2.0.0 a.test', 'b@example.org delivered 250 2.0.0 b.test'])
  assert.deepEqual(
    seen['192.0.2.2']?.sessions[0]?.lines.filter((line) => line.startsWith('RCPT')),
    ['RCPT TO:<b@example.org>'],
  )
  assert.deepEqual(dialled, ['192.0.2.1:25', '192.0.2.2:25'])
})

test("a server's own words are told rather than ours", async () => {
  const hosts = [skip('a.test'), connect('b.test', ['192.0.2.1'])]
  const answer = (verb: string) => (verb === 'MAIL' ? '451 4.7.1 greylisted' : undefined)
  const { recipients } = await send(hosts, { '192.0.2.1': { answer } })
  assert.deepEqual([recipients[0]?.status.text, recipients[0]?.status.from], ['451 4.7.1 greylisted', 'peer'])
})

test('RFC 1047: where the message may have been taken no other host is tried', async () => {
  const hosts = [connect('a.test', ['192.0.2.1']), connect('b.test', ['192.0.2.2'])]
  const answer = (verb: string) => (verb === '.' ? 'reset' : undefined)
  const { brief, dialled } = await send(hosts, { '192.0.2.1': { answer }, '192.0.2.2': {} })
  assert.deepEqual(brief, ['a@example.org temporary 451 4.4.2 a.test'])
  assert.equal(dialled.length, 1)
})

test('DLV-37: after 250 to the dot it is delivered, whatever follows', async () => {
  const answer = (verb: string) => (verb === 'QUIT' ? 'reset' : undefined)
  const { brief } = await send([connect('a.test', ['192.0.2.1'])], { '192.0.2.1': { answer } })
  assert.deepEqual(brief, ['a@example.org delivered 250 2.0.0 a.test'])
})

test('DLV-33: one session for all recipients of a domain', async () => {
  const to = ['a@example.org', 'b@example.org', 'c@example.org']
  const { seen, brief } = await send(
    [connect('a.test', ['192.0.2.1'])],
    { '192.0.2.1': { offers: ['PIPELINING'] } },
    { to },
  )
  assert.equal(brief.filter((line) => line.includes('delivered')).length, 3)
  assert.deepEqual([seen['192.0.2.1']?.sessions.length, seen['192.0.2.1']?.sessions[0]?.messages.length], [1, 1])
})

test('DLV-33: "552 too many recipients" is never a refusal for good: the next host is tried, or later', async () => {
  const full = (verb: string, line: string) => {
    if (verb === 'RCPT' && !line.includes('a@')) return '552 too many recipients'
    return verb === '.' ? 'reset' : undefined
  }
  const to = ['a@example.org', 'b@example.org']
  const one = { '192.0.2.1': { answer: full } }
  const hosts = [connect('a.test', ['192.0.2.1']), connect('b.test', ['192.0.2.2'])]
  const uncertain = 'a@example.org temporary 451 4.4.2 a.test'
  const { brief } = await send(hosts, { ...one, '192.0.2.2': {} }, { to })
  assert.deepEqual(brief, [uncertain, 'b@example.org delivered 250 2.0.0 b.test'])
  const alone = await send(hosts.slice(0, 1), one, { to })
  assert.deepEqual(alone.brief, [uncertain, 'b@example.org temporary 452 4.5.3 a.test'])
})

test('no host and no address are told as such', async () => {
  assert.deepEqual((await send([], {})).brief, ['a@example.org temporary 451 4.4.4 nowhere'])
  assert.deepEqual((await send([connect('a.test', [])], {})).brief, ['a@example.org temporary 451 4.4.4 nowhere'])
})

test('given up, everyone still open may be tried again', async () => {
  const controller = new AbortController()
  controller.abort()
  const io = { signal: controller.signal }
  const { brief, dialled } = await send([connect('a.test', ['192.0.2.1'])], {}, { io })
  assert.deepEqual([brief, dialled], [['a@example.org temporary 451 4.3.2 nowhere'], []])
})

test('at the end of the queue lifetime nothing is temporary', () => {
  assert.deepEqual(asFinal(failure), { ...failure, kind: 'permanent', code: 554, enhanced: '5.4.7' })
  const noTls = ourStatus('no-starttls', 'mta-sts', 'x')
  assert.deepEqual([noTls.enhanced, asFinal(noTls).enhanced], ['4.7.4', '5.7.10'])
  const gone = ourStatus('no-such-domain', 'dns', 'x')
  assert.equal(asFinal(gone), gone)
})
