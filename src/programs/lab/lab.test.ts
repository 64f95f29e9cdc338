import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ConfigError } from '../../core/config-error.ts'
import { decodeMessage } from '../../core/dns/decode.ts'
import { encodeMessage } from '../../core/dns/encode.ts'
import { createFrameReader, frame } from '../../core/dns/frames.ts'
import type { EdnsOption, Message } from '../../core/dns/message.ts'
import { readAddress } from '../../core/dns/rdata/address.ts'
import { groupRrsets, type Rrset } from '../../core/dns/rrset.ts'
import { CLASS, formatRcode, parseType, RCODE, TYPE } from '../../core/dns/types.ts'
import { formatRecord } from '../../core/dns/zone-text.ts'
import { parseTrustAnchors } from '../../core/dnssec/anchors.ts'
import { createBudget } from '../../core/dnssec/budget.ts'
import { authenticateKeys, type KeysVerdict } from '../../core/dnssec/ds.ts'
import { createPolicy } from '../../core/dnssec/policy.ts'
import { verifyRrset } from '../../core/dnssec/signature.ts'
import type { Endpoint } from '../../io/network.ts'
import { createNetwork } from '../../io/network-node.ts'
import { readOwner } from './dns/text.ts'
import { type Lab, type LabOptions, startLab } from './lab.ts'
import type { Attack, AttackKind, World } from './world/world.ts'

const demo = readFileSync(join(import.meta.dirname, '../../../worlds/demo.txt'), 'utf8')
const patience = 10_000

/** Runs with a lab that is closed afterwards, whatever happens. */
async function inLab(source: string | World, use: (lab: Lab) => Promise<void>, options: LabOptions = {}) {
  const lab = await startLab(source, options)
  try {
    await use(lab)
  } finally {
    await lab.close()
  }
}

interface Asking {
  readonly transport?: 'udp' | 'tcp'
  readonly dnssecOk?: boolean
  readonly udpPayload?: number
  readonly options?: readonly EdnsOption[]
}

function queryFor(text: string, { dnssecOk = false, udpPayload = 1232, options = [] }: Asking): Message {
  const [name = '', type = ''] = text.split(' ')
  return {
    id: 4711,
    opcode: 0,
    rcode: 0,
    isResponse: false,
    isAuthoritative: false,
    isTruncated: false,
    recursionDesired: false,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    questions: [{ name: readOwner(name), type: parseType(type) ?? 0, class: CLASS.IN }],
    answer: [],
    authority: [],
    additional: [],
    edns: { udpPayload, version: 0, dnssecOk, options },
    damaged: [],
  }
}

/** Puts `name TYPE` to one server of the world. */
async function ask(lab: Lab, server: Endpoint, text: string, asking: Asking = {}): Promise<Message> {
  const query = encodeMessage(queryFor(text, asking))
  const octets = asking.transport === 'tcp' ? await askTcp(lab, server, query) : await askUdp(lab, server, query)
  const message = decodeMessage(octets)
  assert.ok(message.ok, 'the answer is no message')
  assert.deepEqual([message.value.id, message.value.isResponse], [4711, true])
  return message.value
}

async function askUdp(lab: Lab, server: Endpoint, query: Uint8Array): Promise<Uint8Array> {
  const opened = await lab.network.openUdp(server, { chosenBy: 'stranger' })
  assert.ok(opened.ok)
  const datagrams = opened.value
  const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>()
  datagrams.onMessage = resolve
  datagrams.send(query)
  const octets = await promise
  datagrams.close()
  assert.ok(octets, 'refused')
  return octets
}

async function askTcp(lab: Lab, server: Endpoint, query: Uint8Array): Promise<Uint8Array> {
  const opened = await lab.network.connectTcp(server, { chosenBy: 'stranger', timeoutMs: patience })
  assert.ok(opened.ok)
  const socket = opened.value
  const reader = createFrameReader()
  socket.write(frame(query))
  for await (const chunk of socket) {
    const frames = reader.push(chunk)
    assert.ok(frames.ok)
    const [message] = frames.value
    if (message !== undefined) return message // leaving the loop destroys the socket
  }
  throw new Error('the server closed the connection')
}

/** Follows referrals from the root until a server answers for the name itself. RFC 1034 §5.3.3 */
async function walk(lab: Lab, text: string, asking: Asking = {}): Promise<{ reply: Message; servers: string[] }> {
  const servers: string[] = []
  let server = lab.rootHints[0]
  while (server !== undefined) {
    servers.push(server.address)
    const reply = await ask(lab, server, text, asking)
    if (reply.isAuthoritative || reply.rcode !== RCODE.NOERROR || reply.isTruncated) return { reply, servers }
    const glue = reply.additional.find(({ type }) => type === TYPE.A)
    const address = glue && readAddress(TYPE.A, glue.rdata)
    server = address?.ok === true ? { address: address.value, port: 53 } : undefined
  }
  throw new Error(`nobody answers for ${text}`)
}

function shown({ rcode, answer, authority }: Message): string[] {
  const words = answer.map((record) => formatRecord(record).split(' ').toSpliced(1, 2).join(' '))
  const types = authority.map((record) => formatRecord(record).split(' ').toSpliced(1, 2).slice(0, 2).join(' '))
  return [formatRcode(rcode), ...words, ...types]
}

const small = `
clock  2026-06-01T12:00:00Z
zone   example.org
zone   example.org MX 10 mx.example.org
zone   _25._tcp.mx.example.org TLSA 3 1 1 {mx.spki.sha256}
zone   bogus.example.org TXT "x" bogus
zone   mute.example.org TXT "x" timeout
zone   long.example.org TXT "${'x'.repeat(200)}" "${'y'.repeat(200)}" "${'z'.repeat(200)}"
host   mx.example.org certificate=self-signed
zone   plain.example.org signed=no
zone   hashed.example.net algorithm=ed25519 denial=nsec3
zone   example.net signed=no
zone   wrong.example ds=wrong
`

const answers: [claim: string, question: string, dnssecOk: boolean, expected: string[]][] = [
  ['gives what is there', 'example.org MX', false, ['NOERROR', 'example.org. MX 10 mx.example.org.']],
  ['gives a host its address', 'mx.example.org A', false, ['NOERROR', 'mx.example.org. A 192.0.2.2']],
  ['denies a name', 'nobody.example.org A', false, ['NXDOMAIN', 'example.org. SOA']],
  ['denies a type', 'example.org TXT', false, ['NOERROR', 'example.org. SOA']],
  [
    'proves that a name is not there',
    'nobody.example.org A',
    true,
    [
      ...['NXDOMAIN', 'example.org. SOA', 'example.org. RRSIG'],
      ...['_25._tcp.mx.example.org. NSEC', '_25._tcp.mx.example.org. RRSIG'],
      ...['example.org. NSEC', 'example.org. RRSIG'],
    ],
  ],
  [
    'denies DS at a cut to an unsigned zone',
    'plain.example.org DS',
    true,
    ['NOERROR', 'example.org. SOA', 'example.org. RRSIG', 'plain.example.org. NSEC', 'plain.example.org. RRSIG'],
  ],
  ['denies DS of an unsigned zone at the top', 'example.net DS', false, ['NOERROR', 'net. SOA']],
]
for (const transport of ['udp', 'tcp'] as const) {
  for (const [claim, question, dnssecOk, expected] of answers) {
    test(`over ${transport} the lab ${claim}`, async () => {
      await inLab(small, async (lab) => {
        const { reply } = await walk(lab, question, { transport, dnssecOk })
        assert.deepEqual(shown(reply), expected)
      })
    })
  }
}

test('the way to an answer leads through the servers of root, top-level domain and domain', async () => {
  await inLab(small, async (lab) => {
    const { servers } = await walk(lab, 'example.org MX')
    assert.equal(new Set(servers).size, 3)
    assert.deepEqual(
      lab.diary.asked.map(({ server, round }) => [server, round]),
      servers.map((server, index) => [server, index + 1]),
    )
    assert.equal(lab.rounds(), 3)
    lab.reset()
    assert.deepEqual([lab.rounds(), lab.diary.asked.length], [0, 0])
  })
})

test('what does not fit into UDP is truncated, and whole over TCP', async () => {
  await inLab(small, async (lab) => {
    const { reply, servers } = await walk(lab, 'long.example.org TXT', { udpPayload: 512 })
    assert.deepEqual([reply.isTruncated, reply.answer.length], [true, 0])
    const whole = await ask(lab, { address: servers.at(-1) ?? '', port: 53 }, 'long.example.org TXT', {
      transport: 'tcp',
    })
    assert.deepEqual([whole.isTruncated, whole.answer.length], [false, 1])
  })
})

test('RES-08: name servers give cookies where the lab is told so, to each client its own, and else none', async () => {
  const client = Buffer.from('0123456789abcdef', 'hex')
  const showing = (data: Uint8Array) => ({ options: [{ code: 10, data }] })
  const cookieFrom = async (lab: Lab, asking: Asking) => {
    const [root] = lab.rootHints
    assert.ok(root)
    const { edns } = await ask(lab, root, 'example.org MX', asking)
    return edns?.options.map(({ code, data }) => `${code} ${Buffer.from(data).toString('hex')}`)
  }
  await inLab(small, async (lab) => assert.deepEqual(await cookieFrom(lab, showing(client)), []))
  await inLab(
    small,
    async (lab) => {
      const [first = ''] = (await cookieFrom(lab, showing(client))) ?? []
      assert.match(first, /^10 0123456789abcdef[0-9a-f]{16}$/)
      const given = Buffer.from(first.slice(3), 'hex')
      assert.deepEqual(await cookieFrom(lab, showing(given)), [first], 'whoever shows it is given the same')
      assert.deepEqual(await cookieFrom(lab, { ...showing(given), transport: 'tcp' }), [first])
      const [other = ''] = (await cookieFrom(lab, showing(Buffer.alloc(8)))) ?? []
      assert.notEqual(other.slice(-16), first.slice(-16))
      assert.deepEqual(await cookieFrom(lab, {}), [])
      assert.deepEqual(await cookieFrom(lab, showing(Buffer.alloc(7))), [])
    },
    { dnsCookies: true },
  )
})

test('the forwarder gathers an answer for stubs, DNSSEC records included, and judges nothing', async () => {
  await inLab(small, async (lab) => {
    const reply = await ask(lab, lab.forwarder, 'example.org MX', { dnssecOk: true })
    assert.deepEqual([reply.recursionAvailable, reply.isAuthoritative, reply.authenticData], [true, false, false])
    assert.deepEqual(
      reply.answer.map(({ type }) => type),
      [TYPE.MX, TYPE.RRSIG],
    )
  })
})

/** What a validator thinks of a zone's keys, coming down from the lab's trust anchors. */
async function judgeZone(lab: Lab, zone: string): Promise<KeysVerdict> {
  const options = { zone: readOwner(zone), now: lab.clock.now() / 1000, budget: createBudget(), policy: createPolicy() }
  const rrset = await rrsetOf(lab, `${zone} DNSKEY`)
  if (zone === '.') {
    const anchors = parseTrustAnchors(lab.trustAnchors)
    assert.ok(anchors.ok && rrset)
    return authenticateKeys({ ...options, rrset, by: { kind: 'anchors', anchors: anchors.value } })
  }
  const above = zone.includes('.') ? zone.slice(zone.indexOf('.') + 1) : '.'
  const parent = await judgeZone(lab, above)
  const ds = await rrsetOf(lab, `${zone} DS`)
  if (parent.verdict !== 'secure' || ds === undefined) return { verdict: 'insecure', ds: [] }
  const verified = verifyRrset(ds, { ...options, zone: readOwner(above), keys: parent.keys })
  assert.ok(verified.verdict === 'secure' && rrset)
  return authenticateKeys({ ...options, rrset, by: { kind: 'ds', rrset: verified.rrset } })
}

async function rrsetOf(lab: Lab, question: string): Promise<Rrset | undefined> {
  const { reply } = await walk(lab, question, { transport: 'tcp', dnssecOk: true })
  return groupRrsets(reply.answer)[0]
}

test('every zone of the demo is as secure as it says', async () => {
  await inLab(demo, async (lab) => {
    for (const one of lab.world.setting) {
      if (one.kind !== 'zone') continue
      const { verdict } = await judgeZone(lab, one.origin)
      assert.equal(verdict, one.signed ? 'secure' : 'insecure', one.origin)
    }
  })
})

test('a wrong DS makes a zone bogus, and a zone below an unsigned one is insecure', async () => {
  await inLab(small, async (lab) => {
    assert.equal((await judgeZone(lab, 'wrong.example')).verdict, 'bogus')
    assert.equal((await judgeZone(lab, 'hashed.example.net')).verdict, 'insecure')
  })
})

function attackOn(kind: AttackKind, target: string, more: Partial<Attack> = {}): Attack {
  return { kind, target, type: undefined, how: undefined, certificate: 'self-signed', ...more }
}

const attacks: [kind: AttackKind, target: string, question: string, expected: string[]][] = [
  ['spoof-mx', 'example.org', 'example.org MX', ['NOERROR', 'example.org. MX 10 mx.attacker.example.']],
  ['spoof-address', 'mx.example.org', 'mx.example.org A', ['NOERROR', 'mx.example.org. A 192.0.2.1']],
  ['break-tlsa', 'mx.example.org', '_25._tcp.mx.example.org TLSA', ['SERVFAIL']],
  ['suppress-txt', 'example.org', '_mta-sts.example.org TXT', ['NOERROR', 'example.org. SOA']],
  ['forge-nxdomain', 'example.org', 'example.org MX', ['NXDOMAIN', 'example.org. SOA']],
  ['strip-dnssec', 'example.org', 'example.org DNSKEY', ['NOERROR', 'example.org. SOA']],
]
for (const [kind, target, question, expected] of attacks) {
  test(`${kind} changes the answer until it is calm again`, async () => {
    await inLab(small, async (lab) => {
      const calm = shown((await walk(lab, question)).reply)
      assert.notDeepEqual(calm, expected)
      await lab.attack(attackOn(kind, target))
      const server = lab.diary.asked.at(-1)?.server ?? ''
      assert.deepEqual(shown(await ask(lab, { address: server, port: 53 }, question)), expected)
      lab.calm(kind, target)
      assert.deepEqual(shown((await walk(lab, question)).reply), calm)
    })
  })
}

test('a replayed zone gives the answers of the start', async () => {
  await inLab(small, async (lab) => {
    const text = 'example.org MX 20 other.example.org'
    await lab.change({ kind: 'drop', owner: 'example.org', type: TYPE.MX })
    await lab.change({ kind: 'record', owner: 'example.org', type: TYPE.MX, text, fate: undefined })
    const question = 'example.org MX'
    assert.deepEqual(shown((await walk(lab, question)).reply), ['NOERROR', 'example.org. MX 20 other.example.org.'])
    await lab.attack(attackOn('replay', 'example.org'))
    assert.deepEqual(shown((await walk(lab, question)).reply), ['NOERROR', 'example.org. MX 10 mx.example.org.'])
  })
})

const verdicts: [claim: string, stale: boolean, verdict: KeysVerdict['verdict']][] = [
  ['zones are signed anew when time passes', false, 'secure'],
  ['zones go stale when they are to', true, 'bogus'],
]
for (const [claim, stale, verdict] of verdicts) {
  test(claim, async () => {
    await inLab(small, async (lab) => {
      lab.move({ to: undefined, byMs: 30 * 86_400_000, stale })
      assert.equal((await judgeZone(lab, '.')).verdict, verdict)
    })
  })
}

test('a fate spoils answers at their source', async () => {
  await inLab(small, async (lab) => {
    const keys = await judgeZone(lab, 'example.org')
    const rrset = await rrsetOf(lab, 'bogus.example.org TXT')
    assert.ok(keys.verdict === 'secure' && rrset)
    const options = { zone: readOwner('example.org'), now: lab.clock.now() / 1000, policy: createPolicy() }
    const verdict = verifyRrset(rrset, { ...options, keys: keys.keys, budget: createBudget() })
    assert.equal(verdict.verdict, 'bogus')
  })
})

test('a text that is no world is refused with its place', async () => {
  await assert.rejects(startLab('zone example.org\nhots mx.example.org'), (error) => {
    return error instanceof ConfigError && /line 2/.test(error.message)
  })
})

test('a lab that is closed leaves nothing open', async () => {
  const lab = await startLab(demo)
  for (const event of lab.world.events) if (event.kind === 'attack') await lab.attack(event.attack)
  const open = await lab.network.connectTcp(serverOfRoot(lab), { chosenBy: 'stranger', timeoutMs: patience })
  assert.ok(open.ok)
  const isCut = once(open.value.resume(), 'close')
  await lab.close()
  await isCut
  await setImmediate() // what is closed is off the list one turn later
  assert.deepEqual(
    process.getActiveResourcesInfo().filter((kind) => /TCP|UDP/.test(kind)),
    [],
  )
})

function serverOfRoot({ rootHints: [root] }: Lab): Endpoint {
  assert.ok(root)
  return root
}

test('a process besides reaches every server where its place says', async () => {
  await inLab('world Places\nzone a.example\nhost mx.a.example address=192.0.2.77\n', async (lab) => {
    const hosts = lab.places().filter(({ world }) => world.port === 25)
    const place = hosts.find(({ world }) => world.address === '192.0.2.77')
    assert.equal(place?.local.address, '127.0.0.1')
    const besides = createNetwork({ allowPrivate: true })
    const dialled = await besides.connectTcp(place.local, { chosenBy: 'operator', timeoutMs: patience })
    assert.ok(dialled.ok)
    const [greeting] = (await once(dialled.value, 'data')) as [Buffer]
    assert.match(greeting.toString(), /^220 mx\.a\.example /)
    dialled.value.destroy()
    const servers = lab.places().filter(({ world }) => world.port === 53)
    assert.ok(lab.rootHints.every(({ address }) => servers.some(({ world }) => world.address === address)))
  })
})
