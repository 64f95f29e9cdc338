import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nsec3Around, nsec3At, verified } from '../../../test/support/proofs.ts'
import { nameOf } from '../../../test/support/sign.ts'
import { formatRdata } from '../dns/rdata/format.ts'
import { parseType, TYPE } from '../dns/types.ts'
import { formatName } from '../name/text.ts'
import { createBudget } from './budget.ts'
import { judgeDsDenial, proveDenial, proveWildcard } from './denial.ts'
import { createPolicy } from './policy.ts'
import type { VerifiedRrset } from './signature.ts'

interface Question {
  readonly zone?: string
  readonly name?: string
  readonly type?: string
  readonly rcode?: 'NOERROR' | 'NXDOMAIN'
}

function optionsFor(proofs: readonly VerifiedRrset[], { zone = 'example.', name = 'nx.example.' }: Question = {}) {
  return { zone: nameOf(zone), name: nameOf(name), proofs, policy: createPolicy(), budget: createBudget() }
}

function show(verdict: { kind: string; status?: string; because?: string | undefined }): string {
  return [verdict.kind, verdict.status, verdict.because].filter((word) => word !== undefined).join(' ')
}

function denial(proofs: readonly VerifiedRrset[], question: Question = {}): string {
  const { type = 'A', rcode = 'NXDOMAIN' } = question
  const options = { ...optionsFor(proofs, question), type: parseType(type) ?? 0, isNameError: rcode === 'NXDOMAIN' }
  return show(proveDenial(options))
}

function dsDenial(proofs: readonly VerifiedRrset[], question: Question = {}): string {
  return show(judgeDsDenial(optionsFor(proofs, question)))
}

const nodata = { name: 'host.example.', type: 'TXT', rcode: 'NOERROR' } as const

const nsecName = verified('ns.example. NSEC zz.example. A RRSIG NSEC')
const nsecWildcard = verified('example. NSEC a.example. NS SOA RRSIG NSEC DNSKEY')
const nsec3 = (given = {}) => [
  nsec3At('example.', undefined, { types: 'NS SOA RRSIG DNSKEY NSEC3PARAM', ...given }),
  nsec3Around('nx.example.', given),
  nsec3Around('*.example.', given),
]
const secure = 'nxdomain secure'

test('DNSSEC-57 either kind of proof does alone', () => {
  assert.equal(denial([nsecName, nsecWildcard]), secure)
  assert.equal(denial(nsec3()), secure)
})

test('DNSSEC-57 NSEC3 proves what NSEC leaves open, in any order', () => {
  for (const nsec of [nsecName, nsecWildcard]) {
    assert.equal(denial([nsec, ...nsec3()]), secure)
    assert.equal(denial([...nsec3(), nsec]), secure)
    assert.equal(dsDenial([nsec, ...nsec3()]), 'nothing-below')
  }
})

test('DNSSEC-57 NSEC proves what NSEC3 leaves open', () => {
  for (const part of nsec3()) assert.equal(denial([part, nsecName, nsecWildcard]), secure)
  assert.equal(denial([...nsec3({ iterations: 51 }), nsecName, nsecWildcard]), secure)
})

test('DNSSEC-57 the kinds never make up one proof together', () => {
  const [apex, closer, wildcard] = nsec3()
  assert.ok(apex && closer && wildcard)
  assert.equal(denial([nsecName, wildcard, apex]), 'unproved')
  assert.equal(denial([nsecWildcard, closer, apex]), 'unproved')
  assert.equal(denial([nsecName, closer, apex]), 'unproved')
  assert.equal(dsDenial([nsecName, wildcard, apex]), 'unproved')
})

test('DNSSEC-57 NSEC3 that denies a name does not suffer from NSEC that says otherwise of it', () => {
  const own = verified('nx.example. NSEC zz.example. A RRSIG NSEC')
  assert.equal(denial([own, ...nsec3()]), secure)
  assert.equal(denial([own], { rcode: 'NOERROR' }), 'unproved')
})

const [at, around] = [nsec3At, nsec3Around]
const usable: [claim: string, proofs: VerifiedRrset[], expected: string][] = [
  ['50 iterations', [at('host.example.', undefined, { iterations: 50, types: 'A RRSIG' })], 'nodata secure'],
  ['51 iterations', [at('host.example.', undefined, { iterations: 51 })], 'nodata insecure nsec3-iterations'],
  ['2500 iterations, of any name', [around('a.example.', { iterations: 2500 })], 'nodata insecure nsec3-iterations'],
  ['flags that nobody knows', [at('host.example.', undefined, { flags: 2 })], 'unproved'],
  ['flags beside opt-out', [at('host.example.', undefined, { flags: 3 })], 'unproved'],
  ['another hash', [at('host.example.', undefined, { hashAlgorithm: 2 })], 'unproved'],
  [
    'another hash and 51 iterations',
    [at('host.example.', undefined, { hashAlgorithm: 2, iterations: 51 })],
    'unproved',
  ],
  ['two salts', [at('host.example.', undefined), around('a.example.', { salt: 'ab' })], 'unproved'],
  ['two counts of iterations', [at('host.example.', undefined), around('a.example.', { iterations: 51 })], 'unproved'],
  ['opt-out, which does not matter', [at('host.example.', undefined, { flags: 1 })], 'nodata secure'],
  ['a salt of 255 octets', [at('host.example.', undefined, { salt: 'ab'.repeat(255) })], 'nodata secure'],
]
for (const [claim, proofs, expected] of usable) {
  test(`DNSSEC-50 NSEC3 with ${claim}: ${expected}`, () => assert.equal(denial(proofs, nodata), expected))
}

test('DNSSEC-50 CVE-2026-1519 the limit of iterations holds for delegations and wildcards too', () => {
  const proofs = [nsec3At('host.example.', undefined, { iterations: 51, types: 'NS' })]
  assert.equal(dsDenial(proofs, { name: 'host.example.' }), 'insecure-delegation nsec3-iterations')
  const options = { ...optionsFor(proofs), closestEncloser: nameOf('example.') }
  assert.equal(show(proveWildcard(options)), 'proved insecure nsec3-iterations')
})

test('DNSSEC-50 an answer with too many iterations costs no hash', () => {
  const options = optionsFor(nsec3({ iterations: 51 }))
  proveDenial({ ...options, type: 1, isNameError: true })
  assert.equal(options.budget.spent.nsec3Blocks, 0)
})

const matched = (types: string) => [verified(`host.example. NSEC zz.example. ${types} RRSIG NSEC`)]

test('DNSSEC-49 compact denial of a name is told by its type', () => {
  const proofs = [verified('nx.example. NSEC \\000.nx.example. RRSIG NSEC NXNAME')]
  assert.equal(denial(proofs, { rcode: 'NOERROR' }), secure)
  assert.equal(denial(proofs), secure)
  assert.equal(dsDenial(proofs), 'nothing-below')
  assert.equal(denial(proofs, { name: 'below.nx.example.' }), 'unproved')
  assert.equal(denial([nsec3At('nx.example.', undefined, { types: 'NXNAME' })], { rcode: 'NOERROR' }), secure)
})

test('DNSSEC-71 compact denial is marked, as it says nothing of names below, and no other is', () => {
  const isCompact = (given: readonly VerifiedRrset[]) => {
    const verdict = proveDenial({ ...optionsFor(given), type: TYPE.A, isNameError: true })
    return verdict.kind === 'nxdomain' && verdict.isCompact === true
  }
  assert.ok(isCompact([verified('nx.example. NSEC \\000.nx.example. RRSIG NSEC NXNAME')]))
  assert.ok(isCompact([nsec3At('nx.example.', undefined, { types: 'NXNAME' })]))
  assert.ok(!isCompact([nsecName, nsecWildcard]) && !isCompact(nsec3()))
})

test('DNSSEC-49 records made for one question are ordinary ones', () => {
  assert.equal(denial([verified('host.example. NSEC \\000.host.example. A RRSIG NSEC')], nodata), 'nodata secure')
  const name = verified('mx.example. NSEC nx\\000.example. A RRSIG NSEC')
  const wildcard = verified('\\).example. NSEC +.example. A RRSIG NSEC')
  assert.equal(denial([name, wildcard]), secure)
})

const ofWildcard: [claim: string, types: string, asked: string, expected: string, cut: string][] = [
  ['the type', 'A', 'A', 'unproved', 'no-cut'],
  ['another type', 'MX', 'A', 'nodata secure', 'no-cut'],
  ['an alias', 'CNAME', 'A', 'unproved', 'unproved'],
  ['a delegation', 'NS', 'A', 'unproved', 'unproved'],
  ['a delegation with DS', 'NS DS', 'A', 'unproved', 'unproved'],
  ['a DNAME', 'DNAME', 'A', 'nodata secure', 'no-cut'],
]
for (const [claim, types, asked, expected, cut] of ofWildcard) {
  const byNsec = [verified(`*.example. NSEC zz.example. ${types} RRSIG NSEC`)]
  const byNsec3 = [...nsec3().slice(0, 2), nsec3At('*.example.', undefined, { types })]
  test(`DNSSEC-46 DNSSEC-56 a wildcard with ${claim}: ${expected}`, () => {
    for (const proofs of [byNsec, byNsec3]) assert.equal(denial(proofs, { type: asked, rcode: 'NOERROR' }), expected)
  })
  test(`DNSSEC-11 DNSSEC-46 DNSSEC-55 a wildcard with ${claim} is ${cut}`, () => {
    for (const proofs of [byNsec, byNsec3]) assert.equal(dsDenial(proofs), cut)
  })
}

test('DNSSEC-46 a wildcard that is an empty non-terminal has no type', () => {
  const proofs = [verified('example. NSEC a.*.example. NS SOA RRSIG NSEC'), nsecName]
  assert.equal(denial(proofs, { rcode: 'NOERROR' }), 'nodata secure')
})

for (const [claim, types] of [
  ['a DNAME', 'DNAME'],
  ['an unsigned delegation', 'NS'],
  ['a delegation', 'NS DS'],
]) {
  test(`DNSSEC-43 DNSSEC-52 nothing is denied below ${claim}`, () => {
    const question = { name: 'a.host.example.' }
    const given = { types: `${types} RRSIG` }
    const byNsec3 = [
      nsec3At('host.example.', undefined, given),
      nsec3Around('a.host.example.'),
      nsec3Around('*.host.example.'),
    ]
    for (const proofs of [matched(types ?? ''), byNsec3]) {
      assert.equal(denial(proofs, question), 'unproved')
      assert.equal(denial(proofs, { ...question, rcode: 'NOERROR' }), 'unproved')
      assert.equal(dsDenial(proofs, question), 'unproved')
    }
  })
}

const delegations: [types: string, byNsec: string, byNsec3: string, cut: string][] = [
  ['NS', 'unproved', 'nodata insecure unsigned-delegation', 'insecure-delegation unsigned-delegation'],
  ['NS DS', 'unproved', 'unproved', 'unproved'],
  ['NS CNAME', 'unproved', 'unproved', 'insecure-delegation unsigned-delegation'],
  ['NS SOA', 'nodata secure', 'nodata secure', 'unproved'],
  ['A', 'nodata secure', 'nodata secure', 'no-cut'],
]
for (const [types, byNsec, byNsec3, cut] of delegations) {
  test(`DNSSEC-44 DNSSEC-47 DNSSEC-54 DNSSEC-55 a name with ${types}, asked for TXT and DS`, () => {
    const proof = nsec3At('host.example.', undefined, { types })
    assert.equal(denial(matched(types), nodata), byNsec)
    assert.equal(denial([proof], nodata), byNsec3)
    assert.equal(dsDenial(matched(types), nodata), cut)
    if (types !== 'NS CNAME') assert.equal(dsDenial([proof], nodata), cut)
  })
}

test('DNSSEC-13 the root denies its own DS', () => {
  const root = { zone: '.', name: '.', type: 'DS', rcode: 'NOERROR' } as const
  assert.equal(denial([verified('. NSEC aaa. NS SOA RRSIG NSEC DNSKEY', '.')], root), 'nodata secure')
  assert.equal(denial([nsec3At('.', undefined, { zone: '.', types: 'NS SOA RRSIG' })], root), 'nodata secure')
})

test('DNSSEC-43 one record is the whole chain of a zone with one name', () => {
  const proofs = [verified('example. NSEC example. NS SOA RRSIG NSEC DNSKEY')]
  assert.equal(denial(proofs), secure)
  assert.equal(denial(proofs, { name: 'a.b.example.' }), secure)
  assert.equal(denial(proofs, { name: 'other.' }), 'unproved')
  assert.equal(denial([nsec3At('example.', 'example.', { types: 'NS SOA RRSIG' })]), secure)
})

const useless: [claim: string, proof: VerifiedRrset][] = [
  ['a record that ends where it begins, and not at the apex', verified('mx.example. NSEC mx.example. A')],
  ['a record that goes back, and not to the apex', verified('mx.example. NSEC a.example. A')],
  ['a record that ends at the name', verified('mx.example. NSEC nx.example. A')],
  ['two records of one owner', verified('mx.example. NSEC ny.example. A\nmx.example. NSEC nz.example. A')],
  ['a record of another zone', verified('mx.example. NSEC zz.example. A', '.')],
]
for (const [claim, proof] of useless) {
  test(`DNSSEC-43 ${claim} covers nothing`, () => {
    assert.equal(denial([proof, nsecWildcard]), 'unproved')
    assert.equal(dsDenial([proof, nsecWildcard]), 'unproved')
  })
}

test('DNSSEC-43 the last record of a zone covers nothing that sorts behind the zone', () => {
  const proofs = [verified('\\!.test. NSEC \\!.test. NS SOA RRSIG NSEC', '\\!.test.')]
  assert.equal(denial(proofs, { zone: '\\!.test.', name: 'x.\\!.test.' }), secure)
  assert.equal(denial(proofs, { zone: '\\!.test.', name: 'x.test.' }), 'unproved')
})

test('DNSSEC-17 DNSSEC-50 NSEC3 says nothing of a name outside its zone, whatever it hashes', () => {
  const proofs = [nsec3At('host.other.', undefined, { types: 'A' })]
  assert.equal(denial(proofs, { name: 'host.other.', rcode: 'NOERROR' }), 'unproved')
  assert.equal(dsDenial(proofs, { name: 'host.other.' }), 'unproved')
})

test('DNSSEC-50 the next hash is as long as SHA-1 makes it', () => {
  const owner = nsec3At('host.example.', undefined).name
  const text = (next: string) => `${formatName(owner)} NSEC3 1 0 0 - ${next} A`
  assert.equal(denial([verified(text('0'.repeat(32)))], nodata), 'nodata secure')
  for (const next of ['0'.repeat(16), '0'.repeat(64)]) assert.equal(denial([verified(text(next))], nodata), 'unproved')
})

test('DNSSEC-53 DNSSEC-55 opt-out excuses no wildcard that is left open, but for DS', () => {
  const proofs = nsec3({ flags: 1 }).slice(0, 2)
  assert.equal(denial(proofs), 'unproved')
  assert.equal(denial(proofs, { rcode: 'NOERROR' }), 'unproved')
  assert.equal(denial(proofs, { type: 'DS', rcode: 'NOERROR' }), 'nodata insecure opt-out')
  assert.equal(dsDenial(proofs), 'opt-out')
})

function wildcard(proofs: readonly VerifiedRrset[], name: string): string {
  return show(proveWildcard({ ...optionsFor(proofs, { name }), closestEncloser: nameOf('example.') }))
}

test('DNSSEC-51 an NSEC3 record covers neither its owner nor its next one, wherever the chain wraps', () => {
  for (const other of Array.from({ length: 12 }, (_, at) => `n${at}.example.`)) {
    for (const [from, to] of [
      [other, 'host.example.'],
      ['host.example.', other],
    ] as const) {
      const proofs = [nsec3At(from, to, { types: 'A RRSIG' })]
      assert.equal(wildcard(proofs, 'host.example.'), 'unproved', `${from} to ${to}`)
      assert.equal(wildcard([...proofs, nsec3Around('host.example.')], 'host.example.'), 'proved secure')
    }
  }
})

test('DNSSEC-43 an NSEC record covers neither its owner nor its next one', () => {
  const record = verified('a.example. NSEC host.example. A RRSIG NSEC')
  for (const name of ['a.example.', 'host.example.']) assert.equal(wildcard([record], name), 'unproved')
  assert.equal(wildcard([record], 'b.example.'), 'proved secure')
})

test('DNSSEC-43 DNSSEC-50 what another zone signed of the same name or hash proves nothing', () => {
  const zone = 'other.'
  assert.equal(denial([nsec3At('host.example.', undefined, { types: 'A' })], nodata), 'nodata secure')
  assert.equal(denial([nsec3At('host.example.', undefined, { types: 'A', zone })], nodata), 'unproved')
  const around = ['nx.example.', '*.example.'].map((name) => nsec3Around(name, { zone }))
  assert.equal(denial([nsec3At('example.', undefined, { types: 'NS SOA', zone }), ...around]), 'unproved')
  const ofRoot = verified('host.example. NSEC zz.example. A RRSIG NSEC', '.')
  assert.equal(denial([ofRoot], nodata), 'unproved')
})

test('DNSSEC-50 of two NSEC or NSEC3 records at one owner, neither proves anything', () => {
  const at = nsec3At('host.example.', undefined, { types: 'A' })
  const other = nsec3At('host.example.', 'a.example.', { types: 'A' })
  const owner = formatName(at.name)
  const texts = [...at.rdatas, ...other.rdatas].map((rdata) => `${owner} NSEC3 ${formatRdata(TYPE.NSEC3, rdata)}`)
  assert.equal(denial([verified(texts[0] ?? '')], nodata), 'nodata secure')
  assert.equal(denial([verified(texts.join('\n'))], nodata), 'unproved')
  const twice = 'host.example. NSEC a.example. A\nhost.example. NSEC zz.example. A'
  assert.equal(denial([verified(twice)], nodata), 'unproved')
})
