import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeDs } from '../../src/core/dns/rdata/write.ts'
import type { Rrset } from '../../src/core/dns/rrset.ts'
import { CLASS, parseType, TYPE } from '../../src/core/dns/types.ts'
import { createBudget } from '../../src/core/dnssec/budget.ts'
import { dsDigest } from '../../src/core/dnssec/ds.ts'
import { createPolicy, type ValidationPolicy } from '../../src/core/dnssec/policy.ts'
import { type VerifiedRrset, verifyRrset } from '../../src/core/dnssec/signature.ts'
import { readZoneKey, type ZoneKey } from '../../src/core/dnssec/zone-key.ts'
import { type Name, sameName, withoutLabels } from '../../src/core/name/name.ts'
import { formatName } from '../../src/core/name/text.ts'
import { makeKey, nameOf, now, rrsetsOf, signRrset, type TestKey } from './sign.ts'

const folder = join(import.meta.dirname, '..', 'vectors')

export function readVectors(file: string): string {
  return readFileSync(join(folder, file), 'utf8')
}

/** The parts of a file between blank lines, by the comment that begins each. */
export function readSections(file: string): { title: string; text: string }[] {
  return readVectors(file)
    .split('\n\n')
    .slice(1)
    .map((text) => ({ title: /^; (.*)/.exec(text)?.[1] ?? '', text }))
}

/** Grouped by section: parent and child have NSEC records of the same owner. */
const lab = readSections('dnssec-lab.zone').flatMap(({ text }) => rrsetsOf(text))

/** An RRset of the lab zones, by owner and type; that of `zone` where two zones have one. */
export function labRrset(owner: string, type: string, zone?: string): Rrset {
  const rrset = lab.find(
    (one) =>
      sameName(one.name, nameOf(owner)) && one.type === parseType(type) && (zone === undefined || isOfZone(one, zone)),
  )
  if (rrset === undefined) throw new Error(`the lab has no ${type} at ${owner}`)
  return rrset
}

/** The NSEC3 RRset of a lab zone whose owner begins so. */
export function labNsec3(prefix: string, zone: string): Rrset {
  const rrset = labZone(zone).find(({ name, type }) => type === TYPE.NSEC3 && name.key.startsWith(prefix, 1))
  if (rrset === undefined) throw new Error(`the lab has no NSEC3 ${prefix} in ${zone}`)
  return rrset
}

/** All RRsets of a lab zone that its key signed. */
export function labZone(zone: string): Rrset[] {
  return lab.filter((rrset) => isOfZone(rrset, zone))
}

function isOfZone({ signatures }: Rrset, zone: string): boolean {
  return signatures.some(({ signer }) => sameName(signer, nameOf(zone)))
}

/** The keys of a lab zone. */
export function labKeys(zone: string): ZoneKey[] {
  return labRrset(zone, 'DNSKEY').rdatas.flatMap((rdata) => readZoneKey(rdata) ?? [])
}

/** RRsets of the lab as its keys verify them. */
export function verifiedLab(zone: string, rrsets: readonly Rrset[]): VerifiedRrset[] {
  return rrsets.map((rrset) => verifiedBy(rrset, { zone, keys: labKeys(zone) }))
}

export function verifiedBy(
  rrset: Rrset,
  { zone, keys, policy = createPolicy() }: { zone: string; keys: readonly ZoneKey[]; policy?: ValidationPolicy },
): VerifiedRrset {
  const verdict = verifyRrset(rrset, { zone: nameOf(zone), keys, now, budget: createBudget(), policy })
  if (verdict.verdict === 'bogus') throw new Error(verdict.problem.text)
  return verdict.rrset
}

const parentKey = makeKey(15)

/** DS records of a zone as its parent would vouch for them. */
export function verifiedDs(zone: Name, rdatas: readonly Uint8Array[]): VerifiedRrset {
  const parent = withoutLabels(zone, 1)
  const rrset = { name: zone, type: TYPE.DS, class: CLASS.IN, ttl: 3600, rdatas, signatures: [], damaged: false }
  return verifiedBy(signRrset(rrset, parentKey, parent), { zone: formatName(parent), keys: [parentKey] })
}

/** DS record data of a key, by its SHA-256 digest unless told. */
export function dsRdata(zone: Name, { rdata, keyTag, algorithm }: ZoneKey, digestType = 2): Uint8Array {
  const digest = dsDigest({ owner: zone, rdata, digestType }, createPolicy())
  if (digest === undefined) throw new Error(`no digest of type ${digestType}`)
  return writeDs({ keyTag, algorithm, digestType, digest })
}

/** The DNSKEY RRset of a zone, signed by all or by some of its keys. */
export function dnskeyRrset(zone: Name, keys: readonly ZoneKey[], signers: readonly TestKey[]): Rrset {
  const rdatas = keys.map(({ rdata }) => rdata)
  const rrset = { name: zone, type: TYPE.DNSKEY, class: CLASS.IN, ttl: 3600, rdatas, signatures: [], damaged: false }
  return signers.reduce<Rrset>((signed, key) => signRrset(signed, key, zone), rrset)
}
