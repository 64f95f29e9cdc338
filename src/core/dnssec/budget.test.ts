import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dnskeyRrset, dsRdata, verifiedDs } from '../../../test/support/dnssec-vectors.ts'
import { nsec3Around, nsec3At } from '../../../test/support/proofs.ts'
import { makeKey, nameOf, now, rrsetOf, rsaOctets, signRrset, zoneKey } from '../../../test/support/sign.ts'
import { writeDs } from '../dns/rdata/write.ts'
import type { Rrset } from '../dns/rrset.ts'
import { limits } from '../limits.ts'
import { type Budget, createBudget } from './budget.ts'
import { judgeDsDenial, proveDenial, proveWildcard } from './denial.ts'
import { authenticateKeys } from './ds.ts'
import { createPolicy, type ValidationPolicy } from './policy.ts'
import { verifyRrset } from './signature.ts'
import type { ZoneKey } from './zone-key.ts'

const bounds = limits.dnssec
const zone = nameOf('example.')
const key = makeKey(13)

/** A policy that counts imports, checks and digests, whatever the budget says of them. */
function countingPolicy() {
  const counts = { imports: 0, checks: 0, digests: 0 }
  const policy = createPolicy({ allowSha1: true })
  const counting: ValidationPolicy = {
    ...policy,
    algorithms: new Map(
      [...policy.algorithms].map(([number, algorithm]) => [
        number,
        {
          ...algorithm,
          importKey: (publicKey) => {
            counts.imports++
            return algorithm.importKey(publicKey)
          },
          verify: (data, object, signature) => {
            counts.checks++
            return algorithm.verify(data, object, signature)
          },
        },
      ]),
    ),
    digests: new Map(
      [...policy.digests].map(([number, type]) => [
        number,
        {
          ...type,
          digest: (data) => {
            counts.digests++
            return type.digest(data)
          },
        },
      ]),
    ),
  }
  return { counts, policy: counting }
}

/** Other keys of the same tag: the 16-bit words of a key may stand in any order. */
function twinsOf({ algorithm, publicKey }: ZoneKey, count: number): ZoneKey[] {
  return Array.from({ length: count }, (_, at) => {
    const turn = 2 * (1 + at)
    return zoneKey({ algorithm, publicKey: Buffer.concat([publicKey.subarray(turn), publicKey.subarray(0, turn)]) })
  })
}

function times(rrset: Rrset, count: number): Rrset {
  const [signature] = rrset.signatures
  assert.ok(signature)
  const garbage = (at: number) =>
    Uint8Array.from(signature.signature, (octet, place) => (place === at ? octet ^ 1 : octet))
  return { ...rrset, signatures: Array.from({ length: count }, (_, at) => ({ ...signature, signature: garbage(at) })) }
}

function kindOf(verdict: { verdict: string; problem?: { kind: string } }): string {
  return verdict.problem?.kind ?? verdict.verdict
}

const a = signRrset(rrsetOf('a.example. A 192.0.2.1'), key, zone)

test('DNSSEC-62 CVE-2023-50387 20 keys of one tag and 20 signatures cost 8 checks', () => {
  const keys = twinsOf(key, 20)
  assert.deepEqual([...new Set(keys.map(({ keyTag }) => keyTag))], [key.keyTag])
  const { counts, policy } = countingPolicy()
  const valid = { ...key, keyTag: key.keyTag }
  const budget = createBudget()
  const options = { zone, keys: [valid, ...keys], now, policy, budget }
  assert.equal(kindOf(verifyRrset(times(a, 20), options)), 'wrong-signature')
  assert.equal(budget.spent.checks, bounds.signaturesPerRrset)
  assert.equal(budget.spent.failedChecks, bounds.signaturesPerRrset)
  assert.ok(counts.checks + counts.imports <= 2 * bounds.signaturesPerRrset, JSON.stringify(counts))
})

test('DNSSEC-62 of keys with one tag two are tried for a signature', () => {
  const budget = createBudget()
  const options = { zone, keys: [...twinsOf(key, 20), key], now, policy: createPolicy(), budget }
  assert.equal(kindOf(verifyRrset(a, options)), 'invalid-key')
  assert.equal(budget.spent.checks, bounds.keysWithOneTag)
})

test('DNSSEC-62 a good signature behind seven bad ones is found, and behind eight is not', () => {
  const judge = (bad: number) => {
    const signatures = [...times(a, bad).signatures, ...a.signatures]
    const options = { zone, keys: [key], now, policy: createPolicy(), budget: createBudget() }
    return kindOf(verifyRrset({ ...a, signatures }, options))
  }
  assert.equal(judge(bounds.signaturesPerRrset - 1), 'secure')
  assert.equal(judge(bounds.signaturesPerRrset), 'wrong-signature')
})

test('DNSSEC-62 signatures that need no check do not count', () => {
  const [signature] = a.signatures
  assert.ok(signature)
  const foreign = [{ algorithm: 99 }, { keyTag: 0 }, { expiration: 1 }, { signer: nameOf('.') }, { labels: 9 }]
  const signatures = [
    ...foreign.map((fields) => ({ ...signature, ...fields })),
    ...foreign.map(() => ({ ...signature, keyTag: 1 })),
  ]
  const budget = createBudget()
  const options = { zone, keys: [key], now, policy: createPolicy(), budget }
  assert.equal(kindOf(verifyRrset({ ...a, signatures: [...signatures, signature] }, options)), 'secure')
  assert.deepEqual(budget.spent, { checks: 1, failedChecks: 0, nsec3Blocks: 0 })
})

test('DNSSEC-33 DNSSEC-62 in a zone of two algorithms, signatures of the one that is off cost nothing', () => {
  const old = makeKey(7)
  const both = [old, key].flatMap((one) => signRrset({ ...a, signatures: [] }, one, zone).signatures)
  const budget = createBudget()
  const options = { zone, keys: [old, key], now, policy: createPolicy(), budget }
  assert.equal(kindOf(verifyRrset({ ...a, signatures: both }, options)), 'secure')
  assert.deepEqual(budget.spent, { checks: 1, failedChecks: 0, nsec3Blocks: 0 })
  assert.equal(kindOf(verifyRrset({ ...a, signatures: both.slice(0, 1) }, options)), 'no-key')
})

test('DNSSEC-62 failures are counted over all that a question needs, and end it', () => {
  const { counts, policy } = countingPolicy()
  const budget = createBudget()
  const kinds = Array.from({ length: 50 }, () =>
    kindOf(verifyRrset(times(a, 5), { zone, keys: [key], now, policy, budget })),
  )
  assert.deepEqual([...new Set(kinds)], ['wrong-signature', 'limit'])
  assert.equal(counts.checks, bounds.failedChecks)
  assert.equal(kindOf(verifyRrset(a, { zone, keys: [key], now, policy, budget })), 'limit')
  assert.equal(budget.spent.failedChecks, bounds.failedChecks)
})

test('DNSSEC-62 CVE-2026-50045 good signatures are counted too, and nothing sets the count back', () => {
  const budget = createBudget()
  const options = { zone, keys: [key], now, policy: createPolicy(), budget }
  const kinds = Array.from({ length: bounds.checks + 1 }, () => kindOf(verifyRrset(a, options)))
  assert.equal(kinds.indexOf('limit'), bounds.checks)
  assert.equal(budget.spent.checks, bounds.checks)
})

test('DNSSEC-62 CVE-2025-8677 keys that are none count as failures', () => {
  const { counts, policy } = countingPolicy()
  const invalid = zoneKey({ algorithm: 13, publicKey: new Uint8Array(64).fill(7) })
  const rrset = signRrset({ ...a, signatures: [] }, { ...invalid, sign: () => new Uint8Array(64) }, zone)
  const budget = createBudget()
  const options = { zone, keys: [invalid], now, policy, budget }
  const kinds = Array.from({ length: 40 }, () => kindOf(verifyRrset(rrset, options)))
  assert.equal(kinds.filter((kind) => kind === 'invalid-key').length, bounds.failedChecks)
  assert.deepEqual(counts, { imports: bounds.failedChecks, checks: 0, digests: 0 })
})

const f4 = Uint8Array.of(1, 0, 1)
const costly: [claim: string, publicKey: Uint8Array][] = [
  ['an RSA exponent of six octets', rsaOctets(Uint8Array.of(1, 0, 0, 0, 0, 1), new Uint8Array(256).fill(0xab))],
  ['an RSA exponent of 2040 bits', rsaOctets(new Uint8Array(255).fill(0xff), new Uint8Array(256).fill(0xab))],
  ['an RSA modulus of 4104 bits', rsaOctets(f4, new Uint8Array(513).fill(0xab))],
  ['an RSA modulus of 16384 bits', rsaOctets(f4, new Uint8Array(2048).fill(0xab))],
  ['an RSA modulus of 504 bits', rsaOctets(f4, new Uint8Array(63).fill(0xab))],
]
for (const [claim, publicKey] of costly) {
  test(`DNSSEC-35 DNSSEC-62 ${claim} is never computed with`, () => {
    const { counts, policy } = countingPolicy()
    const burden = zoneKey({ algorithm: 8, publicKey })
    const rrset = signRrset({ ...a, signatures: [] }, { ...burden, sign: () => publicKey }, zone)
    const options = { zone, keys: [burden], now, policy, budget: createBudget() }
    assert.equal(kindOf(verifyRrset(rrset, options)), 'invalid-key')
    assert.equal(counts.checks, 0)
  })
}

for (const modulusLength of [512, 4096]) {
  test(`DNSSEC-35 an RSA key of ${modulusLength} bits verifies`, () => {
    const edge = makeKey(8, { modulusLength })
    const rrset = signRrset({ ...a, signatures: [] }, edge, zone)
    const options = { zone, keys: [edge], now, policy: createPolicy(), budget: createBudget() }
    assert.equal(kindOf(verifyRrset(rrset, options)), 'secure')
  })
}

const tagged = (fill: number) =>
  writeDs({ keyTag: key.keyTag, algorithm: 13, digestType: 2, digest: new Uint8Array(32).fill(fill) })

function authenticate(ds: readonly Uint8Array[], rrset: Rrset, policy: ValidationPolicy, budget: Budget) {
  const by = { kind: 'ds', rrset: verifiedDs(zone, ds) } as const
  return authenticateKeys({ zone, rrset, by, now, policy, budget })
}

test('DNSSEC-62 of many DS and many keys of one tag, four digests may fail', () => {
  const { counts, policy } = countingPolicy()
  const ds = Array.from({ length: 100 }, (_, at) => tagged(at))
  const rrset = dnskeyRrset(zone, [...twinsOf(key, 31), key], [key])
  const budget = createBudget()
  assert.equal(kindOf(authenticate(ds, rrset, policy, budget)), 'ds-mismatch')
  assert.deepEqual(counts, { imports: 0, checks: 0, digests: bounds.failedDsMatches })
  assert.equal(budget.spent.checks, 0)
})

test('DNSSEC-62 a DS that matches is found among the first eight, and behind four digests that fail at most', () => {
  const rrset = dnskeyRrset(zone, [key], [key])
  const foreign = (at: number) => dsRdata(zone, zoneKey({ algorithm: 13, publicKey: new Uint8Array(64).fill(at) }))
  const judge = (ds: readonly Uint8Array[]) => kindOf(authenticate(ds, rrset, createPolicy(), createBudget()))
  const good = dsRdata(zone, key)
  assert.equal(judge([0, 1, 2].map(tagged).concat([good])), 'secure')
  assert.equal(judge([0, 1, 2, 3].map(tagged).concat([good])), 'ds-mismatch')
  assert.equal(judge([0, 1, 2, 3, 4, 5, 6].map(foreign).concat([good])), 'secure')
  assert.equal(judge([0, 1, 2, 3, 4, 5, 6, 7].map(foreign).concat([good])), 'ds-mismatch')
})

test('DNSSEC-62 of many keys 64 are looked at', () => {
  const keys = Array.from({ length: bounds.keysPerRrset }, (_, at) =>
    zoneKey({ algorithm: 15, publicKey: new Uint8Array(32).fill(at) }),
  )
  const judge = (all: readonly ZoneKey[]) =>
    authenticate([dsRdata(zone, key)], dnskeyRrset(zone, all, [key]), createPolicy(), createBudget())
  assert.equal(kindOf(judge([...keys, key])), 'ds-mismatch')
  const verdict = judge([key, ...keys])
  assert.equal(verdict.verdict === 'secure' && verdict.keys.length, bounds.keysPerRrset)
})

const deep = (labels: number) => nameOf(`${'a.'.repeat(labels)}example.`)
const costlyHashes = { iterations: 50, salt: 'ab'.repeat(255) }

function deny(given: { name: ReturnType<typeof nameOf>; budget: Budget; proofs: ReturnType<typeof nsec3At>[] }) {
  const verdict = proveDenial({ ...given, zone, policy: createPolicy(), type: 1, isNameError: true })
  return verdict.kind === 'unproved' ? verdict.problem.kind : verdict.kind
}

test('DNSSEC-62 CVE-2023-50868 a name of 120 labels takes eight hashes at most', () => {
  const budget = createBudget()
  const proofs = [nsec3Around('zz.example.', { iterations: 50 })]
  assert.equal(deny({ name: deep(120), budget, proofs }), 'unproved')
  assert.ok(budget.spent.nsec3Blocks <= bounds.nsec3HashesPerDenial * 51, `${budget.spent.nsec3Blocks}`)
})

test('DNSSEC-62 CVE-2023-50868 hashing ends with its budget, however it is spread', () => {
  const budget = createBudget()
  const proofs = [nsec3Around('zz.example.', costlyHashes)]
  const kinds = Array.from({ length: 20 }, (_, at) => deny({ name: deep(3 + (at % 5)), budget, proofs }))
  assert.equal(kinds.at(-1), 'limit')
  assert.ok(budget.spent.nsec3Blocks <= bounds.nsec3Blocks)
  const options = { name: deep(2), zone, proofs, budget, policy: createPolicy() }
  const cut = judgeDsDenial(options)
  assert.equal(cut.kind === 'unproved' && cut.problem.kind, 'limit')
  const wildcard = proveWildcard({ ...options, closestEncloser: zone })
  assert.equal(wildcard.kind === 'unproved' && wildcard.problem.kind, 'limit')
})

test('DNSSEC-62 a denial with nine NSEC3 records is not looked at', () => {
  const budget = createBudget()
  const proofs = Array.from({ length: bounds.nsec3RecordsPerAnswer + 1 }, (_, at) => nsec3Around(`n${at}.example.`))
  assert.equal(deny({ name: deep(1), budget, proofs }), 'limit')
  assert.equal(budget.spent.nsec3Blocks, 0)
})

for (const labels of [1, 2, 5, 6, 7, 8, 20, 120]) {
  test(`DNSSEC-52 a name ${labels} labels below the zone, where nothing is, can be denied`, () => {
    const budget = createBudget()
    const next = `a.example.`
    const proofs = [nsec3At('example.', undefined, { types: 'NS SOA' }), nsec3Around(next), nsec3Around('*.example.')]
    assert.equal(deny({ name: deep(labels), budget, proofs }), 'nxdomain')
    assert.ok(budget.spent.nsec3Blocks <= bounds.nsec3HashesPerDenial)
  })
}

for (const labels of [1, 4, 5, 6, 7, 10, 60]) {
  test(`DNSSEC-52 DNSSEC-62 a host ${labels} labels below its zone can be shown to have no TLSA records`, () => {
    const budget = createBudget()
    const host = `${'a.'.repeat(labels)}example.`
    const proofs = [nsec3At(host, undefined, { types: 'A' }), nsec3Around(`_tcp.${host}`), nsec3Around(`*.${host}`)]
    const name = nameOf(`_25._tcp.${host}`)
    assert.equal(deny({ name, budget, proofs }), 'nxdomain')
    assert.ok(budget.spent.nsec3Blocks <= bounds.nsec3HashesPerDenial)
    for (const missing of proofs) {
      const rest = proofs.filter((proof) => proof !== missing)
      assert.equal(deny({ name, budget: createBudget(), proofs: rest }), 'unproved')
    }
  })
}

test('DNSSEC-62 an encloser far from both its name and its zone proves nothing, and costs no more', () => {
  const enclosers = Array.from({ length: 10 }, (_, at) => at)
  const found = enclosers.map((labels) => {
    const budget = createBudget()
    const encloser = `${'a.'.repeat(labels)}example.`
    const around = [`b.${encloser}`, `*.${encloser}`].map((name) => nsec3Around(name))
    const name = nameOf(`${'c.'.repeat(9 - labels)}b.${encloser}`)
    const verdict = deny({ name, budget, proofs: [nsec3At(encloser, undefined, { types: 'A' }), ...around] })
    assert.ok(budget.spent.nsec3Blocks <= bounds.nsec3HashesPerDenial)
    return verdict === 'nxdomain' ? labels : undefined
  })
  assert.deepEqual(
    found.filter((labels) => labels !== undefined),
    [0, 1, 2, 7, 8, 9],
  )
})
