import assert from 'node:assert/strict'
import { decodeMessage } from '../../src/core/dns/decode.ts'
import { encodeMessage } from '../../src/core/dns/encode.ts'
import type { Message, ResourceRecord } from '../../src/core/dns/message.ts'
import { readNsec } from '../../src/core/dns/rdata/records.ts'
import { proofsOf, sortReply } from '../../src/core/dns/reply.ts'
import { groupRrsets, type Rrset } from '../../src/core/dns/rrset.ts'
import { CLASS, RCODE, TYPE } from '../../src/core/dns/types.ts'
import { formatRecord, parseZone } from '../../src/core/dns/zone-text.ts'
import { parseTrustAnchors, rootAnchors, type TrustAnchor } from '../../src/core/dnssec/anchors.ts'
import { createBudget } from '../../src/core/dnssec/budget.ts'
import { judgeDsDenial, proveDenial, proveWildcard } from '../../src/core/dnssec/denial.ts'
import { authenticateKeys } from '../../src/core/dnssec/ds.ts'
import { createPolicy } from '../../src/core/dnssec/policy.ts'
import { looksLikeXml } from '../../src/core/dnssec/root-anchors.ts'
import { readRsaKey } from '../../src/core/dnssec/rsa-key.ts'
import { type VerifiedRrset, verifyRrset } from '../../src/core/dnssec/signature.ts'
import { importZoneKey, readZoneKey } from '../../src/core/dnssec/zone-key.ts'
import { limits } from '../../src/core/limits.ts'
import { isAtOrBelow, type Name, sameName, withoutLabels } from '../../src/core/name/name.ts'
import { readSections } from '../support/dnssec-vectors.ts'
import { nameOf, now } from '../support/sign.ts'
import { type Target, textTarget } from './target.ts'

const policy = createPolicy({ allowSha1: true })

/** The zones of test/vectors, each record by itself. */
const zones = readSections('dnssec-lab.zone').map(({ title, text }) => {
  const parsed = parseZone(text)
  assert.ok(parsed.ok)
  return { zone: nameOf(`${title.split(' ').at(-1)}.`), records: parsed.value }
})

function ofType(records: readonly ResourceRecord[], ...types: readonly number[]): ResourceRecord[] {
  const covered = (record: ResourceRecord) =>
    record.type === TYPE.RRSIG ? ((record.rdata[0] ?? 0) << 8) | (record.rdata[1] ?? 0) : record.type
  return records.filter((record) => types.includes(covered(record)))
}

/** A reply as a server of such a zone might give. */
function reply(name: Name, type: number, answer: readonly ResourceRecord[], authority: readonly ResourceRecord[]) {
  const message: Message = {
    ...{ id: 1, opcode: 0, rcode: 0, isResponse: true, isAuthoritative: true, isTruncated: false },
    ...{ recursionDesired: false, recursionAvailable: false, authenticData: false, checkingDisabled: false },
    ...{ questions: [{ name, type, class: CLASS.IN }], answer, authority, additional: [] },
    ...{ edns: undefined, damaged: [] },
  }
  return encodeMessage(message)
}

/**
 * The first octet says how many labels of the question's name the zone has; the rest is a message. Nothing that a server
 * says may make the validator throw, spend more than its budget, or deny what a proof says is there.
 */
function runReply(octets: Uint8Array): void {
  const decoded = decodeMessage(octets.subarray(1))
  const question = decoded.ok ? decoded.value.questions[0] : undefined
  if (!decoded.ok || question === undefined) return
  const { name, type } = question
  const zone = withoutLabels(name, Math.max(0, name.labelCount - ((octets[0] ?? 0) % 4)))
  const budget = createBudget()
  const judging = { zone, now, budget, policy }
  const sorted = sortReply(decoded.value)
  const rrsets = groupRrsets([...decoded.value.answer, ...decoded.value.authority], decoded.value.damaged)
  const keys = rrsets.filter((one) => one.type === TYPE.DNSKEY).flatMap(({ rdatas }) => rdatas.flatMap(keyOf))
  for (const rrset of rrsets) {
    const verdict = verifyRrset(rrset, { ...judging, keys })
    if (verdict.verdict === 'secure') assert.ok(verdict.rrset.ttl <= rrset.ttl)
    if (rrset.type === TYPE.DNSKEY) judgeKeys(rrset, judging, rrsets)
  }
  judgeDenials({
    name,
    type,
    isNameError: decoded.value.rcode === RCODE.NXDOMAIN,
    zone,
    proofs: proofsOf(sorted).map((one) => taken(one, zone)),
    budget,
    policy,
  })
  assert.ok(budget.spent.checks <= limits.dnssec.checks)
  assert.ok(budget.spent.nsec3Blocks <= limits.dnssec.nsec3Blocks)
}

function keyOf(rdata: Uint8Array) {
  const key = readZoneKey(rdata)
  if (key === undefined) return []
  readRsaKey(key.publicKey)
  importZoneKey(key, policy)
  return [key]
}

type Judging = Pick<Parameters<typeof verifyRrset>[1], 'zone' | 'now' | 'budget' | 'policy'>

function judgeKeys(rrset: Rrset, judging: Judging, rrsets: readonly Rrset[]): void {
  authenticateKeys({ ...judging, rrset, by: { kind: 'anchors', anchors: rootAnchors } })
  const ds = rrsets.find((one) => one.type === TYPE.DS)
  if (ds !== undefined) authenticateKeys({ ...judging, rrset, by: { kind: 'ds', rrset: taken(ds, judging.zone) } })
}

/** As if the zone had signed it: whoever has a zone can sign what he likes. */
function taken(rrset: Rrset, signer: Name): VerifiedRrset {
  const key = { keyTag: 0, algorithm: 15 }
  return { ...rrset, signer, expiration: now, key, closestEncloser: undefined } as unknown as VerifiedRrset
}

function judgeDenials(options: Parameters<typeof proveDenial>[0]): void {
  const { name, type, zone, proofs } = options
  const denial = proveDenial(options)
  judgeDsDenial(options)
  if (name.labelCount > 0 && isAtOrBelow(name, zone)) {
    proveWildcard({ ...options, closestEncloser: withoutLabels(name, 1) })
  }
  const nsec = proofs
    .filter((one) => one.type === TYPE.NSEC && sameName(one.name, name))
    .flatMap(({ rdatas }) => rdatas)
  const read = nsec.map(readNsec)
  const saysItIsThere = read.length === 1 && read.every((one) => one.ok && one.value.types.has(type))
  const hasNsec3 = proofs.some((one) => one.type === TYPE.NSEC3)
  if (saysItIsThere && !hasNsec3) assert.ok(denial.kind !== 'nodata' && denial.kind !== 'nxdomain', denial.kind)
}

function withZone(labels: number, octets: Uint8Array): Uint8Array {
  return Uint8Array.from([labels, ...octets])
}

const replyTarget: Target = {
  name: 'dnssec-reply',
  run: runReply,
  seeds: zones.flatMap(({ zone, records }) => {
    const denials = ofType(records, TYPE.NSEC, TYPE.NSEC3).slice(0, 6)
    const keys = ofType(records, TYPE.DNSKEY)
    const some = records.find(({ type }) => type === TYPE.A || type === TYPE.DS)
    return [
      withZone(zone.labelCount, reply(zone, TYPE.DNSKEY, [...keys, ...ofType(records, TYPE.DS)], [])),
      withZone(zone.labelCount, reply(zone, TYPE.MX, keys, denials)),
      withZone(zone.labelCount, reply(some?.name ?? zone, some?.type ?? TYPE.A, some ? [some, ...keys] : [], denials)),
    ].filter(({ length }) => length <= 1024)
  }),
  words: [TYPE.NSEC, TYPE.NSEC3, TYPE.RRSIG, TYPE.DNSKEY, TYPE.DS].map((type) => Uint8Array.of(0, type, 0, 1)),
  workPerOctet: 400,
}

/** What is read is anchors alone, and written out they are the same. */
const anchorsTarget = textTarget(
  'trust-anchors',
  (text) => {
    const parsed = parseTrustAnchors(text)
    if (!parsed.ok) {
      assert.ok(parsed.at >= 0 && parsed.at <= text.length)
      return
    }
    assert.ok(parsed.value.length > 0)
    if (looksLikeXml(text)) {
      assert.ok(parsed.value.every((anchor) => anchor.kind === 'ds' && anchor.period !== undefined))
      return
    }
    const zone = parseZone(text, { ttl: 0 })
    assert.ok(zone.ok)
    const again = parseTrustAnchors(zone.value.map(formatRecord).join('\n'))
    assert.deepEqual(again.ok && again.value.map(ownerOf), parsed.value.map(ownerOf))
  },
  {
    seeds: [
      '. DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D ; KSK-2017\n',
      'test. IN DNSKEY 257 3 15 zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=\n',
      'example. 1 DS 1 15 2 (\n aa bb )\n',
      '<?xml version="1.0"?><TrustAnchor id="a" source=""><Zone>.</Zone><KeyDigest id="K" validFrom="2017-02-02T00:00:00Z"><KeyTag>1</KeyTag><Algorithm>8</Algorithm><DigestType>2</DigestType><Digest>AB</Digest></KeyDigest></TrustAnchor>',
    ],
    words:
      '<Zone> </Zone> <KeyDigest <!-- --> &#46; validUntil="2019-01-11T00:00:00+00:00" > . IN DS DNSKEY 257 3 8 15 2 ( ) ; $ORIGIN $TTL @ \\# TYPE43 aabb AAAA',
  },
)

function ownerOf({ kind, owner }: TrustAnchor): string {
  return `${kind} ${owner.key}`
}

export const dnssecTargets: readonly Target[] = [
  replyTarget,
  // As in zone text, two letters may be a name of 127 labels.
  { ...anchorsTarget, workPerOctet: 1000 },
]
