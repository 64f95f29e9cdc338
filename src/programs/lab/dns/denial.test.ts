import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Question, ResourceRecord } from '../../../core/dns/message.ts'
import { groupRrsets } from '../../../core/dns/rrset.ts'
import { CLASS, formatType, RCODE, TYPE } from '../../../core/dns/types.ts'
import { createBudget } from '../../../core/dnssec/budget.ts'
import { judgeDsDenial, proveDenial, proveWildcard } from '../../../core/dnssec/denial.ts'
import { createPolicy } from '../../../core/dnssec/policy.ts'
import { type VerifiedRrset, verifyRrset } from '../../../core/dnssec/signature.ts'
import { readZoneKey } from '../../../core/dnssec/zone-key.ts'
import type { Name } from '../../../core/name/name.ts'
import { denials } from '../world/world.ts'
import { answerQuestion, type Sections } from './answer.ts'
import { createSigningKey } from './signing-key.ts'
import { readOwner, readZoneText } from './text.ts'
import { arrangeZone, closestEncloser, firstLabel, type ServedZone } from './zone.ts'
import { createSigner } from './zone-signer.ts'

const zone = readOwner('z')
const now = Date.parse('2026-06-01T12:00:00Z')
const policy = createPolicy()
const key = createSigningKey(15, 257)
const keys = [readZoneKey(key.rdata)].filter((one) => one !== undefined)
const apex = 'z. 60 SOA ns.z. host.z. 1 60 60 60 60\nz. NS ns.x.\n'

/** Names near to each other, so that questions meet what is there, what is between and what is below. */
const owner = fc
  .array(fc.constantFrom('a', 'b', 'c', '*'), { minLength: 1, maxLength: 4 })
  .map((labels) => `${labels.join('.')}.z.`)
const data = fc.constantFrom(
  'TXT "x"',
  'A 192.0.2.1',
  'NS ns.x.',
  `NS ns.x.\n@ DS 1 13 2 ${'ab'.repeat(32)}`,
  'MX 0 m.x.',
)

const lines = fc.uniqueArray(fc.tuple(owner, data), { selector: ([name]) => name, maxLength: 6 })

function textOf(entries: readonly (readonly [string, string])[]): string {
  return entries
    .filter(([name, rdata]) => !(name.includes('*') && rdata.startsWith('NS'))) // RFC 4592 §4.2 leaves those open
    .map(([name, rdata]) => `${name} ${rdata.replace('@', name)}\n`)
    .join('')
}

function serve(text: string, denial: (typeof denials)[number]): ServedZone {
  const signer = createSigner({ origin: zone, keys: [key], denial })
  return arrangeZone(zone, signer.sign(readZoneText(apex + text), now), signer.hash)
}

function verified(records: readonly ResourceRecord[]): VerifiedRrset[] {
  return groupRrsets(records).flatMap((rrset) => {
    const verdict = verifyRrset(rrset, { zone, keys, now: now / 1000, budget: createBudget(), policy })
    return verdict.verdict === 'secure' ? [verdict.rrset] : []
  })
}

/** What a validator makes of an answer, in a word; `unproved` words are failures. */
function judge(sections: Sections, { name, type }: Question): string {
  const proofs = verified(sections.authority)
  const common = { zone, proofs, budget: createBudget(), policy }
  if (sections.answer.length > 0) {
    const [rrset] = verified(sections.answer)
    if (rrset === undefined) return 'unproved: answer'
    if (rrset.closestEncloser === undefined) return 'answer'
    return proveWildcard({ ...common, name, closestEncloser: rrset.closestEncloser }).kind
  }
  if (!sections.isAuthoritative) {
    const cut = sections.authority.find((record) => record.type === TYPE.NS)
    if (cut === undefined) return 'unproved: no delegation'
    if (proofs.some((rrset) => rrset.type === TYPE.DS)) return 'delegation'
    const { kind } = judgeDsDenial({ ...common, name: cut.name })
    return kind === 'insecure-delegation' || kind === 'opt-out' ? 'delegation' : `unproved: ${kind}`
  }
  const verdict = proveDenial({ ...common, name, type, isNameError: sections.rcode === RCODE.NXDOMAIN })
  return verdict.kind === 'unproved' ? `unproved: ${verdict.problem.text}` : verdict.kind
}

/**
 * Opt-out leaves out empty non-terminals above unsigned delegations alone. That such a name has no other types, and that
 * no wildcard above it counts below it, is then nothing that could be proved.
 */
function isBeyondProof(served: ServedZone, { name, type }: Question): boolean {
  const isLeftOut = (one: Name) => served.emptyNonTerminals.has(one.key) && !hasNsec3(served, one)
  if (type !== TYPE.DS && isLeftOut(name)) return true
  return isLeftOut(closestEncloser(served, name)) && [...served.nodes.keys()].some((key) => key.includes('*'))
}

function hasNsec3({ nsec3, hash }: ServedZone, name: Name): boolean {
  return hash === undefined || nsec3.some((node) => firstLabel(node.name) === hash(name))
}

for (const denial of denials) {
  test(`${denial}: whatever is asked, the answer proves itself to the validator`, () => {
    fc.assert(
      fc.property(lines, owner, fc.constantFrom(TYPE.A, TYPE.TXT, TYPE.DS, TYPE.MX), (entries, asked, type) => {
        const served = serve(textOf(entries), denial)
        const question = { name: readOwner(asked), type, class: CLASS.IN }
        fc.pre(!isBeyondProof(served, question))
        const sections = answerQuestion([served], question, true)
        const verdict = judge(sections, question)
        assert.doesNotMatch(verdict, /unproved/, `${textOf(entries)}? ${asked} ${formatType(type)}: ${verdict}`)
        if (verdict === 'nodata' || verdict === 'nxdomain')
          assert.equal(verdict, sections.rcode === RCODE.NXDOMAIN ? 'nxdomain' : 'nodata')
      }),
      { numRuns: 300 },
    )
  })
}
