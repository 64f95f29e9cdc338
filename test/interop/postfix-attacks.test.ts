// Attacks begin and end while a real Postfix sends by our maps: nothing goes out unprotected to who has a policy, and
// when it is over all that was held back arrives, once.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ReceivedMessage } from '../../src/programs/lab/diary.ts'
import { parseWorld } from '../../src/programs/lab/world/parse.ts'
import { type AttackKind, attackKinds, type Event } from '../../src/programs/lab/world/world.ts'
import type { PolicyService } from './policy-service.ts'
import { openSendingWorld, type SendingWorld } from './sending-world.ts'
import { openStage } from './servers.ts'

const demo = readFileSync(join(import.meta.dirname, '..', '..', 'worlds', 'demo.txt'), 'utf8')
const calm = demo.split(/^drop/m)[0] ?? ''

interface Wave {
  readonly events: readonly Event[]
  /** Whether forged records that nobody could have signed are left behind, which are believed until their TTL ends. */
  readonly leavesForgeries: boolean
  /** How the service comes to be started anew in the midst of it. */
  readonly ends: 'stopped' | 'killed'
}

/** Of the demonstration, against every kind of domain; and a second one of other attacks. */
const waves: readonly Wave[] = [
  { events: eventsOf(demo.slice(calm.length)), leavesForgeries: true, ends: 'stopped' },
  {
    ...{ leavesForgeries: false, ends: 'killed' },
    events: eventsOf(`
attack forge-dnssec _25._tcp.mx.clinic.example type=TLSA
attack swap-certificate mx.clinic.example certificate=untrusted
attack block-host mx.bank.example
attack refuse-starttls mx.court.example
attack break-tlsa mx.embassy.example how=nxdomain
attack strip-starttls mx.embassy.example
attack strip-dnssec press.example
attack swap-certificate mx.press.example
attack swap-certificate in.provider.example certificate=own-name
attack strip-starttls mx.lawyers.example
attack suppress-txt lawyers.example how=servfail
attack spoof-address mx.school.example
attack forge-policy-host school.example certificate=untrusted
attack refuse-starttls mx.insurer.example
attack suppress-txt insurer.example how=nxdomain
attack swap-certificate mx.hospital.example certificate=untrusted
attack block-policy-host hospital.example
attack strip-starttls mx.postcard.example
attack strip-dnssec library.example
`),
  },
]

function eventsOf(text: string): readonly Event[] {
  const parsed = parseWorld(`${calm}\nclock +0s\n${text}`)
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.value.events.slice(1)
}

const unattacked = ['friends', 'bakery']
/** One publishes nothing, and one is only signed: nobody can hold mail to the former back. */
const unprotected = ['library', 'postcard']
const attacked = 'clinic bank court embassy press choir lawyers school insurer hospital'.split(' ')
const domains = [...unattacked, ...attacked, ...unprotected]

const stage = openStage()
let world: SendingWorld
let service: PolicyService
/** Marks of what was handed in. */
const submitted: { readonly domain: string; readonly mark: string }[] = []

before(async () => {
  world = await openSendingWorld(stage, {
    world: calm,
    transports: {
      out: ['smtp_tls_policy_maps=socketmap:inet:127.0.0.1:8461:QUERY', 'smtp_tls_dane_insecure_mx_policy=dane'],
    },
  })
  service = await serve()
})

after(() => stage.stop())

function serve(): Promise<PolicyService> {
  return world.serve('policies.db', '--socketmap', '127.0.0.1:8461')
}

/** One message to every domain. */
async function submitRound(mailbox = 'user'): Promise<void> {
  for (const domain of domains) {
    const mark = `message ${submitted.length}`
    submitted.push({ domain, mark })
    await world.postfix.submit('out', `${mailbox}@${domain}.example`, mark)
  }
}

/** Sends mail to every domain, round after round, while `play` plays, which may wait for so many rounds more. */
async function duringFlow(play: (rounds: (more: number) => Promise<void>) => Promise<void>): Promise<void> {
  let isStopped = false
  let rounds = 0
  let waiting: { readonly until: number; readonly resolve: () => void }[] = []
  const flow = async () => {
    while (!isStopped) {
      await submitRound()
      rounds++
      for (const { resolve } of waiting.filter(({ until }) => until <= rounds)) resolve()
      waiting = waiting.filter(({ until }) => until > rounds)
    }
  }
  const flowing = flow()
  const wait = (more: number) => {
    const passed = new Promise<void>((resolve) => {
      waiting.push({ until: rounds + more, resolve })
    })
    return Promise.race([flowing, passed])
  }
  try {
    await play(wait)
  } finally {
    isStopped = true
    await flowing
  }
}

function arrivalsOf(mark: string): ReceivedMessage[] {
  return world.lab.received.filter(({ text }) => text.includes(`\r\nSubject: ${mark}\r\n`))
}

/** Of all that was handed in so far and is to be protected. */
function assertNothingUnprotected(): void {
  for (const { domain, mark } of submitted.filter((one) => !unprotected.includes(one.domain))) {
    for (const { by, tls } of arrivalsOf(mark))
      assert.deepEqual([by, tls !== undefined], ['recipient', true], `${domain}: ${mark}`)
    const overheard = world.lab.diary.overheard.some(({ text }) => text.includes(`Subject: ${mark}\r\n`))
    assert.ok(!overheard, `${domain}: ${mark} was read on the way`)
  }
}

/** Begins attacks, and makes the changes that come with them. */
async function play(events: readonly Event[]): Promise<void> {
  for (const event of events) {
    if (event.kind === 'attack') await world.lab.attack(event.attack)
    if (event.kind === 'record' || event.kind === 'drop') await world.lab.change(event)
  }
}

test('in calm all mail arrives', async () => {
  await submitRound()
  await world.postfix.flushUntilEmpty()
  for (const { domain, mark } of submitted) assert.equal(arrivalsOf(mark).length, 1, domain)
  assertNothingUnprotected()
})

for (const [at, { events, leavesForgeries, ends }] of waves.entries()) {
  test(`wave ${at + 1}: nothing leaves unprotected, and all arrives in the end`, async () => {
    const from = submitted.length
    const attemptsBefore = world.postfix.attempts().length
    await duringFlow(async (rounds) => {
      await rounds(1)
      await play(events)
      await rounds(2)
      // What is in memory is forgotten, and what is decided now is decided under attack.
      await service.reload()
      await rounds(2)
      if (ends === 'killed') await service.kill()
      else assert.equal(await service.stop(), 0)
      // Meanwhile nobody can be asked.
      await rounds(1)
      service = await serve()
      await rounds(2)
      assertNothingUnprotected()
      world.lab.calm()
      await rounds(1)
    })
    if (leavesForgeries) await service.reload()
    await world.postfix.flushUntilEmpty()
    assertNothingUnprotected()
    for (const { domain, mark } of submitted.slice(from)) {
      if (!unprotected.includes(domain)) assert.equal(arrivalsOf(mark).length, 1, `${domain}: ${mark}`)
    }
    const attempts = world.postfix.attempts().slice(attemptsBefore)
    assert.deepEqual(
      attempts.filter(({ status }) => status === 'bounced'),
      [],
    )
    const held = new Set(attempts.filter(({ status }) => status === 'deferred').map(({ to }) => to))
    for (const domain of attacked) assert.ok(held.has(`user@${domain}.example`), `${domain} was not attacked`)
    // That the attackers are there, and what they do to who asks for nothing.
    const postcards = submitted.slice(from).filter(({ domain }) => domain === 'postcard')
    const read = postcards.filter(({ mark }) =>
      world.lab.diary.overheard.some(({ text }) => text.includes(`${mark}\r\n`)),
    )
    assert.ok(read.length > 0)
  })
}

test('while the service is away all mail waits, whoever it is for, and none is lost', async () => {
  const from = submitted.length
  assert.equal(await service.stop(), 0)
  await submitRound('patient')
  for (const { domain } of submitted.slice(from)) {
    const { status, dsn } = await world.postfix.attempt(`patient@${domain}.example`)
    assert.deepEqual([status, dsn], ['deferred', '4.7.5'])
  }
  for (const { mark } of submitted.slice(from)) assert.deepEqual(arrivalsOf(mark), [])
  service = await serve()
  await world.postfix.flushUntilEmpty()
  for (const { domain, mark } of submitted.slice(from)) assert.equal(arrivalsOf(mark).length, 1, domain)
  assertNothingUnprotected()
})

test('the two waves make every kind of attack', () => {
  const made = new Set(
    waves
      .flatMap(({ events }) => events)
      .flatMap((event): AttackKind[] => (event.kind === 'attack' ? [event.attack.kind] : [])),
  )
  assert.deepEqual(
    attackKinds.filter((kind) => !made.has(kind)),
    [],
  )
})
