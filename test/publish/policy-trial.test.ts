// A policy held against MX hosts as they are, by what the checker's own probes saw of them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { StsPolicy } from '../../src/core/mtasts/policy.ts'
import { parseMxPattern } from '../../src/core/publish/mx-patterns.ts'
import { tryPolicy } from '../../src/core/publish/policy-trial.ts'
import { type CheckLab, startCheckLab } from '../support/check-lab.ts'

const mx = 'zone D\nzone D MX 10 mx.D'

/** What becomes of each host in mode enforce under a policy that lists `mx.D`, and of mail from who knows MTA-STS alone. */
const worlds: [what: string, hosts: string[], does: string, world: string][] = [
  ['a host in order', ['mx.D passes'], 'delivers', `${mx}\nhost mx.D`],
  ['a host without STARTTLS', ['mx.D fails'], 'delays', `${mx}\nhost mx.D starttls=no`],
  ['a certificate for another name', ['mx.D fails'], 'delays', `${mx}\nhost mx.D certificate=wrong-name`],
  ['a certificate with the name as CN alone', ['mx.D fails'], 'delays', `${mx}\nhost mx.D certificate=cn-only`],
  ['a certificate of no public authority', ['mx.D fails'], 'delays', `${mx}\nhost mx.D certificate=untrusted`],
  ['a certificate that has ended', ['mx.D fails'], 'delays', `${mx}\nhost mx.D certificate=expired`],
  [
    'a self-signed one, though TLSA records name it',
    ['mx.D fails'],
    'delays',
    `${mx}\nzone _25._tcp.mx.D TLSA 3 1 1 {mx.D.spki.sha256}\nhost mx.D certificate=self-signed`,
  ],
  ['RSA and ECDSA, both in order', ['mx.D passes'], 'delivers', `${mx}\nhost mx.D also=rsa`],
  [
    'a host that the policy does not list, as a backup (STS-115)',
    ['mx.D passes', 'my.D fails'],
    'delivers',
    `${mx}\nzone D MX 20 my.D\nhost mx.D\nhost my.D`,
  ],
  [
    'a backup alone in order (STS-115)',
    ['mx.D fails', 'my.D fails'],
    'delays',
    `${mx}\nzone D MX 20 my.D\nhost mx.D starttls=no\nhost my.D`,
  ],
  ['a host that is busy', ['mx.D unknown'], 'cannot-tell', `${mx}\nhost mx.D greeting="421 later"`],
  ['a host where nothing listens', ['mx.D unknown'], 'cannot-tell', `${mx}\nhost mx.D down`],
  ['no MX record (STS-81)', ['D fails'], 'delays', 'zone D\nhost D'],
]

let lab: CheckLab
const name = (at: number) => `d${at}.example`

before(async () => {
  lab = await startCheckLab(worlds.map(([, , , world], at) => world.replaceAll(/\bD\b/g, name(at))).join('\n'))
})
after(() => lab.close())

for (const [at, [what, hosts, does]] of worlds.entries()) {
  test(`STS-90: ${what}: ${hosts.join(', ')}, and mail ${does}`, async () => {
    const facts = await lab.gather(name(at))
    const listed = parseMxPattern(`mx.${name(at)}`)
    assert.ok(listed.ok)
    const terms = { maxAge: 86_400, mx: [listed.value], warnings: [] }
    const policy: StsPolicy = { ...terms, mode: 'enforce' }
    const trial = tryPolicy(facts, policy, lab.lab.clock.now())
    assert.deepEqual(
      trial.hosts.map(({ host, state }) => `${host} ${state}`),
      hosts.map((host) => host.replace('D', name(at))),
    )
    assert.equal(trial.senders.find(({ id }) => id === 'mta-sts')?.does, does)
    // STS-91: in mode testing the hosts fare as they would, and nobody holds mail back for it.
    const tested = tryPolicy(facts, { ...terms, mode: 'testing' }, lab.lab.clock.now())
    assert.deepEqual(tested.hosts, trial.hosts)
    assert.notEqual(tested.senders.find(({ id }) => id === 'mta-sts')?.does, 'delays')
  })
}

test('STS-92: mode none asks nothing of anybody', async () => {
  const facts = await lab.gather(name(1))
  assert.deepEqual(tryPolicy(facts, { mode: 'none', maxAge: 86_400, warnings: [] }, lab.lab.clock.now()).hosts, [])
})

test('STS-115: an address of which nothing can be said is named', async () => {
  const facts = await lab.gather(name(11))
  const trial = tryPolicy(facts, { mode: 'enforce', maxAge: 1, mx: [], warnings: [] }, lab.lab.clock.now())
  assert.equal(trial.hosts[0]?.unseen.length, 1)
})
