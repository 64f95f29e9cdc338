import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  closestEncloserOf,
  isCut,
  type MadeZone,
  makeZone,
  nsec3Chain,
  nsecChain,
  type Owner,
  proofOf,
  type Truth,
  truthOf,
} from '../../../test/support/made-zone.ts'
import { nameOf } from '../../../test/support/sign.ts'
import { writeNsec } from '../dns/rdata/write.ts'
import { TYPE } from '../dns/types.ts'
import { limits } from '../limits.ts'
import { isBelow, type Name, nameFromLabels, prependLabels, sameName } from '../name/name.ts'
import { createBudget } from './budget.ts'
import { judgeDsDenial, proveDenial, proveWildcard } from './denial.ts'
import { createPolicy } from './policy.ts'
import type { VerifiedRrset } from './signature.ts'

const origin = nameOf('example.')
const policy = createPolicy()
const { A, CNAME, DNAME, DS, MX, NS, TXT } = TYPE

const label = fc.constantFrom('a', 'b', '*', 'B', '\0', '\xff', '-')
const below = (maxLength: number) =>
  fc.array(label, { minLength: 1, maxLength }).map((labels) => prependLabels(labels, origin) ?? origin)
const types = fc.constantFrom<number[][]>([A], [A, MX], [TXT], [CNAME], [NS], [NS, DS], [DNAME, A])
const owner: fc.Arbitrary<Owner> = fc.record({ name: below(3), types: types.map((all) => new Set(all)) })
const zone = fc.array(owner, { maxLength: 6 }).map((owners) => makeZone(origin, owners))
const asked = fc.record({
  name: fc.oneof(below(4), fc.constant(origin), fc.constantFrom(nameOf('example.a.'), nameOf('.'))),
  type: fc.constantFrom<number[]>(A, MX, TXT, CNAME, NS, DS),
  isNameError: fc.boolean(),
})
/** Which records of a chain a reply has. */
const choice = fc.array(fc.boolean(), { minLength: 40, maxLength: 40 })

type Asked = typeof asked extends fc.Arbitrary<infer Question> ? Question : never

function optionsFor(name: Name, proofs: readonly VerifiedRrset[], of = origin) {
  return { name, zone: of, proofs, budget: createBudget(), policy }
}

function denialOf(question: Asked, proofs: readonly VerifiedRrset[], of = origin): string {
  const verdict = proveDenial({ ...question, ...optionsFor(question.name, proofs, of) })
  return verdict.kind === 'unproved' ? 'unproved' : `${verdict.status} ${verdict.kind}`
}

function cutOf(name: Name, proofs: readonly VerifiedRrset[], of = origin): string {
  return judgeDsDenial(optionsFor(name, proofs, of)).kind
}

/** What may be concluded of a name when every record of the chain is at hand. */
function expectedDenial(truth: Truth, { name, type, isNameError }: Asked, by: 'nsec' | 'nsec3'): string {
  switch (truth.kind) {
    case 'elsewhere':
      return 'unproved'
    case 'empty':
      return 'secure nodata'
    case 'nothing':
      return isNameError ? 'secure nxdomain' : 'unproved'
    case 'wildcard':
      return truth.types.has(type) || truth.types.has(CNAME) || isCut(truth) ? 'unproved' : 'secure nodata'
    case 'owner': {
      if (truth.types.has(type) || truth.types.has(CNAME)) return 'unproved'
      if (type === DS) return sameName(name, origin) ? 'unproved' : 'secure nodata'
      if (!isCut(truth)) return 'secure nodata'
      const isUnsigned = by === 'nsec3' && !truth.types.has(DS)
      return isUnsigned ? `insecure ${isNameError ? 'nxdomain' : 'nodata'}` : 'unproved'
    }
  }
}

function expectedCut(truth: Truth, name: Name, by: 'nsec' | 'nsec3'): string {
  switch (truth.kind) {
    case 'elsewhere':
      return 'unproved'
    case 'empty':
      return 'no-cut'
    case 'nothing':
      return 'nothing-below'
    case 'wildcard':
      return truth.types.has(CNAME) || truth.types.has(NS) ? 'unproved' : 'no-cut'
    case 'owner':
      if (sameName(name, origin) || truth.types.has(DS)) return 'unproved'
      if (truth.types.has(CNAME)) return by === 'nsec' ? 'no-cut' : 'unproved'
      return isCut(truth) ? 'insecure-delegation' : 'no-cut'
  }
}

function chosen(chain: readonly VerifiedRrset[], choice: readonly boolean[]): VerifiedRrset[] {
  return chain.filter((_, at) => choice[at]).slice(0, limits.dnssec.nsec3RecordsPerAnswer)
}

const kinds = [
  ['nsec', nsecChain],
  ['nsec3', nsec3Chain],
] as const

for (const [by, chainOf] of kinds) {
  test(`DNSSEC-43 DNSSEC-44 DNSSEC-45 DNSSEC-46 DNSSEC-53 DNSSEC-54 DNSSEC-56 a whole chain of ${by} proves what is so`, () => {
    const property = fc.property(zone, asked, (made, question) => {
      const chain = chainOf(made)
      if (by === 'nsec3' && chain.length > limits.dnssec.nsec3RecordsPerAnswer) return
      const truth = truthOf(made, question.name)
      assert.equal(denialOf(question, chain), expectedDenial(truth, question, by))
      assert.equal(cutOf(question.name, chain), expectedCut(truth, question.name, by))
    })
    fc.assert(property, { numRuns: 400 })
  })

  test(`DNSSEC-43 DNSSEC-52 no part of a chain of ${by} proves anything else`, () => {
    const property = fc.property(zone, asked, choice, (made, question, some) => {
      const proofs = chosen(chainOf(made), some)
      const truth = truthOf(made, question.name)
      const denied = denialOf(question, proofs)
      if (denied !== 'unproved') assert.equal(denied, expectedDenial(truth, question, by))
      const cut = cutOf(question.name, proofs)
      if (cut !== 'unproved') assert.equal(cut, expectedCut(truth, question.name, by))
    })
    fc.assert(property, { numRuns: 400 })
  })

  test(`DNSSEC-40 DNSSEC-56 no part of a chain of ${by} lets a wildcard stand for a name that is there`, () => {
    const property = fc.property(zone, asked, choice, fc.nat(4), (made, { name }, some, depth) => {
      const labels = Math.min(depth + 1, name.labelCount)
      const closestEncloser = nameFromLabels(labelsFrom(name, labels)) ?? origin
      const truth = truthOf(made, name)
      const isSo = truth.kind === 'wildcard' || truth.kind === 'nothing'
      const isRight = isSo && sameName(closestEncloserOf(made, name), closestEncloser)
      const verdict = proveWildcard({ ...optionsFor(name, chosen(nsecOrNot(made, by), some)), closestEncloser })
      // NSEC3 shows no encloser, only that the next closer name is not there: then nothing closer than the encloser is.
      if (verdict.kind === 'proved') assert.ok(by === 'nsec3' ? isAbsentBelow(made, name, closestEncloser) : isRight)
      if (isRight && truth.kind === 'wildcard') {
        const whole = nsecOrNot(made, by)
        if (by === 'nsec3' && whole.length > limits.dnssec.nsec3RecordsPerAnswer) return
        assert.equal(proveWildcard({ ...optionsFor(name, whole), closestEncloser }).kind, 'proved')
      }
    })
    fc.assert(property, { numRuns: 300 })
  })

  test(`DNSSEC-43 a chain of ${by} proves nothing for another zone`, () => {
    const property = fc.property(zone, asked, (made, question) => {
      for (const other of [nameOf('.'), nameOf('a.example.'), nameOf('a.')]) {
        assert.equal(denialOf(question, chosen(chainOf(made), Array(40).fill(true)), other), 'unproved')
        assert.equal(cutOf(question.name, chosen(chainOf(made), Array(40).fill(true)), other), 'unproved')
      }
    })
    fc.assert(property, { numRuns: 60 })
  })

  test(`DNSSEC-44 DNSSEC-45 DNSSEC-53 of a proof by ${by} no record can be left out`, () => {
    const property = fc.property(zone, asked, (made, question) => {
      const chain = chosen(chainOf(made), Array(40).fill(true))
      const verdict = denialOf(question, chain)
      if (verdict === 'unproved') return
      const needed = chain.filter(
        (record) =>
          denialOf(
            question,
            chain.filter((one) => one !== record),
          ) === 'unproved',
      )
      for (const record of needed) {
        const rest = chain.filter((one) => one !== record)
        for (const part of [rest, rest.slice(1), rest.slice(0, -1)]) assert.equal(denialOf(question, part), 'unproved')
      }
      assert.equal(denialOf(question, needed), verdict)
      assert.ok(needed.length > 0 && needed.length <= 3, `${needed.length} records`)
    })
    fc.assert(property, { numRuns: 200 })
  })
}

function nsecOrNot(made: MadeZone, by: 'nsec' | 'nsec3'): VerifiedRrset[] {
  return by === 'nsec' ? nsecChain(made) : nsec3Chain(made)
}

function labelsFrom(name: Name, count: number): string[] {
  const labels: string[] = []
  for (let at = 0; at < name.wire.length - 1; at += 1 + name.wire.charCodeAt(at)) {
    labels.push(name.wire.slice(at + 1, at + 1 + name.wire.charCodeAt(at)))
  }
  return labels.slice(labels.length - count)
}

/** Whether the name right below the encloser, towards `name`, is not there. */
function isAbsentBelow(made: MadeZone, name: Name, encloser: Name): boolean {
  const nextCloser = nameFromLabels(labelsFrom(name, encloser.labelCount + 1))
  return (
    nextCloser !== undefined &&
    !made.owners.some((one) => sameName(one.name, nextCloser) || isBelow(one.name, nextCloser))
  )
}

test('DNSSEC-53 DNSSEC-55 DNSSEC-56 with opt-out only what has a record of its own is secure', () => {
  const property = fc.property(zone, asked, choice, (made, question, some) => {
    const denied = denialOf(question, chosen(nsec3Chain(made, { optOut: true }), some))
    const truth = truthOf(made, question.name)
    if (denied.startsWith('secure')) {
      assert.ok(truth.kind === 'owner' || truth.kind === 'empty')
      assert.equal(denied, expectedDenial(truth, question, 'nsec3'))
    }
    const cut = cutOf(question.name, chosen(nsec3Chain(made, { optOut: true }), some))
    assert.ok(cut !== 'nothing-below')
    if (cut === 'no-cut') assert.ok(truth.kind === 'empty' || (truth.kind === 'owner' && !isCut(truth)))
    if (cut === 'opt-out') assert.ok(truth.kind !== 'owner' || (isCut(truth) && !truth.types.has(DS)))
  })
  fc.assert(property, { numRuns: 400 })
})

test('DNSSEC-43 DNSSEC-44 RFC 6840 §4.1 what the parent says at a cut denies nothing in the child', () => {
  const bits = fc.uniqueArray(fc.constantFrom<number[]>(A, MX, TXT, DS, CNAME, DNAME, TYPE.TLSA, TYPE.NXNAME + 1))
  const inside = fc.array(label, { maxLength: 3 })
  const property = fc.property(bits, inside, asked, fc.boolean(), (more, labels, { type, isNameError }, reaches) => {
    const cut = nameOf('a.example.')
    const next = reaches ? nameOf('b.example.') : origin
    const types = new Set([NS, ...more, TYPE.RRSIG, TYPE.NSEC])
    const proofs = [proofOf(origin, cut, TYPE.NSEC, writeNsec({ next, types }))]
    const apex = writeNsec({ next: cut, types: new Set([NS, TYPE.SOA, TYPE.RRSIG, TYPE.NSEC]) })
    const name = prependLabels(labels, cut) ?? cut
    if (sameName(name, cut) && type === DS) return
    for (const all of [proofs, [...proofs, proofOf(origin, origin, TYPE.NSEC, apex)]]) {
      assert.equal(denialOf({ name, type, isNameError }, all), 'unproved')
      if (!sameName(name, cut)) assert.equal(cutOf(name, all), 'unproved')
    }
  })
  fc.assert(property, { numRuns: 300 })
})
