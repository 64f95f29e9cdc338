import { base32hex } from '../../core/dns/base32hex.ts'
import { readNameRdata } from '../../core/dns/rdata/records.ts'
import { TYPE } from '../../core/dns/types.ts'
import { type Budget, createBudget } from '../../core/dnssec/budget.ts'
import { type DenialOptions, proveDenial, proveWildcard } from '../../core/dnssec/denial.ts'
import { findByNsec, type NsecRecord, readNsecRecords, wildcardAt } from '../../core/dnssec/nsec.ts'
import { type Nsec3Record, nsec3Hash, nsec3Price, readNsec3Records } from '../../core/dnssec/nsec3.ts'
import type { ValidationPolicy } from '../../core/dnssec/policy.ts'
import type { VerifiedRrset } from '../../core/dnssec/signature.ts'
import { limits } from '../../core/limits.ts'
import { isBelow, type Name, parentOfName, withoutLabels } from '../../core/name/name.ts'
import { sortKeyOf } from '../../core/name/sort-key.ts'
import type { AnchorSource } from './anchor-source.ts'
import { createCache } from './cache.ts'
import { createSpanStore, octetsOfRrset, type Span, type SpannedZone } from './span-store.ts'
import type { Judged } from './validator.ts'
import type { Step } from './walk.ts'
import type { SecureZone } from './zone-state.ts'

interface Question {
  readonly name: Name
  readonly type: number
}

/** What of a zone was proved by a reply. */
export interface Lesson {
  readonly zone: SecureZone
  /** NSEC and NSEC3 RRsets that its keys signed. */
  readonly proofs: readonly VerifiedRrset[]
  /** The expansion of a wildcard, to which the proofs belong. */
  readonly wildcard?: VerifiedRrset
  /** Seconds that denials live in this zone, as far as the reply says so: its SOA record may. RFC 9077 §3 */
  readonly ttl: number
  readonly server: string
}

/** Verified denials, which answer for the names between those that were asked for too. RFC 8198 §5 */
export interface KnownDenials {
  learn(lesson: Lesson): void
  /** What they prove of a name and type, if they do; only ever what is secure. */
  find(question: Question): Step | undefined
}

export interface KnownDenialsOptions {
  /** `hosts` leaves alone what tells how mail is protected: there, news is worth its questions. */
  readonly use: 'hosts' | 'all'
  readonly policy: ValidationPolicy
  /** A zone with one is asked itself, with a negative one too: the zones above have no say in it. */
  readonly anchors: AnchorSource
  readonly now: () => number
}

/** Spans that may be a proof, and the closest encloser of a name that seems to be absent. */
interface Gathered {
  readonly spans: readonly Span[]
  readonly closestEncloser: Name | undefined
}

export function createKnownDenials({ use, policy, anchors, now }: KnownDenialsOptions): KnownDenials {
  const store = createSpanStore(now)
  const { denials: entries, denialOctets: octets } = limits.resolver
  const wildcards = createCache<VerifiedRrset>({ now, entries, octets, octetsOf: octetsOfRrset })

  /** Looked for in order, a step or two each: the one around the name, and the one around the wildcard beside it. */
  function gatherNsec(name: Name, zone: SpannedZone): Gathered | undefined {
    const own = store.nsecAround(zone, sortKeyOf(name))
    if (own === undefined) return undefined
    const apex = zone.zone.zone
    const found = findByNsec(readNsecRecords([own.rrset], apex), name, apex)
    if (found.kind === 'unknown') return undefined
    if (found.kind !== 'absent') return { spans: [own], closestEncloser: undefined }
    const wildcard = wildcardAt(found.closestEncloser)
    const beside = wildcard && store.nsecAround(zone, sortKeyOf(wildcard))
    return { spans: distinct([own, beside]), closestEncloser: found.closestEncloser }
  }

  /** RFC 5155 §8.3, with as many hashes as any denial may cost. */
  function gatherNsec3(name: Name, zone: SpannedZone, budget: Budget): Gathered | undefined {
    const { nsec3: parameters } = zone
    if (parameters === undefined) return undefined
    let hashes = 0
    const hashOf = (one: Name) => {
      const mayHash = hashes++ < limits.dnssec.nsec3HashesPerDenial && budget.takeBlocks(nsec3Price(parameters))
      return mayHash ? base32hex(nsec3Hash(one, parameters)) : undefined
    }
    let closer = hashOf(name)
    if (closer === undefined) return undefined
    const own = store.nsec3At(zone, closer)
    if (own !== undefined) return { spans: [own], closestEncloser: undefined }
    for (let labels = 1; labels <= name.labelCount - zone.zone.zone.labelCount; labels++) {
      const encloser = withoutLabels(name, labels)
      const hash = hashOf(encloser)
      if (hash === undefined) return undefined
      const standing = store.nsec3At(zone, hash)
      if (standing !== undefined) {
        const wildcard = wildcardAt(encloser)
        const beside = wildcard && hashOf(wildcard)
        const around = [standing, store.nsec3Around(zone, closer), beside && store.nsec3Around(zone, beside)]
        return { spans: distinct(around), closestEncloser: encloser }
      }
      closer = hash
    }
    return undefined
  }

  /** As a reply with these records would be judged. */
  function judge(question: Question, zone: SpannedZone, gathered: Gathered, budget: Budget): Step | undefined {
    const proofs = gathered.spans.map(({ rrset }) => rrset)
    const options = { ...question, zone: zone.zone.zone, proofs, budget, policy }
    const verdict = proveDenial({ ...options, isNameError: true })
    if (verdict.kind === 'unproved') return expand(question, zone, gathered, options)
    if (verdict.status !== 'secure') return undefined
    const judged = judgedBy(zone, gathered.spans)
    return { link: { ...judged, kind: verdict.kind }, ttl: judged.ttl, cached: true }
  }

  /** A wildcard's records must be known, and it must be proved that nothing closer stands in its way. RFC 8198 §5.3 */
  function expand(
    { name, type }: Question,
    zone: SpannedZone,
    { spans, closestEncloser }: Gathered,
    options: DenialOptions,
  ): Step | undefined {
    if (closestEncloser === undefined) return undefined
    const known = (wanted: number) => wildcards.get(wildcardKey(zone.zone.zone, closestEncloser, wanted))
    const found = known(type) ?? known(TYPE.CNAME)
    if (found === undefined) return undefined
    const proved = proveWildcard({ ...options, closestEncloser })
    if (proved.kind === 'unproved' || proved.status !== 'secure') return undefined
    const judged = judgedBy(zone, [...spans, { rrset: found.value, until: found.until }])
    const rrset = { ...found.value, name, signatures: [], ttl: judged.ttl }
    if (rrset.type === type) return { link: { ...judged, kind: 'rrset', rrset }, ttl: judged.ttl, cached: true }
    const [rdata] = rrset.rdatas
    const target = rdata === undefined ? undefined : readNameRdata(rdata)
    if (target?.ok !== true || rrset.rdatas.length > 1) return undefined
    return { link: { ...judged, kind: 'alias', via: 'CNAME', target: target.value }, ttl: judged.ttl, cached: true }
  }

  function judgedBy({ zone }: SpannedZone, used: readonly Pick<Span, 'rrset' | 'until'>[]): Judged {
    const ends = [...used.map(({ rrset }) => rrset), ...zone.chain].flatMap(({ expiration }) => expiration ?? [])
    return {
      ...{ status: 'secure', signer: zone.zone, chain: zone.chain, reason: undefined },
      ttl: Math.floor((Math.min(...used.map(({ until }) => until)) - now()) / 1000),
      expiration: Math.min(...ends),
      server: 'known denials',
    }
  }

  /** RFC 9077 §3: no longer than the zone's other denials. */
  function learnSpan(rrset: VerifiedRrset, { zone, ttl, server }: Lesson): void {
    const seconds = Math.min(rrset.ttl, ttl, limits.resolver.negativeTtl)
    const span = { rrset, server, until: Math.min(now() + seconds * 1000, zone.until) }
    const [nsec] = readNsecRecords([rrset], zone.zone)
    if (nsec !== undefined && isWide(nsec)) store.putNsec(zone, { ...span, at: sortKeyOf(rrset.name) })
    const [nsec3] = readNsec3Records([rrset], zone.zone)
    if (nsec3 !== undefined && isCheap(nsec3)) store.putNsec3(zone, { ...span, at: nsec3.hash }, nsec3)
  }

  return {
    learn(lesson) {
      const { zone, proofs, wildcard } = lesson
      for (const rrset of proofs) learnSpan(rrset, lesson)
      if (wildcard?.closestEncloser === undefined) return
      const until = Math.min(now() + Math.min(wildcard.ttl, limits.resolver.ttl) * 1000, zone.until)
      wildcards.put(wildcardKey(zone.zone, wildcard.closestEncloser, wildcard.type), wildcard, until)
    },
    find(question) {
      const { name, type } = question
      if (use === 'hosts' && isAboutMail(question)) return undefined
      // DS records stand in the zone above. RFC 4035 §4.2
      const place = type === TYPE.DS ? parentOfName(name) : name
      const zone = place && store.closest(place)
      if (zone === undefined || isAnchoredBelow(zone.zone.zone, name) || isExempt(place ?? name)) return undefined
      const budget = createBudget()
      const nsec = gatherNsec(name, zone)
      const step = nsec && judge(question, zone, nsec, budget)
      if (step !== undefined) return step
      const nsec3 = gatherNsec3(name, zone, budget)
      return nsec3 && judge(question, zone, nsec3, budget)
    },
  }

  function isAnchoredBelow(zone: Name, name: Name): boolean {
    const [anchor] = anchors.current().closest(name)
    return anchor !== undefined && isBelow(anchor.owner, zone)
  }

  /** Nothing is proved of what is not validated. RFC 7646 §2 */
  function isExempt(name: Name): boolean {
    return anchors.current().negativeFor(name, now()) !== undefined
  }
}

function distinct(spans: readonly (Span | '' | undefined)[]): Span[] {
  return [...new Map(spans.flatMap((span) => (typeof span === 'object' ? [[span.at, span] as const] : []))).values()]
}

function wildcardKey(zone: Name, closestEncloser: Name, type: number): string {
  return `${type} ${zone.key} ${closestEncloser.key}`
}

/** What a record that was made for one name says is of no use for others. RFC 9824 §3, RFC 4470 §4 */
function isWide({ owner, next, types }: NsecRecord): boolean {
  return !types.has(TYPE.NXNAME) && next.key !== `\x01\0${owner.key}`
}

/** In an opt-out span there may be names that nobody signed; hashing must not cost more than asking. RFC 8198 §5.1 */
function isCheap({ optOut, iterations, salt }: Nsec3Record): boolean {
  return !optOut && iterations === 0 && salt.length <= limits.resolver.denialSaltOctets
}

function isAboutMail({ name, type }: Question): boolean {
  return type === TYPE.MX || type === TYPE.TLSA || name.key.startsWith('\x08_mta-sts')
}
