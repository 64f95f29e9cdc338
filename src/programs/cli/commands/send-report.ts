import { describeNegativeAnchor } from '../../../core/dnssec/negative-anchors.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { formatMailbox } from '../../../core/smtp/mailbox.ts'
import type { DeliveryReport, HostReport, Protection, RecipientReport } from '../../../io/delivery/report.ts'
import type { SessionRecord } from '../../../io/smtp/run-session.ts'
import { formatEntry } from '../../../io/smtp/transcript.ts'
import { negativeAnchorToJson } from '../dns-json.ts'
import { EXIT } from '../exit.ts'
import type { Out, Style } from '../out.ts'
import { hang } from '../wrap.ts'

/**
 * The exit status for a delivery, after sysexits(3): 0 only when everyone got the message.
 *
 * One recipient for whom trying again may help decides for 75, so that a caller with a queue tries again; it must not
 * send to those delivered twice, and learns from `--json` who they are.
 */
export function exitStatus({ recipients }: DeliveryReport): number {
  const failed = recipients.filter(({ status }) => status.kind !== 'delivered')
  if (failed.length === 0) return EXIT.done
  if (failed.some(({ status }) => status.kind === 'temporary')) return EXIT.temporary
  const kinds = new Set(failed.map(permanentStatus))
  const [only] = kinds
  return kinds.size === 1 && only !== undefined ? only : EXIT.unavailable
}

/** EX_NOUSER; not among those of every command. */
const noUser = 67

function permanentStatus({ status }: RecipientReport): number {
  if (status.enhanced === '5.1.1') return noUser
  if (status.enhanced === '5.1.2' || status.enhanced === '5.1.10') return EXIT.noHost
  return status.enhanced.startsWith('5.6.') ? EXIT.data : EXIT.unavailable
}

const styles: Record<RecipientReport['status']['kind'], Style> = {
  delivered: 'green',
  temporary: 'yellow',
  permanent: 'red',
}

const verdicts = { delivered: 'delivered', temporary: 'not yet', permanent: 'refused' } as const

const protections: Record<Protection, string> = {
  verified: 'over TLS, verified as the domain wants it',
  'host-verified': 'over TLS, the host verified but not the domain that names it',
  encrypted: 'over TLS, with a server that proved nothing',
  none: 'in the clear',
}

/** More of a server's words than any person reads; `--json` has them all. */
const shownCharacters = 300

/** A table with a recipient beside every verdict, and below it how or why, and where; at the end the sums. */
export function writeReport({ recipients, domains }: DeliveryReport, out: Out): void {
  const indent = Math.max(...Object.values(verdicts).map((word) => word.length)) + 2
  const margin = ' '.repeat(indent)
  for (const recipient of recipients) {
    const { kind } = recipient.status
    out.line(`${out.style(styles[kind], verdicts[kind].padEnd(indent))}${escapeText(formatMailbox(recipient.mailbox))}`)
    const overridden = recipient.status.kind === 'delivered' ? overrideFor(recipient, domains) : []
    for (const detail of [...detailsOf(recipient), ...overridden]) {
      for (const line of hang(detail, { first: margin, next: margin, width: out.columns })) out.line(line)
    }
  }
  const negative = new Set(domains.flatMap(({ negativeAnchors = [] }) => negativeAnchors.map(describeNegativeAnchor)))
  for (const text of negative) {
    for (const line of hang(escapeText(`${text}.`), { first: '', next: '', width: out.columns })) out.line(line)
  }
  if (recipients.length > 1) out.line(sumUp(recipients))
}

function detailsOf({ status, host, address, protection }: RecipientReport): string[] {
  const code = status.from === 'peer' ? '' : `${status.code} ${status.enhanced} `
  const isCut = status.text.length > shownCharacters
  const text = escapeText(isCut ? `${status.text.slice(0, shownCharacters)}...` : status.text)
  // The host of an address literal is that address.
  const at = address === undefined || host === `[${address}]` ? host : `${host} [${address}]`
  return [
    ...(protection === undefined ? [] : [protections[protection]]),
    `${code}${text}`,
    ...(at === undefined ? [] : [`at ${at}`]),
  ]
}

/** By whose override it went, as rows 34 and 35 say it; who did not get it is told so in the status. */
function overrideFor({ host, row }: RecipientReport, domains: DeliveryReport['domains']): string[] {
  if (row !== '34' && row !== '35') return []
  const found = domains.flatMap(({ hosts }) => hosts).find((one) => one.host === host && one.row === row)
  return found === undefined ? [] : [escapeText(found.reason)]
}

function sumUp(recipients: readonly RecipientReport[]): string {
  const kinds = ['delivered', 'temporary', 'permanent'] as const
  return kinds
    .map((kind) => [recipients.filter(({ status }) => status.kind === kind).length, verdicts[kind]] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(', ')
}

/** The report as data, for scripts. Certificates and transcripts are left to `--transcript`. */
export function toJson({ sender, recipients, domains }: DeliveryReport): string {
  const data = {
    schema: 'waxseal.send/1',
    sender: sender === null ? '' : formatMailbox(sender),
    recipients: recipients.map(({ mailbox, status, host, address, row, protection }) => ({
      recipient: formatMailbox(mailbox),
      outcome: status.kind,
      code: status.code,
      enhancedCode: status.enhanced,
      text: status.text,
      wordsOf: status.from,
      host: host ?? null,
      address: address ?? null,
      row: row ?? null,
      protection: protection ?? null,
    })),
    domains: domains.map(({ nextHop, hosts, negativeAnchors = [] }) => ({
      ...{ nextHop, hosts: hosts.map(hostToJson), negativeTrustAnchors: negativeAnchors.map(negativeAnchorToJson) },
    })),
  }
  return `${JSON.stringify(data)}\n`
}

function hostToJson({ host, row, reason, sessions }: HostReport) {
  return { host, row, reason, sessions: sessions.map(sessionToJson) }
}

function sessionToJson({ endpoint, end, secured, tls, tlsFailure }: SessionRecord) {
  return {
    address: endpoint.address,
    port: endpoint.port,
    end: end.kind,
    secured,
    tls: tls === undefined ? null : tlsToJson(tls),
    tlsFailure: tlsFailure === undefined ? null : failureToJson(tlsFailure),
  }
}

function tlsToJson({ protocol, cipher, serverName, chainError, chain }: NonNullable<SessionRecord['tls']>) {
  const certificates = chain.map(({ fingerprint256 }) => fingerprint256.replaceAll(':', '').toLowerCase())
  return { protocol, cipher, serverName, chainError: chainError ?? null, certificates }
}

function failureToJson({ fault, reason, alert }: NonNullable<SessionRecord['tlsFailure']>) {
  return { fault, reason, alert: alert ?? null }
}

/** Every session from its first line to its last. */
export function formatTranscripts({ domains }: DeliveryReport): string {
  const sessions = domains.flatMap(({ hosts }) => hosts.flatMap((host) => host.sessions))
  return sessions.map(({ transcript }) => `${transcript.map(formatEntry).join('\n')}\n`).join('\n')
}
