import type {
  Cell,
  CheckReport,
  Finding,
  HostRow,
  KeyRow,
  ProtocolLine,
  ProtocolState,
  SenderRow,
  Severity,
  Verdict,
} from '../../core/check/report.ts'
import type { Out, Style } from '../cli/out.ts'
import { onTerminal } from '../cli/trace-text.ts'
import { hang, padEnd, widthOf, wrap } from '../cli/wrap.ts'

/**
 * A report for people: the verdict, three lines, what senders do, the hosts, and what to do about it, the most urgent
 * first. Text to publish stands whole on its lines, to be copied.
 */
export function writeCheck(report: CheckReport, out: Out): void {
  const { verdict, sentence, why } = report
  for (const line of wrap(onTerminal(sentence), out.columns))
    out.line(out.style('bold', out.style(verdictStyle[verdict], line)))
  for (const reason of why) write(out, reason, { first: out.unicode ? '  • ' : '  - ', next: '    ' })
  out.line()
  for (const line of report.lines) writeLine(line, out)
  writeSenders(report.senders, out)
  writeGrid(report, out)
  writeFindings(report.findings, out)
  out.line()
  for (const left of report.leftOut) write(out, `Not looked at: ${left}.`, { first: '', next: '' })
  const more = `"waxseal check --json ${report.domain}" has all evidence; docs/findings/ explains each finding by its name.`
  write(out, more, { first: '', next: '' })
}

const verdictStyle: Record<Verdict, Style> = {
  protected: 'green',
  'protected-partly': 'yellow',
  opportunistic: 'yellow',
  cleartext: 'red',
  broken: 'red',
  undetermined: 'yellow',
}

function write(out: Out, text: string, { first, next }: { readonly first: string; readonly next: string }): void {
  for (const line of hang(onTerminal(text), { first, next, width: out.columns })) out.line(line)
}

function heading(out: Out, text: string): void {
  out.line()
  out.line(out.style('bold', text))
}

const stateStyle: Record<ProtocolState, Style> = {
  ...{ on: 'green', partly: 'yellow', testing: 'yellow', off: 'dim', broken: 'red', unknown: 'yellow' },
}

function writeLine({ protocol, state, reason, until }: ProtocolLine, out: Out): void {
  const first = `  ${padEnd(out.style('bold', protocol), 9)}${padEnd(out.style(stateStyle[state], state), 9)}`
  const lasts = state === 'on' || state === 'partly' || state === 'testing'
  const word = protocol === 'DANE' ? 'signed until' : 'until'
  const ends = until === null || !lasts ? '' : `, ${word} ${until.slice(0, 10)}`
  write(out, `${reason}${ends}`, { first, next: ' '.repeat(widthOf(first)) })
}

const senderStyle: Record<SenderRow['does'], Style> = {
  ...{ delivers: 'green', delays: 'red', returns: 'red', 'cannot-tell': 'yellow' },
}

function writeSenders(senders: readonly SenderRow[], out: Out): void {
  if (senders.length === 0) return
  heading(out, 'What senders do')
  const width = Math.max(...senders.map(({ title }) => widthOf(title)))
  const told = new Set<string>()
  for (const row of senders) {
    const { title, does, protection } = row
    // One fault holds most of them back: its reason is read once.
    const text = does !== 'delivers' && told.has(row.text) ? 'for the same reason' : row.text
    told.add(row.text)
    const isRisky = does === 'delivers' && (protection === 'cleartext' || protection === 'encrypted')
    const style = isRisky ? 'yellow' : senderStyle[does]
    const word = does === 'cannot-tell' ? 'unknown' : does
    const first = `  ${padEnd(title, width)}  ${padEnd(out.style(style, word), 9)}`
    if (widthOf(first) + 20 > out.columns) {
      out.line(`  ${title}`)
      write(out, `${word}: ${text}`, { first: '    ', next: '    ' })
    } else write(out, text, { first, next: ' '.repeat(widthOf(first)) })
  }
}

function writeGrid({ grid, operators }: CheckReport, out: Out): void {
  if (grid.length === 0) return
  heading(out, 'MX hosts')
  for (const { host, preference, addresses } of grid) {
    const operator = operators.find(({ part, name }) => part === 'mx-host' && name === host)
    const whose = operator === undefined || operator.isYours ? '' : `, of ${operator.zone ?? 'somebody else'}`
    out.line(`  ${preference} ${out.style('bold', onTerminal(host))}${onTerminal(whose)}`)
    for (const address of addresses) writeAddress(address, out)
    if (addresses.length === 0) out.line('    no address')
  }
}

function writeAddress({ address, connect, startTls, keys }: HostRow['addresses'][number], out: Out): void {
  const tls = connect.state === 'good' ? `, STARTTLS ${paint(startTls, out)}` : ''
  const first = `    ${padEnd(address, 15)}  `
  const detail = connect.detail !== null && connect.state !== 'good' ? connect.detail : connect.text
  write(out, `${paint({ ...connect, text: detail }, out)}${tls}`, { first, next: ' '.repeat(widthOf(first)) })
  for (const key of keys) writeKey(key, out)
}

function writeKey({ keyType, handshake, chain, name, expires, tlsa }: KeyRow, out: Out): void {
  const cells = [
    `${padEnd(keyType, 6)}${paint(handshake, out)}`,
    `chain ${paint(chain, out)}`,
    `name ${paint(name, out)}`,
    `until ${paint(expires, out)}`,
    ...(tlsa.state === 'none' ? [] : [`TLSA ${paint(tlsa, out)}`]),
  ]
  write(out, cells.join(', '), { first: '      ', next: '        ' })
}

const cellStyle: Record<Cell['state'], Style | undefined> = {
  ...{ good: 'green', bad: 'red', weak: 'yellow', none: undefined, unknown: 'yellow' },
}

/** What is bad says so in words too, for there may be no colour. */
function paint({ state, text }: Cell, out: Out): string {
  const style = cellStyle[state]
  const shown = onTerminal(state === 'bad' ? `${text} (!)` : text)
  return style === undefined ? shown : out.style(style, shown)
}

const severityWords: Record<Severity, readonly [text: string, style: Style]> = {
  'breaks-now': ['breaks delivery now', 'red'],
  'will-break': ['will break', 'red'],
  weakens: ['weakens protection', 'yellow'],
  note: ['note', 'dim'],
}

function writeFindings(findings: readonly Finding[], out: Out): void {
  const urgent = findings.filter(({ severity }) => severity !== 'note')
  const notes = findings.filter(({ severity }) => severity === 'note')
  if (urgent.length > 0) heading(out, 'What to do')
  for (const finding of urgent) writeFinding(finding, out)
  if (notes.length > 0) heading(out, 'Notes')
  for (const id of new Set(notes.map((note) => note.id))) {
    const all = notes.filter((note) => note.id === id)
    const subjects = [...new Set(all.map(({ subject }) => subject))].join(', ')
    write(out, `${all[0]?.title}: ${subjects} [${id}]`, { first: out.unicode ? '  • ' : '  - ', next: '    ' })
  }
}

/** The same seen at several places, once. */
function grouped(seen: Finding['seen']): { readonly text: string; readonly sources: readonly string[] }[] {
  const texts = [...new Set(seen.map(({ text }) => text))]
  return texts.map((text) => {
    const sources = seen.flatMap((one) => (one.text === text && one.source !== null ? [one.source] : []))
    return { text, sources: [...new Set(sources)] }
  })
}

/** Evidence of which a terminal shows so much, and JSON all. */
const shownEvidence = 4

function writeFinding(
  { id, severity, title, subject, date, seen, who, whoseName, publish, rfc }: Finding,
  out: Out,
): void {
  const [words, style] = severityWords[severity]
  const when = severity === 'will-break' && date !== null ? ` on ${date.slice(0, 10)}` : ''
  write(out, `${out.style(style, `${words}${when}`)}: ${title}`, { first: out.unicode ? '  • ' : '  - ', next: '    ' })
  const indent = { first: '    ', next: '      ' }
  write(out, `${subject} [${id}, ${rfc}]`, indent)
  const evidence = grouped(seen)
  for (const { text, sources } of evidence.slice(0, shownEvidence)) {
    write(out, sources.length === 0 ? `seen: ${text}` : `seen at ${sources.join(', ')}: ${text}`, indent)
  }
  if (evidence.length > shownEvidence) write(out, `and ${evidence.length - shownEvidence} more`, indent)
  if (who !== 'nobody') write(out, `who must act: ${who}${whoseName === null ? '' : ` (${whoseName})`}`, indent)
  for (const { where, text, note, kind } of publish) {
    write(out, `${kind === 'setting' ? 'set at' : 'publish in'} ${where} (${note}):`, indent)
    for (const line of text.split('\n')) out.line(`      ${onTerminal(line)}`)
  }
}
