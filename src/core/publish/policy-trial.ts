import type { CheckFacts } from '../check/check-facts.ts'
import type { SenderRow } from '../check/report.ts'
import { simulateSenders } from '../check/senders.ts'
import { createReadPresented } from '../check/sessions.ts'
import type { StsFinding } from '../decision/facts.ts'
import { listsMx, type StsPolicy } from '../mtasts/policy.ts'
import type { DomainName } from '../name/domain.ts'

/** What would become of mail to a domain under a policy, by what its hosts showed in a check. */
export interface PolicyTrial {
  /** Every MX host, as senders that know MTA-STS alone would get on with it if the mode were `enforce`. */
  readonly hosts: readonly HostTrial[]
  /** Every kind of sender, under the policy as it is. */
  readonly senders: readonly SenderRow[]
}

/** How one MX host would fare in mode `enforce`. */
export interface HostTrial {
  readonly host: string
  readonly isListed: boolean
  /** `fails` where one of its addresses or certificates does: who meets that one holds mail back. RFC 8461 §5, §8.4 */
  readonly state: 'passes' | 'fails' | 'unknown'
  /** Why it does not pass; what a session came to where it does. */
  readonly text: string
  /** Addresses of it of which nothing can be said. */
  readonly unseen: readonly string[]
}

/** Holds a policy against the MX hosts as they are: the rules are those by which mail is delivered. RFC 8461 §4, §5 */
export function tryPolicy(facts: CheckFacts, policy: StsPolicy, now: number): PolicyTrial {
  const senders = sendersUnder(facts, policy, now)
  if (policy.mode === 'none') return { hosts: [], senders }
  const { mode: _, ...terms } = policy
  const enforced = sendersUnder(facts, { ...terms, mode: 'enforce' }, now)
  const [row] = enforced.filter(({ id }) => id === 'mta-sts')
  const hosts = (facts.mail?.hosts ?? []).map(({ host, addresses }): HostTrial => {
    const isListed = listsMx(policy.mx, host as DomainName) // a literal is no MX host of a domain
    const seen = row?.hosts.find((one) => one.host === host)
    const known = addresses.kind === 'found' ? addresses.addresses : []
    const unseen = known.filter((address) => !isSeen(facts, host, address))
    if (seen === undefined || !isListed) {
      const text = isListed ? 'nothing is known of it' : 'the policy does not list it'
      return { host, isListed, state: isListed ? 'unknown' : 'fails', text, unseen }
    }
    const states = { delivers: 'passes', skips: 'fails', sometimes: 'fails', 'cannot-tell': 'unknown' } as const
    return { host, isListed, state: states[seen.does], text: seen.text, unseen }
  })
  return { hosts, senders }
}

/** Whoever remembers another policy is not asked here. */
function sendersUnder(facts: CheckFacts, policy: StsPolicy, now: number): SenderRow[] {
  const { mail, sts } = facts
  if (mail === undefined) return []
  const terms = {
    id: 'tried',
    body: '',
    source: 'fetched',
    fetchedAt: now,
    expiresAt: now + policy.maxAge * 1000,
  } as const
  const finding: StsFinding = {
    ...{ row: 'S4', lapsed: false, failure: undefined, record: undefined, id: 'tried' },
    policy: { policy, ...terms },
  }
  const tried: CheckFacts = {
    ...facts,
    mail: { ...mail, sts: finding },
    sts: sts && { ...sts, remembered: undefined },
  }
  // It has no id yet that anyone could know it by.
  const plainly = (text: string) => text.replaceAll(' of id tried', '')
  return simulateSenders(tried, now, createReadPresented()).map(({ row }) => ({ ...row, text: plainly(row.text) }))
}

function isSeen({ hosts = [] }: CheckFacts, host: string, address: string): boolean {
  const side = hosts.find((one) => one.host === host)
  return side?.probes.some((probe) => probe.address === address && probe.outcome.kind === 'talked') ?? false
}
