import type { CheckFacts } from '../../core/check/check-facts.ts'
import { checkReport } from '../../core/check/check-report.ts'
import type { CheckReport } from '../../core/check/report.ts'
import { type Setup, setupOf } from '../../core/check/setup.ts'
import type { Facts } from '../../core/decision/facts.ts'
import { formatType } from '../../core/dns/types.ts'
import type { Resolution } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import { formatName } from '../../core/name/text.ts'
import { drawChain } from '../cli/chain-svg.ts'

/** What is kept of a check: all that its pages show. */
export interface KeptCheck {
  readonly report: CheckReport
  readonly setup: Setup
  readonly chains: readonly KeptChain[]
}

/** A chain of trust, drawn. */
export interface KeptChain {
  /** `example.org MX` */
  readonly question: string
  /** The drawing in words: each zone with its status. */
  readonly words: string
  readonly svg: string
  /** Of the drawing, by which browsers keep its place. */
  readonly height: number
}

/** Chains that are drawn: of the MX records, and of TLSA records of the first hosts. */
const chainsMost = 4

/** `now` is in milliseconds since 1970. */
export function keptCheckOf(facts: CheckFacts, now: number): KeptCheck {
  const chains = lookupsToDraw(facts.mail).map((lookup) => chainOf(lookup, now))
  const kept = { report: checkReport(facts, now), setup: setupOf(facts, now), chains }
  // Pictures are the first to go.
  return Buffer.byteLength(JSON.stringify(kept)) <= limits.web.reportOctets ? kept : { ...kept, chains: [] }
}

function lookupsToDraw(mail: Facts | undefined): Resolution[] {
  if (mail === undefined) return []
  const { mx, hosts } = mail
  const ofHosts = hosts.flatMap(({ tlsa }) => tlsa.lookups.slice(0, 1))
  return [...(mx.resolution === undefined ? [] : [mx.resolution]), ...ofHosts].slice(0, chainsMost)
}

function chainOf(resolution: Resolution, now: number): KeptChain {
  const question = `${formatName(resolution.name).replace(/(?<=.)\.$/, '')} ${formatType(resolution.type)}`
  const chain = resolution.kind === 'failure' ? resolution.chain : resolution.evidence.chain
  const zones = chain.map(({ zone, status }) => `${zone.labelCount === 0 ? 'the root' : formatName(zone)} ${status}`)
  const end =
    resolution.kind === 'failure' ? `the lookup failed: ${resolution.reason}` : `the answer is ${resolution.status}`
  const svg = drawChain(resolution, now)
  return { question, words: [...zones, end].join(', then '), svg, height: Number(/ height="(\d+)"/.exec(svg)?.[1]) }
}

const format = 1

export function writeKeptCheck(kept: KeptCheck): string {
  return JSON.stringify({ format, ...kept })
}

/** Undefined for what another release wrote, or what is damaged. */
export function readKeptCheck(text: string): KeptCheck | undefined {
  try {
    const { format: found, ...kept } = JSON.parse(text) as KeptCheck & { format: number } // checked below, and ours
    return found === format ? kept : undefined
  } catch {
    return undefined
  }
}
