import type { ResourceRecord } from '../../../core/dns/message.ts'
import { formatRecord } from '../../../core/dns/zone-text.ts'
import { formatStsRecord } from '../../../core/mtasts/record.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import { nameOfDomain } from '../../../core/name/domain.ts'
import { type Name, sameName } from '../../../core/name/name.ts'
import { parseName } from '../../../core/name/text.ts'
import type { ZoneChange } from '../../../core/publish/change.ts'
import { defaultTtl } from '../../../core/publish/record.ts'
import { stsRecord, stsRecordName } from '../../../core/publish/sts-record.ts'
import type { StsSeen } from '../../../core/publish/sts-seen.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import type { WriteOutcome, ZoneWriter } from '../../../io/publish/zone-writer.ts'
import { replaceFile } from '../../../io/replace-file.ts'
import type { StopSignal } from '../../../io/stop.ts'
import { reasonOf } from '../../file-error.ts'

/** What does what a plan says: where the policy's file lies, and how the zone is changed. */
export interface StsHands {
  readonly domain: DomainName
  /** Undefined: a person serves it. */
  readonly output: string | undefined
  readonly writer: ZoneWriter
  readonly signal: StopSignal
}

/** What came of a step. Texts are fit for a terminal, of one line or, `todo`, of many. */
export type ActResult =
  /** It is done as far as it is ours; whether it has come out everywhere shows in the next look. */
  | { readonly kind: 'done'; readonly text: string }
  | { readonly kind: 'todo'; readonly text: string; readonly paste: string }
  | { readonly kind: 'failed'; readonly text: string; readonly advice: string }

/** Puts a policy where the web server takes it from. What lies there already is not written again. */
export async function serveFile(body: string, { output, domain }: StsHands): Promise<ActResult> {
  const where = `https://mta-sts.${domain}/.well-known/mta-sts.txt`
  if (output === undefined) return { kind: 'todo', text: `serve this at ${where}:`, paste: body }
  try {
    await replaceFile(output, body)
    return { kind: 'done', text: `the policy is in "${escapeText(output)}", to be served at ${where}` }
  } catch (error) {
    const text = `cannot write "${escapeText(output)}": ${escapeText(reasonOf(error))}`
    return { kind: 'failed', text, advice: 'nothing was announced; run this again when the file can be written' }
  }
}

/** Gives the record its new id, and takes all others away: two of them count for none. RFC 8461 §3.1 */
export async function announceId(id: string, seen: StsSeen, hands: StsHands): Promise<ActResult> {
  const name = stsRecordName(hands.domain)
  if (name === undefined)
    return { kind: 'failed', text: 'the domain is too long for a record', advice: 'use a shorter one' }
  const record = stsRecord(name, id, seen.ttl > 0 ? seen.ttl : defaultTtl)
  if (seen.isDelegated) {
    const text = `_mta-sts.${hands.domain} is an alias: whoever has the record at its end must give it this id:`
    return { kind: 'todo', text, paste: `${formatStsRecord(id)}\n` }
  }
  const remove = seen.records.filter(({ rdata }) => !Buffer.from(rdata).equals(record.rdata))
  return change({ zone: zoneOf(seen, hands), remove, add: [record] }, hands)
}

/** Takes the record away. RFC 8461 §8.3 */
export async function takeRecord(seen: StsSeen, hands: StsHands): Promise<ActResult> {
  return change({ zone: zoneOf(seen, hands), remove: seen.records, add: [] }, hands)
}

/** Takes the policy host's addresses or alias away. */
export async function takeHost(seen: StsSeen, hands: StsHands): Promise<ActResult> {
  const owner = parseName(`mta-sts.${hands.domain}`)
  const records = owner.ok ? seen.hostRecords.filter(({ name }) => sameName(name, owner.value)) : []
  return change({ zone: zoneOf(seen, hands), remove: records, add: [] }, hands)
}

/** The zone that the record stands in, or would; the domain's own where nobody could tell. */
function zoneOf({ zone }: StsSeen, { domain }: StsHands): Name {
  const found = zone === undefined ? undefined : parseName(zone)
  return found?.ok === true ? found.value : nameOfDomain(domain)
}

async function change(wanted: ZoneChange, { writer, signal }: StsHands): Promise<ActResult> {
  return resultOf(await writer.write(wanted, signal), wanted)
}

function resultOf(outcome: WriteOutcome, { add, remove }: ZoneChange): ActResult {
  switch (outcome.kind) {
    case 'written':
      return { kind: 'done', text: `${changeText(add, remove)} (${outcome.by})` }
    case 'to-do':
      return { kind: 'todo', text: 'change the zone so:', paste: outcome.text }
    case 'failed':
      return { kind: 'failed', text: `the zone was not changed: ${outcome.reason}`, advice: outcome.advice }
  }
}

function changeText(add: readonly ResourceRecord[], remove: readonly ResourceRecord[]): string {
  const shown = (records: readonly ResourceRecord[]) => records.map(formatRecord).join('; ')
  return add.length > 0 ? `in the zone: ${shown(add)}` : `out of the zone: ${shown(remove)}`
}
