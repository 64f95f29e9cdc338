import { limits } from '../../core/limits.ts'
import { readHeader, waivesTls } from '../../core/smtp/header.ts'
import {
  formatMailbox,
  formatMailDomain,
  type Mailbox,
  type MailDomain,
  type ReversePath,
} from '../../core/smtp/mailbox.ts'
import { hasOverlongLine, scanMessage } from '../../core/smtp/message-facts.ts'
import { type DomainResult, deliverDomain } from './deliver-domain.ts'
import type { DomainPlan } from './plan.ts'
import { type DeliveryIo, type PlanDemand, planDomain } from './plan-domain.ts'
import { mapPooled } from './pool.ts'
import type { DeliveryReport, RecipientReport } from './report.ts'
import { asFinal, givenUp, ourStatus } from './status.ts'

/** One message and its envelope. */
export interface DeliveryRequest {
  readonly sender: ReversePath
  /** Each once; those given twice are sent to once. */
  readonly recipients: readonly Mailbox[]
  /** Lines end in LF or CRLF; its trace field is already there. */
  readonly message: Uint8Array
  /** Hand the message only to verified hosts that pass the same demand on. RFC 8689 §2 */
  readonly requireTls?: boolean | undefined
}

/**
 * Sends one message to its recipients: every domain by its own decision, every host by its own session.
 *
 * Never rejects for what DNS or servers do, nor when it is interrupted: every recipient gets a status, in the order
 * given. Who owns a queue tries the temporary ones again, later.
 */
export async function deliver(request: DeliveryRequest, io: DeliveryIo): Promise<DeliveryReport> {
  return deliverEach(request, io, { recheck: false })
}

/**
 * The last try when the queue lifetime is over. Policies are looked up afresh first, as one that was relaxed meanwhile
 * must not bounce mail (RFC 8461 §5.1); what fails now is permanent.
 */
export async function deliverForTheLastTime(request: DeliveryRequest, io: DeliveryIo): Promise<DeliveryReport> {
  const report = await deliverEach(request, io, { recheck: true })
  if (io.signal?.aborted === true) return report
  return { ...report, recipients: report.recipients.map((entry) => ({ ...entry, status: asFinal(entry.status) })) }
}

async function deliverEach(
  { sender, recipients: given, message, requireTls = false }: DeliveryRequest,
  io: DeliveryIo,
  { recheck }: { readonly recheck: boolean },
): Promise<DeliveryReport> {
  const recipients = [...new Map(given.map((mailbox) => [formatMailbox(mailbox), mailbox])).values()]
  const facts = scanMessage(message)
  if (hasOverlongLine(facts)) return refuseAll(sender, recipients)
  const mail = { sender, message: facts, requireTls }
  // RFC 8689 §4.1: the parameter makes the header field count for nothing.
  const waived = !requireTls && waivesTls(readHeader(message))
  const results = await mapPooled(groupByDomain(recipients), limits.smtp.domainsAtOnce, async (group) => {
    const [first] = group
    const plan = await planUnlessGivenUp(first.domain, { requireTls, waived, recheck }, io)
    const { clientName, port } = io
    const nextHop = formatMailDomain(first.domain)
    const chosenBy = 'stranger'
    return deliverDomain({ nextHop, plan, recipients: group, mail, message, clientName, port, chosenBy }, io)
  })
  return { sender, recipients: inOrder(recipients, results), domains: results.map(({ domain }) => domain) }
}

/** An interrupt while a domain is looked up is told of its recipients alone: what others got stays in the report. */
async function planUnlessGivenUp(domain: MailDomain, demand: PlanDemand, io: DeliveryIo): Promise<DomainPlan> {
  try {
    return await planDomain(domain, demand, io)
  } catch (error) {
    if (io.signal?.aborted !== true) throw error
    return { action: 'refuse', row: undefined, status: givenUp }
  }
}

type Group = [Mailbox, ...Mailbox[]]

function groupByDomain(recipients: readonly Mailbox[]): Group[] {
  const groups = new Map<string, Group>()
  for (const mailbox of recipients) {
    const key = formatMailDomain(mailbox.domain)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [mailbox])
    else group.push(mailbox)
  }
  return [...groups.values()]
}

function inOrder(recipients: readonly Mailbox[], results: readonly DomainResult[]): RecipientReport[] {
  const reports = new Map(results.flatMap((result) => result.recipients.map((report) => [report.mailbox, report])))
  return recipients.flatMap((mailbox) => reports.get(mailbox) ?? [])
}

/** Breaking the line would break signatures, and servers may cut or refuse it. RFC 5321 §4.5.3.1.6 */
function refuseAll(sender: ReversePath, recipients: readonly Mailbox[]): DeliveryReport {
  const text = `a line of the message is longer than ${limits.smtp.textLineOctets} octets`
  const status = ourStatus('line-too-long', 'smtp', text)
  const nowhere = { host: undefined, address: undefined, row: undefined, protection: undefined }
  return { sender, recipients: recipients.map((mailbox) => ({ mailbox, status, ...nowhere })), domains: [] }
}
