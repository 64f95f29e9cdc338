import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDnskey } from '../dns/rdata/records.ts'
import { groupRrsets } from '../dns/rrset.ts'
import { parseZone } from '../dns/zone-text.ts'
import { parseName } from '../name/text.ts'
import { brokenAlgorithms, workingAlgorithms } from './algorithms.ts'
import { createBudget } from './budget.ts'
import { createPolicy } from './policy.ts'
import { verifyRrset } from './signature.ts'
import { readZoneKey } from './zone-key.ts'

const keyText = 'vec.test. 3600 IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4='

function zoneOf(text: string) {
  const name = parseName(text)
  assert.ok(name.ok)
  return name.value
}

/** The kind of failure, or `secure`, of an RRset in zone text that K1 of vec.test signed. */
function verdictOf(text: string, now: number): string {
  const [record] = readRecords(keyText)
  const [rrset] = groupRrsets(readRecords(text))
  assert.ok(record !== undefined && rrset !== undefined && readDnskey(record.rdata).ok)
  const key = readZoneKey(record.rdata)
  assert.ok(key !== undefined)
  const options = {
    zone: zoneOf('vec.test.'),
    keys: [key],
    budget: createBudget(),
    policy: { ...createPolicy(), inceptionSkew: 0 },
  }
  const verdict = verifyRrset(rrset, { ...options, now })
  return verdict.verdict === 'secure' ? 'secure' : verdict.problem.kind
}

function readRecords(text: string) {
  const records = parseZone(text)
  assert.ok(records.ok, JSON.stringify(records))
  return records.value
}

function signed(host: string, address: string, fields: string, signature: string): string {
  return `${host} 3600 IN A ${address}\n${host} 3600 IN RRSIG A 15 ${fields} 3613 vec.test. ${signature}`
}

const crosses2038 = signed(
  't1.vec.test.',
  '192.0.2.71',
  '3 3600 2177452800 2114380800',
  'jbz3RvIwk7MNa4I3g6FWjkHS2C3YYcAbp9J0vdUJz3dDt9/cEhL0IXGEmyBzMy/Lcd72+FijwcZAoYb7svWaBA==',
)
const wraps = signed(
  't2.vec.test.',
  '192.0.2.72',
  '3 3600 1000000 4294000000',
  'oq71ZzCw7niv7CkvSIUUNHZ8blaAj4Oc7zTBC7RE2Hp2mSjPrCizJxnW45eIDwQTR0hK7xgcaCB9mDDJ4vP8CQ==',
)
const inverted = signed(
  't3.vec.test.',
  '192.0.2.73',
  '3 3600 1767225600 2082758400',
  'kBd1iiNz76sfFf7PyKWMbF9+egHw0P2nQequAFwQVR4IqqebM8KxXx4rwbRleEP2n4wHvAMvF3lJnY8p87owBA==',
)
const below = signed(
  'evil.vec.test.',
  '192.0.2.66',
  '1 3600 20360101000000 20260101000000',
  '48Tt6BR1XrxKP3McRrsOQjIz/mI0IpTdp4wcCVES3ZfIR3hEJkC0c8mXloyoLSgdcmtwbgKNJeTHolHRsu8fAg==',
)
const above = signed(
  'evil.vec.test.',
  '192.0.2.66',
  '4 3600 20360101000000 20260101000000',
  'RRDEZUe5z01LxsEGyT501e1a6lCsxrDiTeiU2eR9y/tiJPW+l18XKh0dxL1B0G506WS176oCXmD/VrzbBadrCw==',
)
const offTree = signed(
  'www.other.',
  '192.0.2.66',
  '2 3600 20360101000000 20260101000000',
  '5BcWSgmIH1kBOtseng1R0JF78R1WoXAeYZV9eW7rlo6eyYb5x4o1wvMAEm7rdVs0vEZ31LjY7jXJuZukqyVCAA==',
)

const cases: readonly (readonly [string, string, number, string])[] = [
  ['DV11.1 a signature over 2038 holds', crosses2038, 2_145_916_800, 'secure'],
  ['DV11.1 one second before inception is early', crosses2038, 2_114_380_799, 'not-yet-valid'],
  ['DV11.1 one second after expiration is late', crosses2038, 2_177_452_801, 'expired'],
  ['DV11.2 a signature over 2106 holds before', wraps, 4_294_967_000, 'secure'],
  ['DV11.2 a signature over 2106 holds after', wraps, 500_000, 'secure'],
  ['DV11.2 it ends after the wrap', wraps, 2_000_000, 'expired'],
  ['DV11.2 it begins before the wrap', wraps, 4_293_000_000, 'not-yet-valid'],
  ['DV11.3 inverted times never hold', inverted, 1_900_000_000, 'inverted-times'],
  ['DV12.1 CVE-2026-44690 fewer labels than the signer', below, 1_782_864_000, 'labels'],
  ['DV12.2 more labels than the owner', above, 1_782_864_000, 'labels'],
  ['DV12.3 an owner outside the zone', offTree, 1_782_864_000, 'owner'],
  ['DNSSEC-02 no signature', 'a.vec.test. 60 IN A 192.0.2.1', 1_782_864_000, 'no-signature'],
]

for (const [claim, text, now, expected] of cases) test(claim, () => assert.equal(verdictOf(text, now), expected))

test('DNSSEC-33 every algorithm works with this crypto library', () => {
  assert.deepEqual(brokenAlgorithms({ allowSha1: true }), [])
})

test('DNSSEC-33 what the crypto library cannot do is told by name, SHA-1 only where it is allowed', () => {
  const working = new Map([...workingAlgorithms()].filter(([number]) => ![5, 7, 16].includes(number)))
  assert.deepEqual(brokenAlgorithms({ allowSha1: false }, working), ['ED448'])
  assert.deepEqual(brokenAlgorithms({ allowSha1: true }, working), ['RSASHA1', 'RSASHA1-NSEC3-SHA1', 'ED448'])
})

test('a signature that verified is not checked again over the same data with the same key, and anew over any other', () => {
  const policy = { ...createPolicy({ remembers: true }), inceptionSkew: 0 }
  const algorithm = policy.algorithms.get(15)
  assert.ok(algorithm !== undefined)
  let checks = 0
  const counting = {
    ...algorithm,
    verify: (...given: Parameters<typeof algorithm.verify>) => {
      checks++
      return algorithm.verify(...given)
    },
  }
  const counted = { ...policy, algorithms: new Map([[15, counting]]) }
  const now = 2_145_916_800 // 2038
  const judge = (text: string) => {
    const [record] = readRecords(keyText)
    const [rrset] = groupRrsets(readRecords(text))
    const key = record && readZoneKey(record.rdata)
    assert.ok(key !== undefined && rrset !== undefined)
    const options = { zone: zoneOf('vec.test.'), keys: [key], budget: createBudget(), now, policy: counted }
    return verifyRrset(rrset, options).verdict
  }
  assert.deepEqual([judge(crosses2038), judge(crosses2038), checks], ['secure', 'secure', 1])
  assert.deepEqual([judge(crosses2038.replace('192.0.2.71', '192.0.2.72')), checks], ['bogus', 2])
  assert.deepEqual([judge(crosses2038.replace('192.0.2.71', '192.0.2.72')), checks], ['bogus', 3])
  assert.deepEqual([judge(crosses2038.replace('jbz3', 'jbz4')), checks], ['bogus', 4])
  assert.deepEqual([judge(crosses2038), checks], ['secure', 4])
})
