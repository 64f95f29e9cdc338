import type { Outcome } from '../../../io/decisions/decisions.ts'

/** What protects a destination, as far as it was seen: what a later look must not lack without a word. */
export interface Protection {
  /** TLSA records that count, at one host at least. */
  readonly dane: boolean
  /** An MTA-STS policy in mode enforce. */
  readonly sts: boolean
  /** The policy's id and mode, whatever the mode. */
  readonly id: string | undefined
  readonly mode: 'enforce' | 'testing' | 'none' | undefined
}

const modes = ['enforce', 'testing', 'none'] as const

/** Undefined where nothing was learnt. */
export function protectionOf(outcome: Outcome): Protection | undefined {
  if (outcome.kind === 'failed') return undefined
  const { facts, decision } = outcome
  const policy = facts.sts?.policy
  // A constant: the policy's own text would be kept for each destination.
  const mode = modes.find((one) => one === policy?.policy.mode)
  // What operators decide otherwise is no news of the domain's.
  const found = decision.hosts.map((host) => (host.override === undefined ? host : host.override.instead))
  const dane = found.some((host) => host?.action === 'connect' && host.tls === 'dane')
  return { dane, sts: mode === 'enforce', id: policy?.id, mode }
}

/** `DANE and MTA-STS`; undefined when there is none. */
export function protectionText({ dane, sts }: Protection): string | undefined {
  if (dane && sts) return 'DANE and MTA-STS'
  if (dane) return 'DANE'
  return sts ? 'MTA-STS' : undefined
}
