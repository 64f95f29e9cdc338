// A domain with a policy host of two addresses and two name servers, all of them slow, and an operator whose runs end
// anywhere: what `sts ramp` and `sts retire` decide, played by the hour.
import { listsMx, parseStsPolicy, type StsPolicy } from '../../src/core/mtasts/policy.ts'
import type { PolicyTrial } from '../../src/core/publish/policy-trial.ts'
import type { Hindrance } from '../../src/core/publish/sts-gates.ts'
import { planRamp, type RampPlan, type RampWish } from '../../src/core/publish/sts-ramp.ts'
import { planRetire, type RetirePlan } from '../../src/core/publish/sts-retire.ts'
import type { StsSeen } from '../../src/core/publish/sts-seen.ts'
import { newState, type StsState } from '../../src/core/publish/sts-state.ts'
import type { ReportTally } from '../../src/core/tlsrpt/report-tally.ts'
import { createRandom } from '../fuzz/mutate.ts'
import { domain } from './domain.ts'
import { dayMs, hourMs, type StsWorld } from './sts-senders.ts'

export const usualWish: RampWish = {
  ...{ to: 'enforce', days: 7, maxAge: undefined, mx: undefined, mustHaveReports: false, adopts: false },
}

interface Host {
  readonly host: ReturnType<typeof domain>
  isSound: boolean
}

/** Everything that goes on, and what an operator remembers of it. */
export interface Operator {
  now: number
  state: StsState
  readonly hosts: Host[]
  /** The file that the web servers take from time to time, and the zone that the name servers do. */
  file: string | undefined
  zone: string | undefined
  hasHost: boolean
  tally: ReportTally | undefined
  world(): StsWorld
  /** What senders would see now; a look may fail, as networks do. */
  seen(): StsSeen
  /** An hour passes: servers take over what was written. */
  pass(): void
  /** One run, which may end at any point. Yields what it decided. */
  ramp(wish: RampWish): RampPlan | undefined
  retire(): RetirePlan | undefined
}

export interface OperatorOptions {
  readonly seed: number
  readonly start: number
  /** Of a hundred runs, how many end in the middle, and how many looks fail. */
  readonly crashes: number
  readonly blind: number
  /** The most hours until a server takes over what was written. */
  readonly lag: number
}

export function createOperator({ seed, start, crashes, blind, lag }: OperatorOptions): Operator {
  const random = createRandom(seed)
  const often = (percent: number) => random(100) < percent
  const own = domain('example.org')
  const served: (string | undefined)[] = [undefined, undefined]
  const ids: (string | undefined)[] = [undefined, undefined]
  const due = [0, 0, 0, 0].map(() => start)
  const operator: Operator = {
    now: start,
    state: newState(own),
    hosts: [
      { host: domain('mx1.example.org'), isSound: true },
      { host: domain('mx2.example.org'), isSound: true },
    ],
    ...{ file: undefined, zone: undefined, hasHost: true, tally: undefined },
    world: () => ({
      served: operator.hasHost ? served.map((body) => policyIn(body)) : [undefined],
      ids,
      mx: operator.hosts.map((host) => ({ ...host })),
      ...{ txtTtl: 3600, mxTtl: 3600 },
    }),
    seen() {
      const { hasHost } = operator
      return {
        served: hasHost ? served.map((body, at) => servedAt(`192.0.2.${at}`, body, often(blind))) : [],
        announced: ids.map((id, at) => {
          const server = `ns${at}.example.org`
          if (often(blind)) return { server, kind: 'failed', reason: 'it does not answer' }
          return id === undefined ? { server, kind: 'none' } : { server, kind: 'id', id }
        }),
        ...{ records: [], ttl: ids.some((id) => id !== undefined) ? 3600 : 0, zone: 'example.org', isDelegated: false },
        ...{ hostRecords: [], isHostGone: !hasHost },
      }
    },
    pass() {
      operator.now += hourMs
      for (const [at, when] of due.entries()) {
        if (when > operator.now) continue
        if (at < 2) served[at] = operator.file
        else ids[at - 2] = operator.zone
        due[at] = operator.now + random(lag + 1) * hourMs
      }
    },
    ramp(wish) {
      const plan = planRamp(operator.state, lookOf(), wish)
      if (often(crashes)) return undefined
      operator.state = plan.state
      if (often(crashes)) return undefined
      if (plan.step.kind === 'serve') operator.file = plan.step.body
      if (plan.step.kind === 'announce') operator.zone = plan.step.id
      return plan
    },
    retire() {
      const { now } = operator
      const plan = planRetire(operator.state, { seen: operator.seen(), now }, { longestBefore: 28 * 86_400 })
      if (often(crashes)) return undefined
      operator.state = plan.state
      if (often(crashes)) return undefined
      if (plan.step.kind === 'serve') operator.file = plan.step.body
      if (plan.step.kind === 'announce') operator.zone = plan.step.id
      if (plan.step.kind === 'unannounce') operator.zone = undefined
      if (plan.step.kind === 'remove-host') operator.hasHost = false
      return plan
    },
  }
  return operator

  function lookOf() {
    const { now, hosts, tally } = operator
    const broken = hosts.filter(({ isSound }) => !isSound)
    const isAsked = policyIn(served[0])?.mode !== 'none'
    const check = isAsked ? broken.map(({ host }): Hindrance => ({ kind: 'check', text: `${host} is broken` })) : []
    return { now, seen: operator.seen(), hosts: hosts.map(({ host }) => host), check, tally, tryPolicy }
  }

  function tryPolicy(policy: StsPolicy): PolicyTrial {
    if (policy.mode === 'none') return { hosts: [], senders: [] }
    const hosts = operator.hosts.map(({ host, isSound }) => {
      const isListed = listsMx(policy.mx, host)
      return { host, isListed, state: isListed && isSound ? 'passes' : 'fails', text: 'as it is', unseen: [] } as const
    })
    return { hosts, senders: [] }
  }
}

function policyIn(body: string | undefined): StsPolicy | undefined {
  const policy = body === undefined ? undefined : parseStsPolicy(body)
  return policy?.ok === true ? policy.value : undefined
}

function servedAt(address: string, body: string | undefined, isBlind: boolean): StsSeen['served'][number] {
  const policy = policyIn(body)
  if (policy === undefined || body === undefined || isBlind) return { address, kind: 'failed', reason: 'nothing there' }
  return { address, kind: 'policy', policy, body }
}

/** Whole days since the beginning. */
export function daysSince(start: number, now: number): number {
  return Math.floor((now - start) / dayMs)
}
