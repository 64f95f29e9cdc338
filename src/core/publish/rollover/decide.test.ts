import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { newKey } from '../../../../test/rollover/simulated-host.ts'
import { domain } from '../../../../test/support/domain.ts'
import { nameOfText } from '../../../../test/support/records.ts'
import { limits } from '../../limits.ts'
import { decideStep, type Step } from './decide.ts'
import { follow } from './follow.ts'
import { type AddressSeen, type Given, heed, newRollover, type Rollover, type Wishes } from './rollover.ts'
import type { ServerSays } from './zone-seen.ts'

const host = domain('mx.example.org')
const [rsa, ecdsa, next] = [newKey('rsa'), newKey('ecdsa'), newKey('ecdsa')]
const recordOf = ({ octets }: Given) => `3 1 1 ${createHash('sha256').update(octets).digest('hex')}`
const hour = 3_600_000

interface Look {
  readonly servers: readonly (ServerSays | readonly Given[])[]
  readonly addresses: readonly (AddressSeen | readonly Given[])[]
  readonly wishes?: Wishes
}

/** What comes of looks, one an hour. */
function play(...looks: readonly Look[]): { step: Step; rollover: Rollover } {
  let rollover = newRollover(host, 25)
  let step: Step = { kind: 'steady' }
  for (const [at, { servers, addresses, wishes = {} }] of looks.entries()) {
    const now = at * hour
    const zone = {
      ...{ zone: nameOfText('example.org.'), owner: nameOfText('_25._tcp.mx.example.org.'), fault: undefined },
      servers: servers.map((one, place) => ({ place: `ns${place}`, says: 'kind' in one ? one : has(one) })),
    }
    const seen = {
      addresses: addresses.map((one, place) => ('address' in one ? one : shows(place, one))),
      fault: undefined,
    }
    const heeded = heed(follow(rollover, zone, seen, now), wishes, seen, now)
    assert.equal(heeded.ok, true)
    if (!heeded.ok) break
    rollover = follow(heeded.value, zone, seen, now)
    step = decideStep({ rollover, zone, host: seen, now })
  }
  return { step, rollover }
}

function has(keys: readonly Given[]): ServerSays {
  return { kind: 'secure', records: keys.map(recordOf).toSorted(), ttl: 3600 }
}

function shows(at: number, keys: readonly Given[]): AddressSeen {
  const shown = keys.map(({ octets }) => ({ spki: octets, chain: undefined }))
  return { address: `192.0.2.${at}`, shown, unknown: undefined, lacksTls: false }
}

const unseen: AddressSeen = { address: '192.0.2.9', shown: [], unknown: 'it is busy', lacksTls: false }
const plain: AddressSeen = { address: '192.0.2.9', shown: [], unknown: 'it offers no STARTTLS', lacksTls: true }
const silent: ServerSays = { kind: 'silent', reason: 'does not answer' }
const both = [rsa, ecdsa]
const all = [rsa, ecdsa, next]
const wishes = { next: [next] }
const rsaNext = newKey('rsa')
const published: Look = { servers: [both], addresses: [both] }

const steps: [why: string, looks: readonly Look[], kind: Step['kind']][] = [
  [
    'a key to be is published though an address cannot be seen: more of the same harms nobody',
    [published, { servers: [both], addresses: [both, unseen], wishes }],
    'write',
  ],
  ['and though a server does not answer', [published, { servers: [both, silent], addresses: [both], wishes }], 'write'],
  [
    'first records wait until every address was seen',
    [{ servers: [[]], addresses: [both, unseen], wishes: { current: both } }],
    'refused',
  ],
  [
    'first records are refused while an address takes mail without TLS',
    [{ servers: [[]], addresses: [both, plain], wishes: { current: both } }],
    'refused',
  ],
  [
    'servers that lack what others have are waited for',
    [published, { servers: [both], addresses: [both], wishes }, { servers: [all, both], addresses: [both] }],
    'write',
  ],
  [
    'a key that one of two addresses presents leaves the other in place',
    [
      published,
      { servers: [all], addresses: [both], wishes: { next: [next, rsaNext] } },
      { servers: [[...all, rsaNext]], addresses: [both, [rsa, next]] },
      ...Array.from({ length: 9 }, () => ({ servers: [[...all, rsaNext]], addresses: [both, [rsa, next]] })),
    ],
    'make-keys',
  ],
  [
    'an old key is not forgotten while an address cannot be seen',
    [
      { servers: [all], addresses: [both], wishes },
      { servers: [all], addresses: [[rsa, next], unseen] },
      ...Array.from({ length: 9 }, () => ({ servers: [all], addresses: [[rsa, next], unseen] })),
    ],
    'make-keys',
  ],
  [
    'an old record stays while a server does not answer',
    [
      { servers: [all, all], addresses: [both], wishes },
      ...Array.from({ length: 9 }, () => ({ servers: [all, silent], addresses: [[rsa, next]] })),
    ],
    'wait-for-servers',
  ],
  [
    'it goes when all is seen',
    [
      { servers: [all], addresses: [both], wishes },
      ...Array.from({ length: 4 }, () => ({ servers: [all], addresses: [[rsa, next]] })),
    ],
    'write',
  ],
  [
    'with all in place there is nothing to do',
    [
      { servers: [[...all, rsaNext]], addresses: [both], wishes: { next: [next, rsaNext] } },
      published,
      ...Array.from({ length: 3 }, () => ({ servers: [[...all, rsaNext]], addresses: [both] })),
    ],
    'steady',
  ],
  ['nothing is decided while nobody answers', [{ servers: [silent], addresses: [both] }], 'refused'],
  ['nothing is decided of a host that nobody can see', [{ servers: [[]], addresses: [unseen] }], 'refused'],
]

for (const [why, looks, kind] of steps) {
  test(`DANE-81: ${why}`, () => assert.equal(play(...looks).step.kind, kind))
}

test('rollover.rewriteMs: what a server lacks for an hour after it was written is written again, and not before', () => {
  const { rollover } = play(published, { servers: [both], addresses: [both], wishes })
  const at = (now: number, lastWrite: Rollover['lastWrite']) => {
    const zone = {
      ...{ zone: nameOfText('example.org.'), owner: nameOfText('_25._tcp.mx.example.org.'), fault: undefined },
      servers: [all, both].map((one, place) => ({ place: `ns${place}`, says: has(one) })),
    }
    const seen = { addresses: [shows(0, both)], fault: undefined }
    return decideStep({ rollover: { ...follow(rollover, zone, seen, now), lastWrite }, zone, host: seen, now }).kind
  }
  const lastWrite = { at: 2 * hour, add: [recordOf(next)], remove: [] }
  assert.equal(at(2 * hour + limits.rollover.rewriteMs - 1, lastWrite), 'wait-for-servers')
  assert.equal(at(2 * hour + limits.rollover.rewriteMs, lastWrite), 'write')
  // Nor does it wait for what a clock that was ahead has noted.
  assert.equal(at(2 * hour, { ...lastWrite, at: 1000 * hour }), 'write')
})

test('rollover.keys: more keys than that are refused', () => {
  const current = Array.from({ length: limits.rollover.keys + 1 }, () => newKey('ecdsa'))
  const seen = { addresses: [unseen], fault: undefined }
  assert.deepEqual(heed(newRollover(host, 25), { current }, seen, 0), { ok: false, fault: 'too-many-keys', at: 0 })
})

test('a compromised key is barred for good: it is not published, not next, and not taken for one that is known', () => {
  const [{ octets }] = [ecdsa]
  const compromised = [createHash('sha256').update(octets).digest('hex').slice(0, 16)]
  const gone = { servers: [[rsa, next]], addresses: [[rsa, next]] }
  const { rollover } = play(
    { servers: [all], addresses: [both], wishes: { ...wishes, compromised } },
    { servers: [all], addresses: [[rsa, next]] },
    gone,
    gone,
  )
  assert.deepEqual(rollover.keys.map(({ role }) => role).toSorted(), ['barred', 'current', 'current'])
  const seen = { addresses: [shows(0, [rsa, next])], fault: undefined }
  assert.equal(heed(rollover, { next: [ecdsa] }, seen, 0).ok, false)
  assert.equal(
    play(
      { servers: [all], addresses: [both], wishes: { ...wishes, compromised } },
      { servers: [all], addresses: [[rsa, next]] },
      gone,
      { ...gone, addresses: [both] },
    ).step.kind,
    'refused',
  )
})
