import { escapeUnsafe } from '../../smtp/escape.ts'
import type {
  AddressRow,
  Cell,
  CheckReport,
  Finding,
  HostRow,
  KeyRow,
  ProtocolLine,
  SenderRow,
  Severity,
} from '../report.ts'
import { actorOf, doesWords, momentOf, stateWords, urgencyOf, verdictWords } from './words.ts'

/** Reports in Markdown as GitHub and GitLab show it, for a ticket or a mail. docs/check.md */
export function formatMarkdown(reports: readonly CheckReport[]): string {
  const summary = reports.length < 2 ? [] : [`# Mail to ${reports.length} domains`, summaryTable(reports)]
  const level = reports.length < 2 ? '#' : '##'
  return `${[...summary, ...reports.flatMap((report) => reportBlocks(report, level))].join('\n\n')}\n`
}

/**
 * Text of anybody: none of it is HTML, a link, an emphasis, a list or the end of a cell. Words with an @, which may be
 * addresses or names that a forge would tell, stand as code.
 */
export function markdownText(text: string): string {
  const words = escapeUnsafe(text).split(/(\S*@\S*)/)
  return words.map((word, place) => (place % 2 === 1 ? markdownCode(word) : escapeMarks(word, place === 0))).join('')
}

/** CommonMark §2.4, and what GitHub makes of addresses of the Web. */
function escapeMarks(text: string, isFirst: boolean): string {
  const marked = text.replace(/[\\`*_{}[\]<>#|~&!$^]|:(?=\/\/)|(?<=www)\./gi, '\\$&')
  return isFirst
    ? marked.replace(/^(\s*)([-+=]|\d+(?=[.)]))/, (_, blanks, mark) => `${blanks}${escapeFirst(mark)}`)
    : marked
}

/** A list's mark at the beginning of a line; a digit cannot be escaped otherwise. */
function escapeFirst(mark: string): string {
  return /\d/.test(mark) ? `&#${mark.charCodeAt(0)};${mark.slice(1)}` : `\\${mark}`
}

/** Text of anybody as code in a line, in a fence that it cannot end; the bar would end a cell. */
export function markdownCode(text: string): string {
  const shown = escapeUnsafe(text).replaceAll('|', '\\|')
  const fence = '`'.repeat(longestRun(shown) + 1)
  return shown.trim() === '' ? '' : `${fence} ${shown} ${fence}`.replace(/^(`) ([^`]*) `$/, '$1$2`')
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
}

/** Text of anybody to be copied as it stands, in a fence that it cannot end. */
export function codeBlock(text: string): string {
  const lines = text.split('\n').map(escapeUnsafe)
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1))
  return [fence, ...lines, fence].join('\n')
}

/** With columns as wide as what is in them, for who reads it as plain text. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

function summaryTable(reports: readonly CheckReport[]): string {
  const rows = reports.map(({ domain, verdict, findings }) => [
    markdownCode(domain),
    verdictWords[verdict],
    String(findings.filter(({ severity }) => severity !== 'note').length),
  ])
  return table(['domain', 'verdict', 'findings'], rows)
}

function reportBlocks(report: CheckReport, level: string): string[] {
  const { sentence, why, checkedAt, verdict, lines, senders, grid, findings, leftOut } = report
  return [
    `${level} ${markdownText(sentence)}`,
    ...(why.length === 0 ? [] : [why.map((reason) => `- ${markdownText(reason)}`).join('\n')]),
    `Verdict: **${verdictWords[verdict]}**, checked ${momentOf(checkedAt)}.`,
    table(['protocol', 'state', 'why', 'until'], lines.map(lineCells)),
    ...(senders.length === 0
      ? []
      : [`${level}# What senders do`, table(['sender', 'does', 'how'], senders.map(senderCells))]),
    ...(grid.length === 0 ? [] : [`${level}# MX hosts`, gridTable(grid)]),
    ...findingBlocks(findings, level),
    ...leftOut.map((left) => `Not looked at: ${markdownText(left)}.`),
  ]
}

function lineCells({ protocol, state, reason, until }: ProtocolLine): string[] {
  return [protocol, stateWords[state], markdownText(reason), until?.slice(0, 10) ?? '']
}

function senderCells({ title, does, text }: SenderRow): string[] {
  return [markdownText(title), doesWords[does], markdownText(text)]
}

function gridTable(grid: readonly HostRow[]): string {
  const head = ['host', 'address', 'connection', 'STARTTLS', 'key', 'TLS', 'chain', 'name', 'until', 'TLSA']
  const rows = grid.flatMap(({ host, preference, addresses }) => {
    const name = `${preference} ${markdownCode(host)}`
    if (addresses.length === 0) return [[name, 'no address', '', '', '', '', '', '', '', '']]
    return addresses.flatMap((address) => addressRows(name, address))
  })
  return table(head, rows)
}

function addressRows(name: string, { address, connect, startTls, keys }: AddressRow): string[][] {
  const before = [name, markdownCode(address), cellText(connect), cellText(startTls)]
  return keys.length === 0 ? [[...before, '', '', '', '', '', '']] : keys.map((key) => [...before, ...keyCells(key)])
}

function keyCells({ keyType, handshake, chain, name, expires, tlsa }: KeyRow): string[] {
  return [keyType, ...[handshake, chain, name, expires, tlsa].map(cellText)]
}

function cellText({ state, text }: Cell): string {
  return state === 'bad' ? `**${markdownText(text)}**` : markdownText(text)
}

const groups: readonly (readonly [Severity, string])[] = [
  ['breaks-now', 'Breaks delivery now'],
  ['will-break', 'Will break'],
  ['weakens', 'Weakens protection'],
]

function findingBlocks(findings: readonly Finding[], level: string): string[] {
  const blocks = groups.flatMap(([severity, title]) => {
    const found = findings.filter((finding) => finding.severity === severity)
    return found.length === 0 ? [] : [`${level}# ${title}`, ...found.flatMap((finding) => findingBlock(finding, level))]
  })
  const notes = findings.filter(({ severity }) => severity === 'note')
  if (notes.length === 0) return blocks
  const list = notes.map(({ id, title, subject }) => `- ${markdownText(title)}: ${markdownCode(subject)} (${id})`)
  return [...blocks, `${level}# Notes`, list.join('\n')]
}

function findingBlock(finding: Finding, level: string): string[] {
  const { id, title, subject, seen, publish, rfc } = finding
  const actor = actorOf(finding)
  const facts = [
    `- ${urgencyOf(finding)}; \`${id}\`, ${rfc}`,
    ...seen.map(
      ({ text, source }) => `- seen${source === null ? '' : ` at ${markdownCode(source)}`}: ${markdownCode(text)}`,
    ),
    ...(actor === undefined ? [] : [`- who must act: ${markdownText(actor)}`]),
  ]
  return [
    `${level}## ${markdownText(title)}: ${markdownText(subject)}`,
    facts.join('\n'),
    ...publish.flatMap(({ kind, where, note, text }) => [
      `${kind === 'setting' ? 'Set at' : 'Publish in'} ${markdownText(where)} (${markdownText(note)}):`,
      codeBlock(text),
    ]),
  ]
}
