import type {
  DoctorReport,
  DoctorStep,
  DoctorVerdict,
  HostDiagnosis,
  LiveKey,
  PublishedRecord,
} from '../../../core/publish/doctor/report.ts'
import { formatSeconds } from '../../cli/durations.ts'
import type { Out, Style } from '../../cli/out.ts'
import { onTerminal } from '../../cli/trace-text.ts'
import { hang, padEnd } from '../../cli/wrap.ts'

/** A visit for people: what to do first, then what was seen, then the rest in its order. Texts to copy stand whole. */
export function writeDoctor(report: DoctorReport, out: Out): void {
  const { first, verdict, hosts, leftOut, subject } = report
  const [style] = words[verdict]
  const lead = first === null ? leads[verdict] : `Do this first: ${first.charAt(0).toLowerCase()}${first.slice(1)}.`
  for (const line of hang(onTerminal(lead), { first: '', next: '', width: out.columns }))
    out.line(out.style('bold', out.style(style, line)))
  const step = hosts.flatMap(({ steps }) => steps).find(({ does }) => does === first)
  if (step !== undefined) writeTexts(step, '', out)
  for (const host of hosts) writeHost(host, step, out)
  out.line()
  for (const left of leftOut) write(out, `Not looked at: ${left}.`)
  const more = `"waxseal tlsa doctor --json ${subject}" has all evidence; docs/findings/ explains names in brackets.`
  write(out, more)
}

const words: Record<DoctorVerdict, readonly [Style, string]> = {
  sound: ['green', 'sound'],
  'act-soon': ['yellow', 'act soon'],
  'no-dane': ['yellow', 'no DANE'],
  undetermined: ['yellow', 'could not be told'],
  broken: ['red', 'broken'],
}

/** Where nothing is to be done at once. */
const leads: Record<DoctorVerdict, string> = {
  sound: 'There is nothing to do.',
  'act-soon': 'There is nothing to do at once.',
  'no-dane': 'There is nothing to mend, and no DANE.',
  undetermined: 'It could not be told; nothing that was seen is wrong.',
  broken: 'Mail is held back.',
}

function write(out: Out, text: string, first = '', next = first): void {
  for (const line of hang(onTerminal(text), { first, next, width: out.columns })) out.line(line)
}

function writeHost(
  { host, owner, verdict, sentence, keys, records, servers, steps }: HostDiagnosis,
  first: DoctorStep | undefined,
  out: Out,
): void {
  const [style, word] = words[verdict]
  out.line()
  out.line(`${out.style('bold', onTerminal(host))}: ${out.style(style, word)}`)
  write(out, `${sentence}.`, '  ')
  if (keys.length > 0) {
    out.line()
    out.line('  What it presents')
    for (const key of keys) writeKey(key, servers.length, out)
  }
  if (records.length > 0) {
    const ttls = servers.flatMap(({ ttl }) => ttl ?? [])
    const ttl = ttls.length === 0 ? '' : `, for ${formatSeconds(Math.max(...ttls))}`
    out.line()
    write(out, `What is published at ${owner}${ttl}`, '  ')
    for (const record of records) writeRecord(record, out)
  }
  for (const { server, address, reason, state } of servers.filter((one) => one.state !== 'records')) {
    const where = address === null ? server : `${server} [${address}]`
    write(
      out,
      `${where}: ${state === 'none' ? 'has no TLSA records' : (reason ?? 'could not be asked')}`,
      '    ',
      '      ',
    )
  }
  const toDo = steps.filter(({ urgency }) => urgency !== 'note')
  const notes = steps.filter(({ urgency }) => urgency === 'note')
  if (toDo.length > 0) heading(out, 'What to do, in this order')
  for (const [at, step] of toDo.entries()) writeStep(step, `${at + 1}. `, step === first, out)
  if (notes.length > 0) heading(out, 'And at leisure')
  for (const step of notes) writeStep(step, out.unicode ? '• ' : '- ', false, out)
}

function heading(out: Out, text: string): void {
  out.line()
  out.line(`  ${text}`)
}

function writeKey(
  { keyType, addresses, record, until, matches, on, notOn, without }: LiveKey,
  servers: number,
  out: Out,
): void {
  const ends = until === null ? '' : `, until ${until.slice(0, 10)}`
  write(out, `${padEnd(keyType, 5)} at ${addresses.join(', ')}${ends}`, '    ', '      ')
  if (record !== null) out.line(`      ${onTerminal(record)}`)
  const told = on.length + notOn.length + without.length
  const state =
    matches === null ? '' : matches ? `${out.style('green', 'matches')}; ` : `${out.style('red', 'NO MATCH')}; `
  const where = servers === 0 ? 'name servers were not asked' : placesOf(on, told, 'covered on')
  const missing = notOn.length > 0 && on.length > 0 ? `, and not on ${notOn.join(', ')}` : ''
  write(out, `${state}${where}${missing}`, '      ')
}

/** `on all 3 name servers`, `on no name server`, or which. */
function placesOf(on: readonly string[], told: number, verb: string): string {
  if (told === 0) return 'no name server could be asked'
  if (on.length === 0) return `${verb} no name server`
  if (on.length < told) return `${verb} ${on.join(', ')}`
  return told === 1 ? `${verb} the name server` : `${verb} all ${told} name servers`
}

const roles: Record<PublishedRecord['role'], string> = {
  'in-use': 'matches',
  next: 'of the next key, by the rollover',
  old: 'of the old key, by the rollover',
  'maybe-next': 'matches nothing yet: of the next key?',
  'matches-nothing': 'matches nothing: left behind?',
  unusable: 'nobody can use it',
  unknown: 'nothing was presented to hold it against',
}

function writeRecord({ record, role, on, notOn }: PublishedRecord, out: Out): void {
  for (const line of hang(onTerminal(record), { first: '    ', next: '      ', width: 1000 })) out.line(line)
  const told = on.length + notOn.length
  const where =
    notOn.length === 0 || told === 0 ? '' : `; on ${on.join(', ') || 'no name server'}, not on ${notOn.join(', ')}`
  write(out, `${roles[role]}${where}`, '      ')
}

const urgencies: Record<DoctorStep['urgency'], readonly [Style, string]> = {
  now: ['red', 'now: '],
  dated: ['red', ''],
  soon: ['yellow', ''],
  note: ['dim', ''],
}

/** Evidence of which a terminal shows so much, and JSON all. */
const shownEvidence = 3

function writeStep(step: DoctorStep, mark: string, isFirst: boolean, out: Out): void {
  const { id, urgency, does, why, date, who, whoseName, seen, rfc } = step
  const [style, word] = urgencies[urgency]
  const when = urgency === 'dated' && date !== null ? `before ${date.slice(0, 10)}: ` : ''
  const text = isFirst ? `${out.style(style, word)}as said above` : `${out.style(style, `${word}${when}`)}${does}`
  write(out, `${text}.`, `    ${mark}`, `    ${' '.repeat(mark.length)}`)
  const indent = `    ${' '.repeat(mark.length)}`
  write(out, `${why} [${id}, ${rfc}]`, indent)
  if (urgency !== 'note') writeEvidence(seen, indent, out)
  if (who !== 'you' && who !== 'nobody')
    write(out, `who must act: ${who}${whoseName === null ? '' : ` (${whoseName})`}`, indent)
  if (!isFirst) writeTexts(step, indent, out)
}

/** The same seen at several places, once. */
function writeEvidence(seen: DoctorStep['seen'], indent: string, out: Out): void {
  const places = Map.groupBy(seen, ({ text }) => text)
  for (const [text, all] of [...places].slice(0, shownEvidence)) {
    const sources = [...new Set(all.flatMap(({ source }) => source ?? []))]
    write(out, sources.length === 0 ? `seen: ${text}` : `seen at ${sources.join(', ')}: ${text}`, indent, `${indent}  `)
  }
  if (places.size > shownEvidence) write(out, `and ${places.size - shownEvidence} more`, indent)
}

function writeTexts({ publish, remove }: DoctorStep, indent: string, out: Out): void {
  for (const { where, text, note } of publish) copied(out, `publish in ${where}, ${note}:`, text.split('\n'), indent)
  if (publish.some(({ text }) => / TLSA /.test(text))) write(out, ownKey, indent)
  if (remove.length > 0) copied(out, 'take away:', remove, indent)
}

/** Whoever sits on the way may answer in the host's place: a record of his key would let him in for good. */
const ownKey =
  "Look on the machine itself whether this is its key (waxseal tlsa gen): what an address shows could be anybody's."

function copied(out: Out, label: string, lines: readonly string[], indent: string): void {
  write(out, label, indent, `${indent}  `)
  for (const line of lines) out.line(`  ${onTerminal(line)}`)
}
