import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { wasReadByAttacker } from './diary.ts'
import { type Lab, startLab } from './lab.ts'
import { parseWorld } from './world/parse.ts'
import type { Attack, AttackKind, Declaration, World } from './world/world.ts'

const patience = 10_000
const mx = { address: '192.0.2.2', port: 25 }
const attackers = { address: '192.0.2.1', port: 25 }
const policyHost = { address: '203.0.113.1', port: 443 }

const text = `
zone   example.org
zone   example.org MX 10 mx.example.org
host   mx.example.org
policy example.org mx=mx.example.org
`

async function inLab(use: (lab: Lab) => Promise<void>, source: string | World = text) {
  const lab = await startLab(source)
  try {
    await use(lab)
  } finally {
    await lab.close()
  }
}

async function dial(lab: Lab, endpoint = mx): Promise<Socket> {
  const dialled = await lab.network.connectTcp(endpoint, { chosenBy: 'stranger', timeoutMs: patience })
  assert.ok(dialled.ok, dialled.ok ? '' : dialled.fault)
  return dialled.value
}

/** Sends lines one by one, each after the reply to the one before; gives all replies, the greeting first. */
async function talk(socket: Socket, lines: readonly string[], greeted = false): Promise<string[]> {
  const replies: string[] = greeted ? [] : [await readReply(socket)]
  for (const line of lines) {
    socket.write(`${line}\r\n`)
    replies.push(await readReply(socket))
  }
  return replies
}

/** One whole reply; empty at the end of the stream. RFC 5321 §4.2 */
async function readReply(socket: Socket): Promise<string> {
  let reply = ''
  while (!/^\d{3} .*\r\n/m.test(reply)) {
    const chunk: Buffer | null = socket.read()
    if (chunk !== null) reply += chunk.toString('latin1')
    else if (socket.readableEnded || socket.destroyed) break
    else await Promise.race([once(socket, 'readable'), once(socket, 'close')])
  }
  return reply
}

/** A handshake to its end; the certificate's faults are left to the caller. */
async function secure(lab: Lab, socket: Socket, servername: string): Promise<TLSSocket> {
  const secured = connect({ socket, servername, ca: lab.ca, rejectUnauthorized: false })
  await once(secured, 'secureConnect')
  return secured
}

const message = (token: string) => [
  ...['MAIL FROM:<a@sender.example>', 'RCPT TO:<bob@example.org>', 'DATA'],
  `Subject: ${token}\r\n\r\n${token}\r\n.`,
]

test('a host takes a message over TLS with a certificate that the public root vouches for', async () => {
  await inLab(async (lab) => {
    const socket = await dial(lab)
    const [greeting, offers, go] = await talk(socket, ['EHLO sender.example', 'STARTTLS'])
    assert.match(greeting ?? '', /^220 mx\.example\.org /)
    assert.match(offers ?? '', /^250 STARTTLS/m)
    assert.match(go ?? '', /^220 /)
    const secured = await secure(lab, socket, 'mx.example.org')
    assert.equal(secured.authorizationError, null)
    const replies = await talk(secured, ['EHLO sender.example', ...message('secret'), 'QUIT'], true)
    assert.deepEqual(
      replies.map((reply) => reply.slice(0, 3)),
      ['250', '250', '250', '354', '250', '221'],
    )
    assert.deepEqual(
      lab.received.map(({ host, by, to, tls }) => [host, by, to, tls]),
      [
        [
          'mx.example.org',
          'recipient',
          ['bob@example.org'],
          { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', serverName: 'mx.example.org' },
        ],
      ],
    )
    assert.deepEqual(lab.diary.connected, ['mx.example.org'])
    assert.equal(wasReadByAttacker(lab.diary, 'secret'), false)
  })
})

/** The status and body that the policy host serves, and whether its certificate holds. */
async function fetch(lab: Lab): Promise<{ authorized: boolean; status: string; body: string }> {
  const secured = await secure(lab, await dial(lab, policyHost), 'mta-sts.example.org')
  secured.write('GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.example.org\r\n\r\n')
  let response = ''
  for await (const chunk of secured) response += chunk
  const [status = ''] = response.split('\r\n')
  const body = response.slice(response.indexOf('\r\n\r\n') + 4)
  return { authorized: secured.authorizationError === null, status, body }
}

test('a policy host serves its policy', async () => {
  await inLab(async (lab) => {
    const { authorized, status, body } = await fetch(lab)
    assert.ok(authorized)
    assert.equal(status, 'HTTP/1.1 200 OK')
    assert.match(body, /version: STSv1\r\nmode: enforce\r\nmx: mx\.example\.org\r\nmax_age: 604800\r\n/)
    assert.deepEqual(lab.diary.fetched, ['example.org'])
  })
})

function attackOn(kind: AttackKind, target: string, more: Partial<Attack> = {}): Attack {
  return { kind, target, type: undefined, how: undefined, certificate: 'self-signed', ...more }
}

test('a forged policy host serves a policy that asks for nothing, with a certificate of his own', async () => {
  await inLab(async (lab) => {
    await lab.attack(attackOn('forge-policy-host', 'example.org'))
    const { authorized, body } = await fetch(lab)
    assert.equal(authorized, false)
    assert.match(body, /mode: none/)
  })
})

const blocks: [kind: AttackKind, target: string, endpoint: typeof mx][] = [
  ['block-host', 'mx.example.org', mx],
  ['block-policy-host', 'example.org', policyHost],
]
for (const [kind, target, endpoint] of blocks) {
  test(`${kind} lets nobody connect until it is calm again`, async () => {
    await inLab(async (lab) => {
      await lab.attack(attackOn(kind, target))
      const dialled = await lab.network.connectTcp(endpoint, { chosenBy: 'stranger', timeoutMs: patience })
      assert.deepEqual([dialled.ok, lab.diary.connected], [false, []])
      lab.calm()
      ;(await dial(lab, endpoint)).destroy()
    })
  })
}

const strippings: [kind: AttackKind, offered: boolean, reply: RegExp][] = [
  ['strip-starttls', false, /^502 /],
  ['garble-ehlo', false, /^500 /],
  ['refuse-starttls', true, /^454 /],
  ['inject-after-starttls', true, /^220 .*\r\n250 2\.0\.0 injected\r\n$/],
]
for (const [kind, offered, reply] of strippings) {
  test(`${kind} is what a sender meets, and the attacker reads what it sends in clear`, async () => {
    await inLab(async (lab) => {
      await lab.attack(attackOn(kind, 'mx.example.org'))
      const asking = await dial(lab)
      const [, offers = '', go = ''] = await talk(asking, ['EHLO sender.example', 'STARTTLS'])
      assert.equal(/^250[ -]STARTTLS\r$/m.test(offers), offered)
      assert.match(go, reply)
      asking.destroy()
      const sending = await dial(lab)
      await talk(sending, ['EHLO sender.example', ...message('secret')])
      sending.destroy()
      assert.ok(wasReadByAttacker(lab.diary, 'secret'))
      assert.deepEqual(
        lab.received.map(({ by, tls }) => [by, tls]),
        [['recipient', undefined]],
      )
    })
  })
}

const certificates: [certificate: Attack['certificate'], name: string][] = [
  ['self-signed', 'mx.example.org'],
  ['untrusted', 'mx.example.org'],
  ['own-name', 'mx.attacker.example'],
]
for (const [certificate, name] of certificates) {
  test(`swap-certificate with ${certificate}: the attacker answers as ${name}, and reads the message`, async () => {
    await inLab(async (lab) => {
      await lab.attack(attackOn('swap-certificate', 'mx.example.org', { certificate }))
      const socket = await dial(lab)
      await talk(socket, ['EHLO sender.example', 'STARTTLS'])
      const secured = await secure(lab, socket, 'mx.example.org')
      assert.notEqual(secured.authorizationError, null)
      assert.equal(secured.getPeerCertificate().subjectaltname, `DNS:${name}`)
      await talk(secured, ['EHLO sender.example', ...message('secret')], true)
      secured.destroy()
      assert.ok(wasReadByAttacker(lab.diary, 'secret'))
    })
  })
}

test("what reaches the attacker's own host is read by the attacker", async () => {
  await inLab(async (lab) => {
    const socket = await dial(lab, attackers)
    await talk(socket, ['EHLO sender.example', ...message('secret')])
    socket.destroy()
    assert.ok(wasReadByAttacker(lab.diary, 'secret'))
    assert.deepEqual(
      lab.received.map(({ host, by }) => [host, by]),
      [['mx.attacker.example', 'attacker']],
    )
  })
})

/** The one host that a text declares. */
function hostIn(source: string): Exclude<Declaration, { kind: 'zone' }> {
  const world = parseWorld(`zone example.org\n${source}`)
  assert.ok(world.ok)
  const [, declared] = world.value.setting
  assert.ok(declared !== undefined && declared.kind !== 'zone')
  return declared
}

test('a host that is changed keeps its address, under attack or not', async () => {
  await inLab(async (lab) => {
    await lab.change(hostIn('host mx.example.org greeting="554 5.3.2 not today"'))
    assert.deepEqual(await talk(await dial(lab), []), ['554 5.3.2 not today\r\n'])
    await lab.attack(attackOn('strip-starttls', 'mx.example.org'))
    await lab.change(hostIn('host mx.example.org greeting="421 4.3.2 later"'))
    assert.deepEqual(await talk(await dial(lab), []), ['421 4.3.2 later\r\n'])
  })
})

test('a host that its world has taken down stays down when an attack on it ends', async () => {
  await inLab(async (lab) => {
    await lab.attack(attackOn('block-host', 'mx.example.org'))
    await lab.change(hostIn('host mx.example.org down'))
    lab.calm()
    const dialled = await lab.network.connectTcp(mx, { chosenBy: 'stranger', timeoutMs: patience })
    assert.deepEqual(dialled.ok ? 'connected' : dialled.fault, 'refused')
  })
})

test('a host stays blocked when its world changes it', async () => {
  await inLab(async (lab) => {
    await lab.attack(attackOn('block-host', 'mx.example.org'))
    await lab.change(hostIn('host mx.example.org certificate=self-signed'))
    const dialled = await lab.network.connectTcp(mx, { chosenBy: 'stranger', timeoutMs: patience })
    assert.deepEqual(dialled.ok ? 'connected' : dialled.fault, 'refused')
  })
})

test('of two attacks on one host, one goes on when the other ends', async () => {
  await inLab(async (lab) => {
    await lab.attack(attackOn('strip-starttls', 'mx.example.org'))
    await lab.attack(attackOn('swap-certificate', 'mx.example.org'))
    lab.calm('swap-certificate')
    const socket = await dial(lab)
    const [, offers = ''] = await talk(socket, ['EHLO sender.example'])
    socket.destroy()
    assert.doesNotMatch(offers, /STARTTLS/)
  })
})
