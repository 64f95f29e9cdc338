import type { LookupReport } from './dns-json.ts'
import { formatMoment, formatSeconds } from './durations.ts'
import type { ExplainReport, HostReport, PolicyReport, TlsaReport } from './explain-report.ts'
import { codesText, saidText } from './extended-errors.ts'
import type { Out, Style } from './out.ts'
import { onTerminal } from './trace-text.ts'
import { formatTree, type TreeNode } from './tree.ts'
import { hang, wrap } from './wrap.ts'

/** The decision about a domain for people: one sentence, then the evidence, then what to do if something is wrong. */
export function writeExplanation(report: ExplainReport, out: Out): void {
  const style = styleOf(report)
  for (const line of wrap(onTerminal(report.summary), out.columns)) out.line(out.style('bold', out.style(style, line)))
  for (const reason of report.reasons) for (const line of item(reason, out)) out.line(line)
  out.line()
  for (const line of formatTree([mxNode(report, out), policyNode(report.policy, out)], out)) out.line(line)
  if (report.advice.length > 0) {
    out.line()
    out.line(out.style('bold', 'What to do'))
    for (const advice of report.advice) for (const line of item(advice, out)) out.line(line)
  }
}

function styleOf({ outcome, protection }: ExplainReport): Style {
  if (outcome !== 'deliver') return 'red'
  return protection === 'authenticated' ? 'green' : 'yellow'
}

function item(text: string, { columns, unicode }: Out): string[] {
  return hang(onTerminal(text), { first: unicode ? '  • ' : '  - ', next: '    ', width: columns })
}

function mxNode({ domain, mx, hosts, row }: ExplainReport, out: Out): TreeNode {
  const children = hosts.map((host) => hostNode(host, out))
  if (mx === null) return { text: `hosts of ${domain}, without a lookup of MX [${row}]`, children }
  return { text: `${lookupText(mx, out)} [${row}]`, children }
}

function hostNode(host: HostReport, out: Out): TreeNode {
  const { preference, action, reason, row, mustShow } = host
  const name = out.style('bold', onTerminal(host.host))
  const does = out.style(action === 'connect' ? 'green' : 'red', action)
  const children = [
    ...host.addressLookups.map((lookup) => lookupNode(lookup, out)),
    ...host.tlsaLookups.map((lookup) => tlsaNode(lookup, host.tlsa, out)),
    ...(mustShow === null ? [] : [{ text: `must show: ${onTerminal(mustShow)}` }]),
  ]
  return { text: `${preference} ${name}: ${does}, ${onTerminal(reason)} [${row}]`, children }
}

function lookupNode(lookup: LookupReport, out: Out): TreeNode {
  const records = lookup.result === 'answer' ? lookup.records.map(rdataOf) : []
  const text = lookupText(lookup, out)
  return { text: records.length === 0 ? text : `${text}: ${onTerminal(records.join(', '))}` }
}

/** The records of a TLSA answer each stand on a line, with why they do not count if they do not. */
function tlsaNode(lookup: LookupReport, tlsa: readonly TlsaReport[], out: Out): TreeNode {
  if (lookup.result !== 'answer') return { text: lookupText(lookup, out) }
  const children = tlsa.map(({ record, usable, reason }) => ({
    text: usable ? onTerminal(record) : `${onTerminal(record)} ${out.style('yellow', 'unusable')}: ${reason ?? ''}`,
  }))
  return { text: lookupText(lookup, out), children }
}

/** `example.org. MX secure, signed by example.org., for 5 min`: what became of a lookup, in one line. */
function lookupText(lookup: LookupReport, out: Out): string {
  const question = `${lookup.name} ${lookup.type}`
  const status = out.style(statusStyle[lookup.status], lookup.status)
  const errors = [codesText(lookup.extendedErrors), saidText(lookup.server, lookup.serverErrors)]
  const found = errors.filter((text) => text !== undefined).map(onTerminal)
  if (lookup.result === 'failure') return `${question} ${status}: ${onTerminal(lookup.reason)} (${found.join('; ')})`
  const missing = { answer: '', nodata: 'no records, ', nxdomain: 'no such name, ' }[lookup.result]
  const signer = lookup.signer === null ? [] : [`signed by ${lookup.signer}`]
  const reason = lookup.reason === null ? [] : [onTerminal(lookup.reason)]
  const aliases = lookup.aliases.map(({ via, target }) => `${via} to ${target}`)
  const rest = [...aliases, ...signer, ...reason, ...found, `for ${formatSeconds(lookup.ttl)}`]
  return `${question} ${missing}${status}, ${rest.join(', ')}`
}

const statusStyle: Record<LookupReport['status'], Style> = {
  ...{ secure: 'green', insecure: 'yellow', bogus: 'red', indeterminate: 'red' },
}

/** Zone text without owner, TTL, class and type: those stand in the line already. */
function rdataOf(record: string): string {
  return record.split(' ').slice(4).join(' ')
}

function policyNode(policy: PolicyReport, out: Out): TreeNode {
  const { state, mode, mx, reason, row, record } = policy
  const children = record === null ? [] : [lookupNode(record, out)]
  const because = reason === null ? '' : `: ${onTerminal(reason)}`
  if (state !== 'in-force') return { text: `MTA-STS: ${words[state]}${because} [${row}]`, children }
  const hosts = mx.length === 0 ? [] : [{ text: `allows ${onTerminal(mx.join(', '))}` }]
  return { text: `MTA-STS: mode ${mode}, ${lifeOf(policy)}${because} [${row}]`, children: [...hosts, ...children] }
}

const words = { none: 'no policy', failed: 'no policy can be told' } as const

function lifeOf({ cached, id, fetchedAt, expiresAt }: PolicyReport): string {
  const from = fetchedAt === null ? '' : ` ${formatMoment(fetchedAt)}`
  const until = expiresAt === null ? '' : `, until ${formatMoment(expiresAt)}`
  return `${id === null ? '' : `id ${onTerminal(id)}, `}${cached ? 'remembered from' : 'fetched'}${from}${until}`
}
