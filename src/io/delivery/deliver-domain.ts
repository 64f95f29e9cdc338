import { limits } from '../../core/limits.ts'
import type { Mailbox } from '../../core/smtp/mailbox.ts'
import type { Mailing } from '../../core/smtp/session-state.ts'
import type { ChosenBy } from '../network.ts'
import type { SessionIo, SessionRecord } from '../smtp/run-session.ts'
import { attemptAddress, fatesOf } from './attempt-address.ts'
import { type Ledger, openLedger } from './ledger.ts'
import type { ConnectPlan, DomainPlan } from './plan.ts'
import type { DomainReport, HostReport, RecipientReport } from './report.ts'
import { givenUp } from './status.ts'

/** What is to be sent, and as whom. */
export interface DomainDelivery {
  /** For people. */
  readonly nextHop: string
  readonly plan: DomainPlan
  readonly recipients: readonly Mailbox[]
  readonly mail: Omit<Mailing, 'recipients'>
  readonly message: Uint8Array
  readonly clientName: string
  readonly port: number
  readonly chosenBy: ChosenBy
}

export interface DomainResult {
  readonly recipients: readonly RecipientReport[]
  readonly domain: DomainReport
}

/** Tries the hosts of one domain in their order until everyone has an answer, or no host is left. RFC 5321 §5.1 */
export async function deliverDomain(delivery: DomainDelivery, io: SessionIo): Promise<DomainResult> {
  const { plan, nextHop } = delivery
  const { negativeAnchors } = plan
  const about = { nextHop, ...(negativeAnchors !== undefined && { negativeAnchors }) }
  const ledger = openLedger(delivery.recipients)
  const hosts: HostReport[] = []
  if (plan.action === 'refuse') {
    ledger.fail(plan.status, { host: undefined, address: undefined, row: plan.row })
    return { recipients: ledger.report(), domain: { ...about, hosts } }
  }
  for (const host of plan.hosts.slice(0, limits.smtp.hosts)) {
    if (ledger.open.length === 0 || io.signal?.aborted === true) break
    if (host.action === 'connect') {
      hosts.push(await tryHost(host, delivery, ledger, io))
      continue
    }
    const { row, reason, status } = host
    ledger.fail(status, { host: host.host, address: undefined, row })
    hosts.push({ host: host.host, row, reason, sessions: [] })
  }
  if (io.signal?.aborted === true) {
    ledger.fail(givenUp, { host: undefined, address: undefined, row: undefined })
  }
  return { recipients: ledger.report(), domain: { ...about, hosts } }
}

/** The addresses of one host in their order, until one has talked through the whole envelope. RFC 5321 §5.1 */
async function tryHost(
  host: ConnectPlan,
  delivery: DomainDelivery,
  ledger: Ledger,
  io: SessionIo,
): Promise<HostReport> {
  const { clientName, message, chosenBy, mail, port } = delivery
  const sessions: SessionRecord[] = []
  let row = '30'
  let reason = 'the host has no address'
  for (const address of host.addresses.slice(0, limits.smtp.addressesPerHost)) {
    if (ledger.open.length === 0 || io.signal?.aborted === true) break
    const recipients = ledger.open
    const attempted = await attemptAddress(
      {
        host: host.host,
        endpoint: { address, port },
        chosenBy,
        mail: { ...mail, recipients },
        message,
        clientName,
        tls: host.tls,
        authenticator: await host.authenticator(),
      },
      io,
    )
    sessions.push(...attempted)
    const judgement = host.judge(attempted)
    row = judgement.row
    reason = judgement.reason
    ledger.book(recipients, fatesOf(attempted), { host: host.host, address, ...judgement })
    if (attempted.at(-1)?.end.kind === 'completed') break
  }
  return { host: host.host, row, reason, sessions }
}
