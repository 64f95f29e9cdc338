import type { PolicyLook } from '../../check/check-facts.ts'
import { dnsText } from '../../check/findings/finding.ts'
import { failureOf, stringsIn } from '../../check/findings/txt.ts'
import type { Owner } from '../../check/owners.ts'
import type { Publication } from '../../check/report.ts'
import { readAddress } from '../../dns/rdata/address.ts'
import type { Resolution } from '../../dnssec/resolution.ts'
import { limits } from '../../limits.ts'
import { listsMx, parseStsPolicy, type StsPolicy } from '../../mtasts/policy.ts'
import { parseStsRecords } from '../../mtasts/record.ts'
import type { DomainName } from '../../name/domain.ts'
import { labelsOf } from '../../name/name.ts'
import { serversAlong, spreadOfTexts } from '../servers.ts'
import { type Around, failureSeen, forgetting, isEverywhere, openFor, spreadSeen } from './around.ts'
import { caaNotes } from './caa.ts'
import type { StepDraft, StepWait } from './report.ts'
import { policyServers } from './server-texts.ts'
import { beginning, enforceMaxAge, fileToServe, recordToPublish } from './sts-texts.ts'

/** Host, file, record, in this order: a record without a file would be an error for every sender. RFC 8461 §8.1 */
export function stsSteps(around: Around): StepDraft[] {
  const served = servedIn(around)
  return [
    policyHostStep(around),
    policyStep(around, served),
    recordStep(around, served),
    ...enforceStep(around, served),
  ]
}

/** What the policy host serves, from every address. */
interface Served {
  readonly looks: readonly PolicyLook[]
  /** Of looks that brought one. */
  readonly policies: readonly StsPolicy[]
  /** Why it is not as it should be, one line each. */
  readonly faults: readonly string[]
}

function servedIn({ view }: Around): Served {
  const looks = (view.facts.sts?.fetches ?? []).filter(({ as }) => as === 'nobody')
  const policies: StsPolicy[] = []
  const faults: string[] = []
  for (const { address, outcome } of looks) {
    if (outcome.kind === 'failed') {
      faults.push(`from ${address}: ${outcome.reason}`)
      continue
    }
    const policy = parseStsPolicy(Buffer.from(outcome.body).toString())
    if (!policy.ok) {
      faults.push(`from ${address}: it is no policy (${policy.fault})`)
      continue
    }
    policies.push(policy.value)
    const unlisted = unlistedBy(
      policy.value,
      view.hosts.map(({ host }) => host),
    )
    if (unlisted.length > 0) faults.push(`from ${address}: it does not list ${unlisted.join(', ')}`)
  }
  return { looks, policies, faults: [...new Set(faults)] }
}

function unlistedBy(policy: StsPolicy, hosts: readonly string[]): string[] {
  if (policy.mode === 'none') return []
  return hosts.filter((host) => !listsMx(policy.mx, host as DomainName)) // hosts of MX records are names
}

function policyHostStep({ view, setup, wishes }: Around): StepDraft {
  const { policyHost } = setup.sts
  const { domain, owners, facts } = view
  const lookups = facts.sts?.addresses ?? []
  const target = aliasTarget(lookups)
  const addresses = lookups.flatMap(addressesIn)
  const wish = wishes.policyHost
  const isThere = addresses.length > 0
  const isDone =
    wish.kind === 'own'
      ? isThere && wish.addresses.every((one) => addresses.includes(one))
      : isThere && target === wish.host
  const isUntold = !isThere && lookups.some((lookup) => failureOf(lookup) !== undefined)
  return {
    ...{ id: 'policy-host', title: `Give ${policyHost} an address`, needs: [] },
    state: isDone ? 'done' : isUntold ? 'unknown' : openFor(owners.records),
    seen: [
      isThere
        ? `addresses: ${addresses.join(', ')}`
        : (failureSeen(lookups.find(({ kind }) => kind === 'failure')) ?? 'there is none'),
      ...(target === undefined ? [] : [`an alias of ${target}`]),
    ],
    ...{ who: owners.records.who, whoseName: owners.records.whoseName },
    texts: isDone ? [] : [dnsText(domain, hostLines(policyHost, wish).join('\n'), hostNote(wish))],
    notes: [],
    wait: longest(lookups.map(forgetting)),
    see: `waxseal dns ${policyHost} A`,
  }
}

function hostLines(policyHost: string, wish: Around['wishes']['policyHost']): string[] {
  if (wish.kind === 'delegated') return [`${policyHost}. IN CNAME ${wish.host}.`]
  if (wish.addresses.length === 0) return [`; ${policyHost}. IN A and AAAA: the addresses of your web server`]
  return wish.addresses.map((address) => `${policyHost}. IN ${address.includes(':') ? 'AAAA' : 'A'} ${address}`)
}

function hostNote(wish: Around['wishes']['policyHost']): string {
  return wish.kind === 'delegated'
    ? 'the provider must know of the domain, and get a certificate for this name'
    : 'of a web server with IPv4, and with IPv6 if there is any'
}

function addressesIn(lookup: Resolution): string[] {
  if (lookup.kind !== 'answer') return []
  return lookup.records.flatMap(({ type, rdata }) => {
    const address = readAddress(type, rdata)
    return address.ok ? [address.value] : []
  })
}

/** Where the name leads, without a final dot. */
function aliasTarget(lookups: readonly (Resolution | undefined)[]): string | undefined {
  const aliased = lookups.find(
    (lookup) => lookup !== undefined && lookup.kind !== 'failure' && lookup.aliases.length > 0,
  )
  if (aliased === undefined || aliased.kind === 'failure') return undefined
  const [first] = aliased.aliases
  return first && labelsOf(first.target).join('.').toLowerCase()
}

function longest(waits: readonly (StepWait | null)[]): StepWait | null {
  const some = waits.filter((wait) => wait !== null)
  return some.toSorted((one, other) => other.seconds - one.seconds)[0] ?? null
}

/** Who serves the policy, or shall. */
function ownerOfPolicy({ view, wishes: { policyHost } }: Around): Owner {
  return policyHost.kind === 'own' ? view.owners.policyHost : { who: 'your web host', whoseName: policyHost.host }
}

function policyStep(around: Around, { looks, policies, faults }: Served): StepDraft {
  const { view, setup, wishes, caa } = around
  const { policyHost } = setup.sts
  const { mode, maxAge } = beginning(around)
  const modes = [...new Set(policies.map((policy) => policy.mode))]
  const isRight = policies.length > 0 && policies.length === looks.length && faults.length === 0
  const isDone = isRight && modes.length === 1 && modes[0] !== 'none'
  const isDelegated = wishes.policyHost.kind === 'delegated'
  const owner = ownerOfPolicy(around)
  // Who serves something already knows how.
  const isServing = isDelegated || policies.length > 0
  const settings = (isServing ? [] : policyServers(policyHost)).map(
    ({ name, file, text, note = '' }): Publication => ({ kind: 'setting', where: `${name}: ${file}`, text, note }),
  )
  // A policy that is announced already must be announced anew.
  const isKnown = parseStsRecords(stringsIn(view.facts.sts?.record)).ok && !isDelegated
  const again = isKnown ? recordToPublish(around, policies, mode, maxAge) : []
  return {
    ...{ id: 'policy', title: 'Serve the policy over HTTPS', needs: ['policy-host'] },
    state: isDone ? 'done' : openFor(owner),
    seen:
      looks.length === 0
        ? ['nothing is served']
        : [
            ...modes.map(
              (one) =>
                `a policy in mode ${one}, from ${looks.length === 1 ? 'the address' : `${policies.length} of ${looks.length} addresses`}`,
            ),
            ...faults,
          ],
    ...{ who: owner.who, whoseName: owner.whoseName },
    texts: isDone ? [] : [...fileToServe(around, policies, mode, maxAge), ...settings, ...again],
    notes: isDone
      ? []
      : [
          `the certificate is for ${policyHost}, from a public authority; status 200, text/plain, no redirect`,
          ...caaNotes(caa),
          ...(isDelegated ? ['the provider serves it; the hosts in it are for you to tell'] : []),
        ],
    wait: null,
    see: `curl -i https://${policyHost}/.well-known/mta-sts.txt`,
  }
}

function recordStep(around: Around, { policies }: Served): StepDraft {
  const { view, wishes } = around
  const { domain, owners, facts } = view
  const name = `_mta-sts.${domain}`
  const lookup = facts.sts?.record
  const isRight = (records: readonly (readonly string[])[]) => parseStsRecords(records).ok
  const spread = spreadOfTexts(serversAlong(facts, 'sts', name), isRight)
  const found = parseStsRecords(stringsIn(lookup))
  const target = aliasTarget([lookup])
  const wish = wishes.policyHost
  const isWhere = wish.kind === 'own' || target === wish.record
  const isDone = isWhere && isEverywhere(spread, found.ok)
  const isUntold = !isDone && spread.wrong.length === 0 && failureOf(lookup) === 'unanswered'
  const { mode, maxAge } = beginning(around)
  const publish = recordToPublish(around, policies, mode, maxAge)
  const state = found.ok
    ? `id ${found.value.id}`
    : found.fault === 'none'
      ? 'there is no record'
      : `the record counts as none: ${found.fault}`
  return {
    ...{ id: 'sts-record', title: 'Announce the policy (MTA-STS record)', needs: ['policy', 'reports'] },
    state: isDone ? 'done' : isUntold ? 'unknown' : openFor(owners.records),
    seen: [
      failureSeen(lookup) ?? state,
      ...(target === undefined ? [] : [`an alias of ${target}`]),
      ...spreadSeen(spread),
    ],
    ...{ who: owners.records.who, whoseName: owners.records.whoseName },
    ...{ texts: isDone ? [] : publish, notes: [] },
    wait:
      wishes.mode === 'enforce'
        ? { seconds: limits.setup.testingSeconds, why: 'reports must have told of no failure by then' }
        : forgetting(lookup),
    see: `waxseal dns --all-servers ${name} TXT`,
  }
}

/** Only after some weeks in which no report told of a failure. RFC 8461 §8.3 */
function enforceStep(around: Around, { looks, policies, faults }: Served): StepDraft[] {
  const { view, setup, wishes } = around
  if (wishes.mode !== 'enforce') return []
  const { mode } = setup.sts
  const owner = ownerOfPolicy(around)
  const isDone =
    policies.length > 0 &&
    policies.length === looks.length &&
    faults.length === 0 &&
    policies.every((policy) => policy.mode === 'enforce')
  const maxAge = wishes.maxAge ?? enforceMaxAge
  const isBegun = mode === 'testing' || mode === 'enforce'
  return [
    {
      ...{ id: 'enforce', title: 'Go on to mode enforce', needs: ['policy', 'sts-record', 'starttls', 'certificates'] },
      state: isDone ? 'done' : isBegun ? openFor(owner) : 'later',
      seen: [mode === 'missing' ? 'there is no policy yet' : `the policy is in mode ${mode}`],
      ...{ who: owner.who, whoseName: owner.whoseName },
      texts: isDone
        ? []
        : [
            ...fileToServe(around, policies, 'enforce', maxAge),
            ...(isBegun && wishes.policyHost.kind === 'own'
              ? recordToPublish(around, policies, 'enforce', maxAge)
              : []),
          ],
      notes: isDone
        ? []
        : [
            'when two weeks of reports have told of no failure, as "waxseal sts ramp" makes sure; first the file, then the record',
            ...(isBegun ? [] : ['ask again then: the record of that day has an id of its own']),
            'max_age is how long senders hold you to it: raise it when all is well',
          ],
      wait: null,
      see: `waxseal check --only mta-sts ${view.domain}`,
    },
  ]
}
