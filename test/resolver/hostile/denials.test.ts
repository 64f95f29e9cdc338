import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base32hex } from '../../../src/core/dns/base32hex.ts'
import type { ResourceRecord } from '../../../src/core/dns/message.ts'
import { writeName, writeNsec3, writeSoa } from '../../../src/core/dns/rdata/write.ts'
import { RCODE, TYPE } from '../../../src/core/dns/types.ts'
import { codesOf } from '../../../src/core/dnssec/extended-error.ts'
import { nsec3Hash, nsec3Price } from '../../../src/core/dnssec/nsec3.ts'
import { limits } from '../../../src/core/limits.ts'
import { type Name, prependLabels } from '../../../src/core/name/name.ts'
import { makeKey, nameOf, signRrset } from '../../support/sign.ts'
import type { Asked } from '../fake-exchange.ts'
import { engines, verdictOf } from '../signed-world.ts'
import { costOf } from './costs.ts'
import { type Attack, hostileWorld, resolverIn, testAttack } from './hostile-world.ts'
import { dsOf, evil, keyRecords, replyWith, rrsetWith, signedRecords, withFalseSignatures } from './hostile-zone.ts'

const { checks, nsec3Blocks, nsec3HashesPerDenial, nsec3Iterations, nsec3RecordsPerAnswer } = limits.dnssec

const key = makeKey(13)
const ds = [dsOf(key)]
const keys = keyRecords([key], key)

interface Chain {
  readonly iterations?: number
  readonly salt?: Uint8Array
  readonly isFalse?: boolean
}

/** The NSEC3 record of a name, or of what lies around it, with its signature. */
function nsec3(name: Name, types: readonly number[] | 'around', options: Chain = {}): ResourceRecord[] {
  const { iterations = 0, salt = new Uint8Array(), isFalse = false } = options
  const parameters = { hashAlgorithm: 1, flags: 0, iterations, salt }
  // What nobody will compute need not be right.
  const hash = iterations > 500 ? nsec3Hash(name, { ...parameters, iterations: 0 }) : nsec3Hash(name, parameters)
  const owner = types === 'around' ? nextTo(hash, -1) : hash
  const rdata = writeNsec3({ ...parameters, next: nextTo(hash, 1), types: new Set(types === 'around' ? [] : types) })
  const rrset = signRrset(rrsetWith(below(owner), TYPE.NSEC3, [rdata], 300), key, evil)
  return signedRecords(isFalse ? withFalseSignatures(rrset, 1) : rrset)
}

function below(hash: Uint8Array): Name {
  const name = prependLabels([base32hex(hash)], evil)
  if (name === undefined) throw new Error('too long')
  return name
}

function nextTo(hash: Uint8Array, step: number): Uint8Array {
  const octets = Uint8Array.from(hash)
  octets[19] = ((octets[19] as number) + step) & 255
  return octets
}

function soa(): ResourceRecord[] {
  const rdata = writeSoa({ primary: evil, mailbox: evil, serial: 1, refresh: 60, retry: 60, expire: 60, minimum: 60 })
  return signedRecords(signRrset(rrsetWith(evil, TYPE.SOA, [rdata]), key, evil))
}

/** A zone in which nothing is but its apex, and whose server has such proofs of that. */
function denying(proofs: (name: Name) => readonly ResourceRecord[]): NonNullable<Attack['say']> {
  return ({ query, name, type }: Asked) => {
    if (type === TYPE.DNSKEY) return replyWith(query, { answer: keys })
    return replyWith(query, { rcode: RCODE.NXDOMAIN, authority: [...soa(), ...proofs(name)] })
  }
}

const deep = (labels: number) => `${'a.'.repeat(labels)}evil.test. A`
const costly = { iterations: nsec3Iterations, salt: new Uint8Array(255).fill(7) }
const heavy = { iterations: nsec3Iterations }
const apex = (options: Chain) => nsec3(evil, [TYPE.NS, TYPE.SOA], options)
const elsewhere = (count: number, options: Chain) =>
  Array.from({ length: count }, (_, at) => nsec3(nameOf(`x${at}.evil.test.`), [TYPE.A], options)).flat()

testAttack('a name of 120 labels and a proof whose closest encloser is nowhere (CVE-2023-50868)', {
  ...{ ds, question: deep(120), code: 12, says: /^bogus: (?:A|DS) of .* is not denied: the proof is incomplete$/ },
  say: denying(() => elsewhere(2, heavy)),
  most: { rounds: nsec3HashesPerDenial * (nsec3Iterations + 1) * limits.resolver.serversTriedWhenBogus },
  least: { rounds: nsec3Iterations },
})

testAttack('the longest salt, the most iterations, and a deep name', {
  ...{ ds, question: deep(60), code: 6, says: /^limit: too much hashing for a\.[a.]*evil\.test\.$/ },
  say: denying(() => [...apex(costly), ...elsewhere(2, costly)]),
  most: { rounds: Math.floor(nsec3Blocks / nsec3Price(costly)) * (nsec3Iterations + 1) },
  least: { rounds: nsec3Iterations },
})

testAttack('more NSEC3 records than any proof needs', {
  ...{ ds, question: deep(3), code: 6, says: /^limit: too much hashing for / },
  say: denying(() => elsewhere(nsec3RecordsPerAnswer + 1, heavy)),
  most: { rounds: 0, checks },
})

testAttack('a denial padded with hundreds of proofs (CVE-2026-11605)', {
  ...{ ds, question: deep(3), code: 6, says: /^limit: too many signature checks, before signature / },
  say: denying(() => padding),
  most: { rounds: 0, checks },
  least: { checks: checks - 1 },
})
const padding = elsewhere(200, heavy)

testAttack('denials whose signatures are all false', {
  ...{
    ds,
    question: deep(3),
    code: 6,
    says: /^(?:bogus: signature .* over NSEC3 .* does not verify|limit: too many signature checks, .*)$/,
  },
  say: denying(() => falsehoods),
  most: { rounds: 0, checks: limits.dnssec.failedChecks + 8 },
  least: { checks: limits.dnssec.failedChecks },
})
const falsehoods = elsewhere(40, { ...heavy, isFalse: true })

testAttack('a chain of aliases made from wildcards, each with its proof to hash (HashTrap)', {
  ...{ ds, question: 'x1.evil.test. A' },
  say: ({ query, name, type }) => {
    if (type === TYPE.DNSKEY) return replyWith(query, { answer: keys })
    const next = nameOf(`x${Number(/x(\d+)/.exec(name.key)?.[1] ?? 0) + 1}.evil.test.`)
    const wildcard = signRrset(rrsetWith(nameOf('*.evil.test.'), TYPE.CNAME, [writeName(next)]), key, evil)
    return replyWith(query, {
      answer: signedRecords({ ...wildcard, name }),
      authority: nsec3(name, 'around', costly),
    })
  },
  says: /^limit: (?:too much hashing for x\d+\.evil\.test\.|.* more than 11 aliases)$/,
  most: { rounds: nsec3Blocks, checks },
  least: { rounds: nsec3Iterations },
})

testAttack('NSEC3 of two salts in one proof', {
  ...{ ds, question: deep(2), code: 12, says: /^bogus: (?:A|DS) of .* is not denied: the proof is incomplete$/ },
  say: denying(() => [...apex(heavy), ...elsewhere(1, costly)]),
  most: { rounds: 0 },
})

for (const engine of engines) {
  for (const iterations of [nsec3Iterations + 1, 65_535]) {
    const say = denying(() => [...apex({ iterations }), ...elsewhere(1, { iterations })])
    test(`DNSSEC-50, DNSSEC-62: ${engine}: ${iterations} iterations are never computed, and insecure by policy alone`, async () => {
      const { ask } = resolverIn(hostileWorld({ ds }), engine, { say })
      const { value: resolution, costs } = await costOf(() => ask(deep(3)))
      assert.equal(verdictOf(resolution), 'insecure: the proof has more NSEC3 iterations than are allowed')
      assert.deepEqual(codesOf(resolution), [27])
      assert.equal(costs.rounds, 0)
    })

    testAttack(`${iterations} iterations that nobody signed`, {
      ...{ ds, question: deep(3), code: 6, says: /^bogus: signature .* over NSEC3 .* does not verify$/ },
      say: denying(() => [...apex({ iterations, isFalse: true }), ...elsewhere(1, { iterations, isFalse: true })]),
      most: { rounds: 0 },
      engines: [engine],
    })
  }
}
