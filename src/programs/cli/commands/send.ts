import { type FileHandle, open } from 'node:fs/promises'
import { limits } from '../../../core/limits.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { formatMailbox, type Mailbox, parseForwardPath, type ReversePath } from '../../../core/smtp/mailbox.ts'
import { ownHostsOf } from '../../../io/delivery/own-hosts.ts'
import type { DeliveryReport } from '../../../io/delivery/report.ts'
import { formatEntry } from '../../../io/smtp/transcript.ts'
import { decisionOptionsOf } from '../../config/decision-options.ts'
import { readClientName } from '../client-name.ts'
import { type CommandContext, defineCommand, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { sendingOptions } from '../sending-options.ts'
import { withProgress } from '../with-progress.ts'
import type { World } from '../world.ts'
import { worldOptions } from '../world-options.ts'
import { type InputFault, prepareSubmission, readMessage, type Submission } from './send-message.ts'
import { exitStatus, formatTranscripts, toJson, writeReport } from './send-report.ts'

export const send = defineCommand({
  name: 'send',
  summary: 'Deliver a message from standard input to its recipients, enforced',
  usage: ['send [--from ADDRESS] RECIPIENT...', 'send -t [--from ADDRESS] [RECIPIENT...]'],
  description: [
    'Reads a message from standard input and delivers it to the MX hosts of its recipients: each host must show what ' +
      'DANE or MTA-STS asks of it (see "waxseal explain"), or the message is not handed over. Nothing is queued: who ' +
      'gets exit status 75 tries again later.',
    'Shows what became of every recipient, and why. With --json it says so as one object; --transcript keeps the ' +
      'sessions line by line.',
  ],
  options: {
    from: { type: 'string', short: 'f', value: 'ADDRESS', description: 'sender of the envelope; <> when absent' },
    'read-recipients': {
      ...{ type: 'boolean', short: 't' },
      description: 'take recipients from To, Cc and Bcc as well; from Resent- fields alone where there are any',
    },
    helo: {
      ...{ type: 'string', value: 'NAME' },
      description: 'our name for EHLO, or our address in brackets, instead of this machine’s name',
    },
    ...sendingOptions,
    'require-tls': {
      type: 'boolean',
      description: 'ask for REQUIRETLS: only to verified hosts that pass it on (RFC 8689)',
    },
    'require-starttls': { type: 'boolean', description: 'deliver only over TLS, whatever the domain asks for' },
    'require-dane': { type: 'boolean', description: 'deliver only where DANE authenticates the host' },
    transcript: { type: 'string', value: 'FILE', description: 'write every session, line by line' },
    json: { type: 'boolean', description: 'print one JSON object (schema waxseal.send/1)' },
    ...worldOptions,
  },
  operands: { name: 'RECIPIENT', min: 0, max: limits.smtp.recipients },
  examples: [
    { line: 'waxseal send -f me@example.net you@example.org <message.eml', does: 'to one recipient' },
    { line: 'waxseal send -t <message.eml', does: 'to those whom the header names' },
  ],
  exitStatuses: [
    { status: EXIT.done, means: 'everyone got it' },
    { status: EXIT.data, means: 'the message cannot be sent: its header or a line of it' },
    { status: EXIT.noInput, means: 'there is no message on standard input' },
    { status: 67, means: 'refused for good: no such mailbox' },
    { status: EXIT.noHost, means: 'refused for good: no such domain, or one that takes no mail' },
    { status: EXIT.unavailable, means: 'refused for good, for other reasons' },
    { status: EXIT.cannotCreate, means: 'the transcript cannot be written: nothing was sent' },
    { status: EXIT.temporary, means: 'not delivered to someone, and another try may help' },
  ],
  async run({ values, positionals }, context) {
    const sender = readSender(values.from)
    const named = positionals.map(readRecipient)
    const clientName = readClientName(values.helo)
    const wanted = values['read-recipients'] === true
    if (named.length === 0 && !wanted) throw new UsageError('no recipients: name some, or give -t')
    const submission = await readSubmission({ by: clientName, wanted }, context)
    if (typeof submission === 'number') return submission
    const recipients = [...named, ...submission.recipients]
    if (recipients.length === 0) throw new UsageError('the message names no recipients in To, Cc or Bcc')
    if (recipients.length > limits.smtp.recipients)
      throw new UsageError(`more than ${limits.smtp.recipients} recipients`)
    const world = await context.openWorld(values, 'durable')
    let transcript: FileHandle | undefined
    try {
      if (values.transcript !== undefined) {
        transcript = await openForWriting(values.transcript, context)
        if (transcript === undefined) return EXIT.cannotCreate
      }
      const delivery = {
        ...{ sender, recipients, clientName, submission },
        requireTls: values['require-tls'] === true,
        tlsMandatory: values['require-starttls'] === true,
        daneMandatory: values['require-dane'] === true,
      }
      const report = await deliverIn(world, delivery, context)
      if (values.json === true) context.out.write(toJson(report))
      else writeReport(report, context.out)
      await transcript
        ?.writeFile(formatTranscripts(report))
        .catch((error) => complainOf(values.transcript, error, context))
      return context.signal.aborted ? EXIT.interrupted : exitStatus(report)
    } finally {
      await transcript?.close()
      await world.close()
    }
  },
})

function readSender(text: string | undefined): ReversePath {
  if (text === undefined || text === '' || text === '<>') return null
  return readAddress(text, 'option --from')
}

function readRecipient(text: string): Mailbox {
  return readAddress(text, 'recipient')
}

/** In angle brackets too, as headers and logs have it. */
function readAddress(text: string, what: string): Mailbox {
  const mailbox = parseForwardPath(text)
  if (mailbox.ok) return mailbox.value
  throw new UsageError(`${what}: not a mail address: "${escapeText(text)}" (${mailbox.fault.replaceAll('-', ' ')})`)
}

/** An exit status, after saying why, for a message that cannot be sent. */
async function readSubmission(
  { by, wanted }: { readonly by: string; readonly wanted: boolean },
  { openInput, signal, clock, out }: CommandContext,
): Promise<Submission | number> {
  const input = openInput()
  if (out.watched && 'isTTY' in input && input.isTTY === true)
    out.note('type the message, header first; Ctrl-D ends it')
  const octets = await readMessage(input, signal)
  if (!octets.ok) {
    out.warn(inputFaults[octets.fault])
    return octets.fault === 'too-large' ? EXIT.data : EXIT.noInput
  }
  const prepared = prepareSubmission(octets.value, { by, now: clock.now(), recipientsFromHeader: wanted })
  if ('submission' in prepared) return prepared.submission
  out.warn(prepared.problem)
  return EXIT.data
}

const inputFaults: Record<InputFault, string> = {
  'too-large': `the message is larger than ${limits.smtp.messageOctets} octets`,
  empty: 'there is no message on standard input',
  unreadable: 'cannot read the message from standard input',
}

interface Delivery {
  readonly sender: ReversePath
  readonly recipients: readonly Mailbox[]
  readonly clientName: string
  readonly submission: Submission
  readonly requireTls: boolean
  readonly tlsMandatory: boolean
  readonly daneMandatory: boolean
}

async function deliverIn(world: World, delivery: Delivery, { out, signal }: CommandContext): Promise<DeliveryReport> {
  const { deliver } = await import('../../../io/delivery/deliver.ts')
  const { sender, recipients, clientName, submission, requireTls, tlsMandatory, daneMandatory } = delivery
  const { resolver, network, store, clock, profile, sts, smtpPort, trace, overrides, settings } = world
  const describe = (seconds: number) => `delivering to ${recipients.map(formatMailbox).join(', ')} for ${seconds} s`
  return withProgress(out, describe, () =>
    deliver(
      { sender, recipients, message: submission.message, requireTls },
      {
        ...{ resolver, network, clock, profile, sts, signal, clientName, port: smtpPort, anchors: store.anchors },
        random: Math.random,
        options: { ...decisionOptionsOf(settings), tlsMandatory, daneMandatory },
        overrides: overrides.current,
        ownHosts: ownHostsOf(settings['own-host']),
        ...(trace === undefined ? {} : { follow: (entry, host) => out.note(`${host} ${formatEntry(entry)}`) }),
      },
    ),
  )
}

/** Before anything is sent, as a transcript cannot be had afterwards. Undefined, after saying why, when it cannot be. */
async function openForWriting(path: string, context: CommandContext): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'w')
  } catch (error) {
    complainOf(path, error, context)
    return undefined
  }
}

function complainOf(path = '', error: unknown, { out }: CommandContext): void {
  const reason = error instanceof Error ? error.message.replace(/^E[A-Z]+: ([^,]*),.*$/, '$1') : String(error)
  out.warn(`cannot write "${escapeText(path)}": ${escapeText(reason)}`)
}
