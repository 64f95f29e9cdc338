import type { Readable } from 'node:stream'
import { limits } from './core/limits.ts'
import { formatMailbox } from './core/smtp/mailbox.ts'
import { createWaxseal, type DeliveryReport, type RecipientReport, type Waxseal, type WaxsealOptions } from './index.ts'

/** What of a nodemailer message a transport needs. */
export interface MailMessage {
  readonly data: {
    /** REQUIRETLS, as nodemailer's own SMTP transport has it. RFC 8689 */
    readonly requireTLSExtensionEnabled?: boolean | undefined
    readonly signal?: AbortSignal | undefined
  }
  readonly message: {
    getEnvelope(): { readonly from: string | false; readonly to: readonly string[] }
    messageId(): string
    createReadStream(): Readable
  }
}

/** What `sendMail` yields when somebody got the message. */
export interface SentMessageInfo {
  readonly envelope: { readonly from: string | false; readonly to: readonly string[] }
  readonly messageId: string
  readonly messageSize: number
  readonly accepted: readonly string[]
  /** Refused for good. */
  readonly rejected: readonly string[]
  /** To be tried again later, by whoever keeps a queue. */
  readonly pending: readonly string[]
  /** Of each recipient in `rejected` and `pending`. */
  readonly rejectedErrors: readonly WaxsealTransportError[]
  /** What the server said that has the message. */
  readonly response: string
  /** Everything that was tried, and why. */
  readonly report: DeliveryReport
}

/** Why a message, or one of its recipients, went nowhere. */
export class WaxsealTransportError extends Error {
  override readonly name = 'WaxsealTransportError'
  /** As nodemailer has them; `EDEFERRED` where trying again may help. */
  readonly code: 'EENVELOPE' | 'EDEFERRED' | 'EMESSAGE' | 'ESTREAM' | 'EABORT' | 'ECONFIG'
  /** 451, 550. */
  readonly responseCode: number | undefined
  readonly response: string | undefined
  readonly recipient: string | undefined
  readonly rejected: readonly string[]
  readonly pending: readonly string[]
  readonly rejectedErrors: readonly WaxsealTransportError[]
  readonly report: DeliveryReport | undefined

  constructor(
    code: WaxsealTransportError['code'],
    message: string,
    more: Partial<
      Pick<WaxsealTransportError, 'responseCode' | 'response' | 'recipient' | 'rejected' | 'pending' | 'rejectedErrors'>
    > & { readonly report?: DeliveryReport; readonly cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.responseCode = more.responseCode
    this.response = more.response
    this.recipient = more.recipient
    this.rejected = more.rejected ?? []
    this.pending = more.pending ?? []
    this.rejectedErrors = more.rejectedErrors ?? []
    this.report = more.report
  }
}

type Callback<Value> = (error: Error | null, value?: Value) => void

/** A transport for `nodemailer.createTransport` that delivers to MX hosts by our own client. */
export interface WaxsealTransport {
  readonly name: string
  readonly version: string
  readonly supportsAbortSignal: true
  send(mail: MailMessage, callback: (error: Error | null, info: SentMessageInfo) => void): void
  /** Whether DNS can be validated: the keys of the root are looked up. Connects to no mail server. */
  verify(callback?: Callback<true>): Promise<true> | undefined
  /** Whether fewer messages are under way than the transport takes at once. */
  isIdle(): boolean
  /** Ends what is under way. A Waxseal that was given stays open. */
  close(): void
}

export interface TransportOptions extends WaxsealOptions {
  /** In the place of one made from the other options, which then count for nothing. */
  readonly waxseal?: Waxseal
}

/**
 * Makes a transport: `nodemailer.createTransport(createWaxsealTransport({ clientName: 'mail.example.org' }))`.
 *
 * Throws ConfigError for options that cannot be used. A transport queues nothing: what is `pending` is the caller's to
 * send again.
 */
export function createWaxsealTransport({ waxseal: given, ...options }: TransportOptions = {}): WaxsealTransport {
  const waxseal = given ?? createWaxseal(options)
  const closing = new AbortController()
  let underWay = 0
  return {
    name: 'Waxseal',
    version: '0.1.0',
    supportsAbortSignal: true,
    send(mail, callback) {
      underWay++
      const done = (error: Error | null, info?: SentMessageInfo) => {
        underWay--
        // As nodemailer's own transports do: beside an error there is nothing.
        callback(error, info as SentMessageInfo)
      }
      send(waxseal, mail, closing.signal).then(
        (info) => done(null, info),
        (error: Error) => done(error),
      )
    },
    verify(callback) {
      const verified = verify(waxseal)
      if (callback === undefined) return verified
      verified.then(
        (value) => callback(null, value),
        (error: Error) => callback(error),
      )
      return undefined
    },
    isIdle: () => underWay < limits.smtp.domainsAtOnce,
    close() {
      closing.abort()
      if (given === undefined) waxseal.close().catch(() => {}) // nobody is there to be told
    },
  }
}

async function verify(waxseal: Waxseal): Promise<true> {
  const found = await waxseal.resolve('.', 'DNSKEY')
  if (found.kind !== 'failure' && found.status === 'secure') return true
  const why = found.kind === 'failure' ? found.reason : 'the root is not secure'
  throw new WaxsealTransportError('ECONFIG', `DNS cannot be validated: ${why}`)
}

async function send(waxseal: Waxseal, { data, message }: MailMessage, closing: AbortSignal): Promise<SentMessageInfo> {
  const signal = data.signal === undefined ? closing : AbortSignal.any([data.signal, closing])
  const { from, to } = message.getEnvelope()
  if (to.length === 0) throw new WaxsealTransportError('EENVELOPE', 'the message has no recipients')
  if (to.length > limits.smtp.recipients) {
    throw new WaxsealTransportError('EENVELOPE', `the message has more than ${limits.smtp.recipients} recipients`)
  }
  const messageId = message.messageId()
  const octets = await readMessage(message.createReadStream(), signal)
  const mail = { from: from === false || from === '' ? null : from, to, message: octets }
  const report = await deliver(waxseal, { ...mail, requireTls: data.requireTLSExtensionEnabled === true }, signal)
  const { recipients } = report
  const named = (kind: string) => recipients.filter(({ status }) => status.kind === kind).map(addressOf)
  const accepted = named('delivered')
  const rejected = named('permanent')
  const pending = named('temporary')
  const rejectedErrors = recipients.filter(({ status }) => status.kind !== 'delivered').map(errorOf)
  if (accepted.length === 0) throw nobodyGotIt({ rejected, pending, rejectedErrors, report, signal })
  const response = recipients.find(({ status }) => status.kind === 'delivered')?.status.text ?? ''
  const envelope = { from, to }
  const messageSize = octets.length
  return { envelope, messageId, messageSize, accepted, rejected, pending, rejectedErrors, response, report }
}

/** Reads a message whole, for each domain may need it again; one that is too long is not read to its end. */
async function readMessage(stream: Readable, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = []
  let octets = 0
  const stop = () => stream.destroy(new WaxsealTransportError('EABORT', 'the sending was aborted'))
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    for await (const chunk of stream) {
      const piece = Buffer.from(chunk as Uint8Array | string) // streams may yield either
      octets += piece.length
      if (octets > limits.smtp.messageOctets) {
        const text = `the message is longer than ${limits.smtp.messageOctets} octets`
        throw new WaxsealTransportError('EMESSAGE', text, { responseCode: 552 })
      }
      chunks.push(piece)
    }
  } catch (error) {
    if (error instanceof WaxsealTransportError) throw error
    const text = `the message cannot be read: ${error instanceof Error ? error.message : String(error)}`
    throw new WaxsealTransportError('ESTREAM', text, { cause: error })
  } finally {
    signal.removeEventListener('abort', stop)
    stream.destroy()
  }
  return Buffer.concat(chunks)
}

async function deliver(
  waxseal: Waxseal,
  mail: Parameters<Waxseal['deliver']>[0],
  signal: AbortSignal,
): Promise<DeliveryReport> {
  try {
    return await waxseal.deliver(mail, { signal })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new WaxsealTransportError('EENVELOPE', error.message, { responseCode: 553, cause: error })
  }
}

interface Nobody extends Pick<WaxsealTransportError, 'rejected' | 'pending' | 'rejectedErrors'> {
  readonly report: DeliveryReport
  readonly signal: AbortSignal
}

/** One error for all. What may still arrive counts more than what will not. */
function nobodyGotIt({ signal, ...all }: Nobody): WaxsealTransportError {
  const telling = all.rejectedErrors.find(({ code }) => code === 'EDEFERRED') ?? all.rejectedErrors[0]
  const code = signal.aborted ? 'EABORT' : (telling?.code ?? 'EENVELOPE')
  const { responseCode, response } = telling ?? {}
  const text = `no recipient got the message: ${telling?.message ?? 'there is none'}`
  return new WaxsealTransportError(code, text, { ...all, responseCode, response })
}

function errorOf(recipient: RecipientReport): WaxsealTransportError {
  const { kind, code, enhanced, text, from } = recipient.status
  const address = addressOf(recipient)
  const response = from === 'peer' ? text : `${code} ${enhanced} ${text}`
  const more = { responseCode: code, response, recipient: address }
  return new WaxsealTransportError(kind === 'temporary' ? 'EDEFERRED' : 'EENVELOPE', `${address}: ${response}`, more)
}

function addressOf({ mailbox }: RecipientReport): string {
  return formatMailbox(mailbox)
}
