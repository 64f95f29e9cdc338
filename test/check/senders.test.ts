// What each kind of sender does: by our own decisions, on what such a sender sees. The facts of the RFCs, one by one.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { checkReport } from '../../src/core/check/check-report.ts'
import type { SenderId } from '../../src/core/check/report.ts'
import { type CheckLab, startCheckLab } from '../support/check-lab.ts'

const mx = 'zone D\nzone D MX 10 mx.D'
const tlsa = 'zone _25._tcp.mx.D TLSA 3 1 1 {mx.D.spki.sha256}'
const wrong = 'zone _25._tcp.mx.D TLSA 3 1 1 {zeros.32}'
const policy = 'policy D mode=enforce mx=mx.D max_age=2592000'

type Does = Partial<Record<SenderId, string>>

/** What a sender does, and what its mail is sure of. */
const worlds: [what: string, does: Does, world: string][] = [
  [
    'neither DANE nor a policy',
    { 'mta-sts': 'delivers encrypted', 'dane-and-sts': 'delivers encrypted', opportunistic: 'delivers encrypted' },
    `${mx}\nhost mx.D`,
  ],
  [
    'DANE alone',
    { 'mta-sts': 'delivers encrypted', 'dane-and-sts': 'delivers authenticated', dane: 'delivers authenticated' },
    `${mx}\n${tlsa}\nhost mx.D certificate=self-signed`,
  ],
  [
    'a policy alone',
    { 'mta-sts': 'delivers authenticated', dane: 'delivers encrypted', 'cached-policy': 'delivers authenticated' },
    `${mx}\nhost mx.D\n${policy}`,
  ],
  [
    'RFC 8461 §2: a DANE that fails is never overridden by an MTA-STS that holds',
    { 'mta-sts': 'delivers authenticated', 'dane-and-sts': 'delays', dane: 'delays', strict: 'delays' },
    `${mx}\n${wrong}\nhost mx.D\n${policy}`,
  ],
  [
    'an MTA-STS that fails under a DANE that holds: who wants both holds mail back',
    {
      'mta-sts': 'delays',
      'dane-and-sts': 'delivers authenticated',
      strict: 'delays',
      opportunistic: 'delivers encrypted',
    },
    `${mx}\n${tlsa}\nhost mx.D certificate=self-signed\n${policy}`,
  ],
  [
    'RFC 7672 §2.2: TLSA records of which none is usable demand TLS, and authenticate nobody',
    { 'mta-sts': 'delivers encrypted', 'dane-and-sts': 'delivers encrypted', dane: 'delivers encrypted' },
    `${mx}\nzone _25._tcp.mx.D TLSA 0 0 1 {zeros.32}\nhost mx.D certificate=self-signed`,
  ],
  [
    'RFC 7672 §2.2: and where there is no TLS then, mail waits',
    { 'mta-sts': 'delivers cleartext', dane: 'delays', opportunistic: 'delivers cleartext' },
    `${mx}\nzone _25._tcp.mx.D TLSA 0 0 1 {zeros.32}\nhost mx.D starttls=no`,
  ],
  [
    'RFC 7672 §2.1.2: SERVFAIL for TLSA is no absence to who asks',
    { 'mta-sts': 'delivers encrypted', dane: 'delays', 'dane-and-sts': 'delays', opportunistic: 'delivers encrypted' },
    `${mx}\n${tlsa} servfail\nhost mx.D`,
  ],
  [
    'RFC 7672 §2.2.1: secure TLSA records behind unsigned MX records authenticate the host alone',
    { dane: 'delivers host-authenticated', 'dane-and-sts': 'delivers host-authenticated' },
    'zone D signed=no\nzone mD\nzone D MX 10 mx.mD\nzone _25._tcp.mx.mD TLSA 3 1 1 {mx.mD.spki.sha256}\nhost mx.mD',
  ],
  [
    'RFC 8461 §5: mode testing holds nothing back and is sure of nothing',
    { 'mta-sts': 'delivers encrypted', 'cached-policy': 'delivers encrypted' },
    `${mx}\nhost mx.D certificate=wrong-name\n${policy.replace('enforce', 'testing')}`,
  ],
  [
    'one host of two that does not match: the other has the mail',
    { dane: 'delivers authenticated', 'mta-sts': 'delivers encrypted' },
    `${mx}\n${wrong}\nhost mx.D\nzone D MX 20 my.D\nzone _25._tcp.my.D TLSA 3 1 1 {my.D.spki.sha256}\nhost my.D`,
  ],
  [
    'RSA and ECDSA, of which one matches: mail waits for whoever is shown the other',
    { dane: 'delays', opportunistic: 'delivers encrypted' },
    `${mx}\n${tlsa}\nhost mx.D also=rsa`,
  ],
  [
    'a host that is busy',
    { dane: 'cannot-tell', opportunistic: 'cannot-tell' },
    `${mx}\n${tlsa}\nhost mx.D greeting="421 later"`,
  ],
  ['null MX', { dane: 'returns', opportunistic: 'returns' }, 'zone D\nzone D MX 0 .'],
]

let lab: CheckLab

before(async () => {
  const text = worlds.map(([, , world], at) =>
    world.replaceAll(/\bmD\b/g, `m${at}.example`).replaceAll(/\bD\b/g, `d${at}.example`),
  )
  lab = await startCheckLab(text.join('\n'))
})
after(() => lab.close())

for (const [at, [what, does]] of worlds.entries()) {
  test(`${what}: ${Object.entries(does)
    .map((one) => one.join(' '))
    .join(', ')}`, async () => {
    const { senders } = await lab.check(`d${at}.example`)
    const found = new Map<string, string>(
      senders.map((row) => [row.id, [row.does, row.protection].filter((word) => word !== null).join(' ')]),
    )
    for (const [id, expected] of Object.entries(does)) assert.equal(found.get(id), expected, id)
  })
}

test('what was not looked for is not said to be absent', async () => {
  const without = await lab.check('d0.example', { sections: new Set(['smtp']) })
  assert.deepEqual([without.verdict, without.why], ['undetermined', ['MTA-STS was not looked at']])
  const facts = await lab.gather('d0.example')
  assert.equal(checkReport(facts, lab.lab.clock.now()).verdict, 'opportunistic')
})

test('a policy that is announced and not fetched in time leaves the verdict open', async () => {
  const facts = await lab.gather('d2.example')
  const { sts, mail } = facts
  assert.ok(sts !== undefined && mail?.sts !== undefined)
  const slow = { kind: 'failed', fault: 'timeout', reason: 'no policy after 20 seconds' } as const
  const late = { ...facts, sts: { ...sts, fetches: sts.fetches.map((look) => ({ ...look, outcome: slow })) } }
  const failure = { resultType: 'sts-policy-fetch-error', reason: slow.reason } as const
  const report = checkReport(
    { ...late, mail: { ...mail, sts: { ...mail.sts, row: 'S5', policy: undefined, failure } } },
    facts.at,
  )
  assert.equal(report.verdict, 'undetermined')
  assert.equal(report.lines[1]?.state, 'unknown')
})
