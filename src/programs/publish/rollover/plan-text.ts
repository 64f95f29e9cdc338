import { combinationOf } from '../../../core/publish/rollover/association.ts'
import { calendarOf } from '../../../core/publish/rollover/calendar.ts'
import {
  deployableFrom,
  heldBackUntil,
  type Situation,
  type Step,
  strayRecords,
} from '../../../core/publish/rollover/decide.ts'
import { waitOf } from '../../../core/publish/rollover/history.ts'
import type { Tracked } from '../../../core/publish/rollover/rollover.ts'
import { isSecure } from '../../../core/publish/rollover/zone-seen.ts'
import { formatMoment, formatSeconds } from '../../cli/durations.ts'
import type { Out } from '../../cli/out.ts'
import { hang } from '../../cli/wrap.ts'
import { emergencyChoices } from './emergency.ts'
import { entryWords, keyWords, refusalWords, stepWords } from './words.ts'

/** What is to be done now in one line, how things stand, and what comes when. */
export function writePlan({ situation, step }: { situation: Situation; step: Step }, out: Out): void {
  const { rollover, zone, now } = situation
  out.line(out.style('bold', `${rollover.host}: ${stepWords(step)}`))
  const held = heldBackUntil(situation)
  if (held !== undefined) paragraph(out, heldBackWords(held))
  if (step.kind === 'refused') {
    for (const refusal of step.refusals) {
      const { text, advice } = refusalWords(refusal)
      paragraph(out, `${text}: ${advice}`)
    }
  }
  for (const choice of emergencyChoices(situation)) paragraph(out, choice)
  out.line()
  const combinations = (rollover.combinations ?? []).map(combinationOf).join(' and ')
  const servers = zone.servers.filter(isSecure)
  const ttls = [...new Set(servers.map(({ says }) => says.ttl))]
  out.line(
    `Records ${combinations || 'of no form yet'} at ${servers.length} of ${zone.servers.length} server addresses`,
  )
  if (ttls.length > 0) {
    out.line(
      `TTL ${ttls.map((ttl) => formatSeconds(ttl)).join(', ')}; a change waits ${formatSeconds(waitOf(rollover.history) / 1000)}`,
    )
  }
  for (const key of rollover.keys) out.line(`  ${key.role.padEnd(8)}${keyWords(key)}${standing(key, situation)}`)
  for (const record of strayRecords(situation)) {
    paragraph(
      out,
      `of no key known here, and left alone: ${record.slice(0, 24)}... (name its key with --key or --next, or take it out)`,
    )
  }
  const entries = calendarOf(situation, step)
  if (entries.length > 0) out.line()
  for (const entry of entries) {
    const { text, advice } = entryWords(entry)
    const when = entry.at <= now ? 'now' : formatMoment(entry.at)
    const first = `  ${when.padEnd(22)}`
    const least = entry.isEarliest && entry.at > now ? ' (at the earliest)' : ''
    for (const line of hang(`${text}${least}: ${advice}`, { first, next: ' '.repeat(24), width: out.columns }))
      out.line(line)
  }
}

export function heldBackWords(until: number): string {
  const end =
    until === Number.POSITIVE_INFINITY ? 'until the records are changed' : `until ${formatMoment(until)} at the latest`
  return `senders who check hold mail back ${end}: what is published does not hold for what the host presents`
}

function standing(key: Tracked, situation: Situation): string {
  if (key.isCompromised) return ', which somebody else has'
  if (key.role !== 'next') return `, since ${formatMoment(key.since)}`
  const from = deployableFrom(situation, key)
  if (from === undefined) return ', not on every name server yet'
  return from <= situation.now ? ', may be deployed' : `, may be deployed from ${formatMoment(from)}`
}

function paragraph(out: Out, text: string): void {
  for (const line of hang(text, { first: '  ', next: '  ', width: out.columns })) out.line(line)
}
