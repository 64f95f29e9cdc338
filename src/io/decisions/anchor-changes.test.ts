import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stsOf } from '../../../test/support/decision-facts.ts'
import { domain } from '../../../test/support/domain.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { nameOfText } from '../../../test/support/records.ts'
import type { Resolver } from '../resolver/resolver.ts'
import { createDecisions, type Destination, type Outcome } from './decisions.ts'

const start = 1_800_000_000_000
const withDane = `
  600 secure example. MX 10 mx.example.
  900 secure mx.example. A 192.0.2.1
  900 secure _25._tcp.mx.example. TLSA 3 1 1 ${'5a'.repeat(32)}
`
const example: Destination = { nextHop: { kind: 'domain', domain: domain('example') }, port: 25 }

function rowsOf(outcome: Outcome): string {
  if (outcome.kind === 'failed') return outcome.reason
  return outcome.decision.hosts.map((host) => (host.action === 'connect' ? host.tls : 'skip')).join(' ')
}

function createBed(change: Partial<Resolver> = {}) {
  const fake = fakeResolver(withDane)
  const clock = movedClock(start)
  const anchors = { changes: 0 }
  const decisions = createDecisions<string>({
    ...{ clock, random: () => 0.5, sts: { lookup: async () => stsOf() } },
    resolver: { ...fake, anchorChanges: () => anchors.changes, ...change },
    present: (outcome) => ({ ready: rowsOf(outcome), rest: '' }),
    read: ({ ready }) => ready,
  })
  return { fake, clock, anchors, decisions }
}

test('DNSSEC-08, DNSSEC-10: what was decided before a trust anchor was revoked, or a negative one lifted, is forgotten', async () => {
  const { fake, anchors, decisions } = createBed()
  assert.equal((await decisions.decide(example)).view, 'dane')
  decisions.tick()
  assert.equal(decisions.held(example)?.view, 'dane')
  fake.setWorld('bogus example. MX')
  anchors.changes++
  decisions.tick()
  assert.equal(decisions.held(example), undefined)
  assert.equal((await decisions.decide(example)).view, '')
  decisions.tick()
  assert.notEqual(decisions.held(example), undefined, 'once for each change')
})

test('DNSSEC-08: a lookup that fails after the change does not keep what was decided before it', async () => {
  const { fake, anchors, decisions } = createBed()
  await decisions.decide(example)
  fake.setWorld('bogus example. MX')
  anchors.changes++
  assert.equal((await decisions.renew(example)).view, '')
})

test('DNSSEC-08: what was begun before the change and ends after it is for those who waited alone', async () => {
  const begun = Promise.withResolvers<void>()
  const ready = Promise.withResolvers<void>()
  const slow = fakeResolver(withDane)
  const { anchors, decisions, fake } = createBed({
    async resolve(name, type, options) {
      begun.resolve()
      await ready.promise
      return slow.resolve(name, type, options)
    },
  })
  const waiting = decisions.decide(example)
  await begun.promise
  anchors.changes++
  ready.resolve()
  assert.equal((await waiting).view, 'dane')
  assert.equal(decisions.held(example), undefined)
  assert.equal(fake.asked.length, 0)
  await decisions.decide(example)
  assert.equal(decisions.held(example)?.view, 'dane', 'the next one is begun by the anchors that there are')
})

test('DNSSEC-10, RFC 7646 §2: a decision lasts no longer than a negative trust anchor that it rests on', async () => {
  for (const left of [300_000, 2000]) {
    const inner = fakeResolver(withDane.replaceAll('secure', 'insecure'))
    const negative = { name: nameOfText('example.'), until: start + left, reason: 'broken' }
    const { decisions } = createBed({
      async resolve(name, type, options) {
        const found = await inner.resolve(name, type, options)
        if (found.kind === 'failure') return found
        return { ...found, evidence: { ...found.evidence, negativeAnchors: [negative] } }
      },
    })
    assert.equal((await decisions.decide(example)).until, start + left)
  }
})
