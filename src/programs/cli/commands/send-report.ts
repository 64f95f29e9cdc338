import { escapeText } from '../../../core/smtp/escape.ts'
import { formatMailbox } from '../../../core/smtp/mailbox.ts'
import type { DeliveryReport, HostReport, Protection, RecipientReport } from '../../../io/delivery/report.ts'
import type { SessionRecord } from '../../../io/smtp/run-session.ts'
import { formatEntry } from '../../../io/smtp/transcript.ts'
import { EXIT } from '../exit.ts'
import type { Out, Style } from '../out.ts'

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

/** Two or three lines for every recipient: what happened, where and how protected, and in whose words. */
export function writeReport({ recipients }: DeliveryReport, out: Out): void {
  const width = Math.max(...recipients.map(({ mailbox }) => shown(mailbox).length))
  for (const { mailbox, status, host, address, protection } of recipients) {
    const name = shown(mailbox).padEnd(Math.min(width, out.columns - 12))
    out.line(`${name}  ${out.style(styles[status.kind], verdicts[status.kind])}`)
    if (protection !== undefined) out.line(`  ${protections[protection]}`)
    const code = status.from === 'peer' ? '' : `${status.code} ${status.enhanced} `
    out.line(`  ${code}${escapeText(status.text)}`)
    if (host !== undefined)
      out.line(`  ${out.style('dim', `at ${host}${address === undefined ? '' : ` [${address}]`}`)}`)
  }
}

function shown(mailbox: RecipientReport['mailbox']): string {
  return escapeText(formatMailbox(mailbox))
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
    domains: domains.map(({ nextHop, hosts }) => ({ nextHop, hosts: hosts.map(hostToJson) })),
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
