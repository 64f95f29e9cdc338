import { formatType } from '../../core/dns/types.ts'
import { formatRecord } from '../../core/dns/zone-text.ts'
import { describeNegativeAnchor } from '../../core/dnssec/negative-anchors.ts'
import type { Answer, Denial, Failure, Resolution } from '../../core/dnssec/resolution.ts'
import { numbersOf, type TrustPoint } from '../../core/dnssec/trust-point.ts'
import { stateWords } from '../../core/dnssec/trust-point-words.ts'
import { formatName } from '../../core/name/text.ts'
import { chainTree, untilText } from './chain-text.ts'
import { clockAdvice, doubtClock } from './clock-doubt.ts'
import { algorithmName } from './dnssec-words.ts'
import { formatMoment, formatSeconds } from './durations.ts'
import { codesText, codesToJson, saidText, saidToJson } from './extended-errors.ts'
import type { Out, Style } from './out.ts'
import { onTerminal } from './trace-text.ts'
import { formatTree, type TreeNode } from './tree.ts'
import { wrap } from './wrap.ts'

/** A lookup for people: what came of it in one line, then the records, then the chain of trust. `now` is what our clock says. */
export function writeResolution(resolution: Resolution, out: Out, now: number): void {
  for (const line of wrap(onTerminal(verdictOf(resolution)), out.columns)) out.line(out.style('bold', line))
  if (resolution.kind !== 'failure') {
    for (const { owner, target, via } of resolution.aliases) {
      out.line(`  ${formatName(owner)} ${via} ${formatName(target)}`)
    }
  }
  if (resolution.kind === 'answer') for (const record of resolution.records) out.line(`  ${formatRecord(record)}`)
  out.line()
  out.line('Chain of trust')
  const chain = resolution.kind === 'failure' ? resolution.chain : resolution.evidence.chain
  for (const line of formatTree(chainTree(chain, endOf(resolution, out), out), out)) out.line(line)
  out.line()
  const remarks = [...notValidated(resolution), ...errors(resolution)]
  for (const text of [origin(resolution), ...remarks, clockDoubt(resolution, now)]) {
    if (text !== undefined) for (const line of wrap(text, out.columns)) out.line(line)
  }
}

/** What is thought of the keys of a name that validation starts from. RFC 5011 §4.2 */
export function writeTrustPoint({ owner, anchors, observedAt, askAt }: TrustPoint, out: Out): void {
  out.line()
  out.line(`Trust anchors of ${formatName(owner)}`)
  for (const { anchor, state, holdUntil } of anchors) {
    const { keyTag, algorithm } = numbersOf(anchor)
    const from = holdUntil === undefined ? '' : ` before ${formatMoment(holdUntil * 1000)}`
    out.line(`  key ${keyTag} ${algorithmName(algorithm)}: ${stateWords[state]}${from}`)
  }
  if (observedAt === undefined) return
  out.line(`  looked at ${formatMoment(observedAt * 1000)}, next from ${formatMoment(askAt * 1000)} on`)
}

/** Each negative trust anchor that it rests on, in a line. */
function notValidated(resolution: Resolution): string[] {
  if (resolution.kind === 'failure') return []
  const { negativeAnchors = [], reason } = resolution.evidence
  const texts = negativeAnchors.map(describeNegativeAnchor).filter((text) => text !== reason)
  return texts.map((text) => onTerminal(`${text}.`))
}

/** Ours, and then what the server says. */
function errors(resolution: Resolution): string[] {
  const { server } = resolution.kind === 'failure' ? resolution : resolution.evidence
  const texts = [codesText(codesToJson(resolution)), saidText(server, saidToJson(resolution))]
  return texts.flatMap((text) => (text === undefined ? [] : [`${onTerminal(text)}.`]))
}

function clockDoubt(resolution: Resolution, now: number): string | undefined {
  if (resolution.kind !== 'failure') return undefined
  const doubt = doubtClock({ code: resolution.ede, verified: resolution.chain.length })
  if (doubt === undefined) return undefined
  return doubt === 'likely' ? `Please ${clockAdvice(now)}.` : `If others see no fault, ${clockAdvice(now)}.`
}

/** What came of a lookup, in one line without a full stop; a stranger's words in it are not escaped. */
export function verdictOf(resolution: Resolution): string {
  const question = `${formatName(resolution.name)} ${formatType(resolution.type)}`
  if (resolution.kind === 'failure') {
    const what = resolution.why === 'bogus' ? 'bogus, and so not to be used' : `no answer (${resolution.why})`
    return `${question}: ${what}: ${resolution.reason}`
  }
  if (resolution.kind === 'answer') return `${question}: ${count(resolution.records.length)}, ${standing(resolution)}`
  const missing = resolution.kind === 'nxdomain' ? 'the name does not exist' : 'no records of this type'
  return `${question}: ${missing}, ${standing(resolution)}`
}

function standing({ status, evidence }: Answer | Denial): string {
  if (status === 'secure') return 'secure'
  return evidence.reason === undefined ? 'insecure' : `insecure: ${evidence.reason}`
}

function count(records: number): string {
  return records === 1 ? '1 record' : `${records} records`
}

/** What stands below the last zone: the RRset or denial, or where the chain broke. */
function endOf(resolution: Resolution, out: Out): TreeNode {
  if (resolution.kind === 'failure') {
    const status = resolution.why === 'bogus' ? 'bogus' : 'indeterminate'
    const where = resolution.zone === undefined ? '' : ` in zone ${formatName(resolution.zone)}`
    return { text: `${out.style('red', status)}${where}: ${onTerminal(resolution.reason)}` }
  }
  const { status, canonicalName, type, kind, evidence } = resolution
  const what = kind === 'answer' ? formatType(type) : kind === 'nodata' ? `no ${formatType(type)}` : 'no such name'
  const colour: Style = status === 'secure' ? 'green' : 'yellow'
  const signer =
    evidence.signer === undefined ? '' : `, by ${formatName(evidence.signer)}${untilText(evidence.expiration)}`
  return { text: `${formatName(canonicalName)} ${what} ${out.style(colour, status)}${signer}` }
}

/** Failures that no reply stands behind, or none that answers. */
const unanswered: readonly Failure['why'][] = [
  'timeout',
  'unreachable',
  'refused',
  'overload',
  'limit',
  'aborted',
  'config',
]

function origin(resolution: Resolution): string {
  const { server, cached } = resolution.kind === 'failure' ? resolution : resolution.evidence
  const shown = server === undefined ? undefined : onTerminal(server)
  if (resolution.kind === 'failure' && !cached && unanswered.includes(resolution.why)) {
    return shown === undefined ? 'No server was asked.' : `Last asked: ${shown}.`
  }
  const from = cached ? 'from memory' : shown === undefined ? 'from no server' : `from ${shown}`
  return resolution.kind === 'failure'
    ? `Answer ${from}.`
    : `Answer ${from}, valid for ${formatSeconds(resolution.ttl)}.`
}
