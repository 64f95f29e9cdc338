import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Due, TestDeclaration } from '../lab/world/world.ts'
import { summarize } from './report-text.ts'
import type { Outcome, Trial } from './round.ts'
import { judge, judgeRound, type Verdict } from './verdict.ts'

const tls = { protocol: 'TLSv1.3', cipher: undefined, serverName: undefined }
const at = (host: string, over: typeof tls | undefined): Outcome => ({
  kind: 'arrived',
  arrivals: [{ host, tls: over }],
})
const encrypted = at('mx.example', tls)
const clear = at('mx.example', undefined)
const held: Outcome = { kind: 'held' }
const returned: Outcome = { kind: 'returned' }

const table: [what: string, outcome: Outcome, due: Due, verdict: Verdict][] = [
  ['what is due and arrives', encrypted, 'deliver', 'delivered'],
  ['what is due and arrives in clear', clear, 'deliver', 'delivered'],
  ['what is due and stays away', held, 'deliver', 'refused'],
  ['what is due and is returned', returned, 'deliver', 'refused'],
  ['what is due over TLS and comes so', encrypted, 'tls', 'delivered'],
  ['what is due over TLS and comes in clear', clear, 'tls', 'leaked'],
  ['what is due over TLS and stays away', held, 'tls', 'refused'],
  ['what is due at the second host and comes there', at('mx2.example', tls), 'second', 'delivered'],
  ['what is due at the second host and comes to the first', encrypted, 'second', 'leaked'],
  ['what is due at the second host and comes there in clear', at('mx2.example', undefined), 'second', 'leaked'],
  ['what is due at the second host and stays away', held, 'second', 'refused'],
  ['what must be held and arrives', encrypted, 'hold', 'leaked'],
  ['what must be held and stays away', held, 'hold', 'held'],
  ['what must be held and is returned', returned, 'hold', 'held'],
  ['what must be returned and arrives', clear, 'bounce', 'leaked'],
  ['what must be returned and is', returned, 'bounce', 'held'],
  ['what may arrive and does', clear, 'either', 'delivered'],
  ['what may arrive and does not', held, 'either', 'held'],
]
for (const [what, outcome, due, verdict] of table) {
  test(`${what} is ${verdict}`, () => assert.equal(judge(outcome, { via: 'mx2.example' }, due), verdict))
}

test('a message that came twice, once where it must not, is leaked', () => {
  const arrivals = [...(encrypted.kind === 'arrived' ? encrypted.arrivals : []), { host: 'mx2.example', tls }]
  assert.equal(judge({ kind: 'arrived', arrivals }, { via: 'mx2.example' }, 'second'), 'leaked')
})

function trial(name: string, dues: Partial<TestDeclaration>): Trial {
  const { opportunistic = 'deliver', dane = opportunistic, sts = opportunistic, both = dane } = dues
  const declared = { domain: `${name}.example`, fault: name, rfc: '', via: undefined }
  return { test: { ...declared, opportunistic, dane, sts, both }, name, address: `t@${name}.example` }
}

const good = trial('good', { dane: 'tls', both: 'tls' })
const mismatch = trial('mismatch', { dane: 'hold', both: 'hold' })
const stripped = trial('stripped', { dane: 'hold', both: 'hold' })
const forged = trial('forged', { opportunistic: 'either', dane: 'hold', both: 'hold' })
const bad = trial('bad', { sts: 'hold', both: 'hold' })
const fine = trial('fine', { sts: 'tls', both: 'tls' })

function answersOf(outcomes: readonly (readonly [Trial, Outcome])[]) {
  const findings = judgeRound(new Map(outcomes))
  return [findings.dane.answer, findings.sts.answer, summarize(findings)]
}

const senders: [
  what: string,
  outcomes: readonly (readonly [Trial, Outcome])[],
  dane: string,
  sts: string,
  said: RegExp,
][] = [
  [
    'a sender that does everything right',
    [
      [good, encrypted],
      [mismatch, held],
      [forged, held],
      [bad, held],
      [fine, encrypted],
    ],
    ...(['yes', 'yes'] as const),
    /^Your server enforces DANE: yes; MTA-STS: yes\. It did everything right\.$/,
  ],
  [
    'a sender that knows neither, behind a resolver that validates',
    [
      [good, encrypted],
      [mismatch, encrypted],
      [stripped, clear],
      [forged, held],
      [bad, encrypted],
      [fine, encrypted],
    ],
    ...(['no', 'no'] as const),
    /DANE: no; MTA-STS: no\. It delivers what it must not at mismatch, stripped, bad\.$/,
  ],
  [
    'a sender that knows DANE alone',
    [
      [good, encrypted],
      [mismatch, held],
      [stripped, held],
      [bad, encrypted],
      [fine, encrypted],
    ],
    ...(['yes', 'no'] as const),
    /DANE: yes; MTA-STS: no\. It delivers what it must not at bad\.$/,
  ],
  [
    'a sender that encrypts always and authenticates nobody',
    [
      [good, encrypted],
      [mismatch, encrypted],
      [stripped, held],
      [bad, held],
      [fine, held],
    ],
    ...(['partly', 'unknown'] as const),
    /DANE: partly \(it stops at 1 of 2 faults\); MTA-STS: unknown, .* at mismatch\. It does not deliver what it should at fine\.$/,
  ],
  [
    'a sender that sends in clear what must be encrypted',
    [
      [good, clear],
      [mismatch, held],
      [bad, held],
      [fine, encrypted],
    ],
    ...(['partly', 'yes'] as const),
    /It delivers what it must not at good\.$/,
  ],
  [
    'a sender of whom nothing arrives',
    [
      [good, held],
      [mismatch, held],
      [bad, held],
      [fine, returned],
    ],
    ...(['unknown', 'unknown'] as const),
    /^No message arrived at all: nothing can be said of this server\.$/,
  ],
]
for (const [what, outcomes, dane, sts, said] of senders) {
  test(`${what} enforces DANE: ${dane}, MTA-STS: ${sts}`, () => {
    const [foundDane, foundSts, words] = answersOf(outcomes)
    assert.deepEqual([foundDane, foundSts], [dane, sts])
    assert.match(words ?? '', said)
  })
}
