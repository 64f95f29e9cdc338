import type { Readable } from 'node:stream'
import { limits } from '../../../core/limits.ts'
import { accept, type Result, refuse } from '../../../core/result.ts'
import { parseAddressList } from '../../../core/smtp/address-list.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { type Header, readHeader, recipientFields, waivesTls, withoutFields } from '../../../core/smtp/header.ts'
import type { Mailbox } from '../../../core/smtp/mailbox.ts'
import { formatReceived } from '../../../core/smtp/trace-field.ts'

/** A message as it will be sent, and what its header asks for. */
export interface Submission {
  readonly message: Uint8Array
  /** Of To, Cc and Bcc, or of their Resent- forms, when they were asked for. */
  readonly recipients: readonly Mailbox[]
  /** RFC 8689 §3 */
  readonly waivesTls: boolean
}

export interface SubmissionOptions {
  /** Our name, for the trace field. */
  readonly by: string
  /** Milliseconds since 1970. */
  readonly now: number
  /** Whether the header names recipients. */
  readonly recipientsFromHeader: boolean
}

export type InputFault = 'too-large' | 'empty' | 'unreadable'

/**
 * All octets of a stream, refused when there are more than a message may have, or none: that is a program in front of
 * us that failed, or an input that is no file. Rejects when given up.
 */
export async function readMessage(input: Readable, signal: AbortSignal): Promise<Result<Buffer, InputFault>> {
  const chunks: Buffer[] = []
  let octets = 0
  const stop = () => input.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const chunk of input) {
      const piece = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk)
      octets += piece.length
      if (octets > limits.smtp.messageOctets) return refuse('too-large', limits.smtp.messageOctets)
      chunks.push(piece)
    }
  } catch (error) {
    if (signal.aborted) throw error
    return refuse('unreadable', octets)
  } finally {
    signal.removeEventListener('abort', stop)
  }
  return octets === 0 ? refuse('empty') : accept(Buffer.concat(chunks))
}

/**
 * Makes a message ready: a trace field at the top, Bcc taken out, an empty line after the header. RFC 5321 §4.4
 *
 * Nothing else is added or mended: a message without Date or Message-ID leaves without them, as its author made it. Only
 * the line that sets messages apart in a mailbox file is no part of it. RFC 4155
 * A refusal says in one line what in the header cannot be read.
 */
export function prepareSubmission(
  octets: Uint8Array,
  { by, now, recipientsFromHeader }: SubmissionOptions,
): { readonly submission: Submission } | { readonly problem: string } {
  const whole = withoutMailboxLine(octets)
  const header = readHeader(whole)
  if (header.end >= limits.smtp.headerOctets) {
    return { problem: `the header is longer than ${limits.smtp.headerOctets} octets` }
  }
  const found = recipientsFromHeader ? readRecipients(whole, header) : { recipients: [] }
  if ('problem' in found) return found
  const body = withoutFields(whole, header, ['bcc', 'resent-bcc'])
  const message = Buffer.concat([Buffer.from(formatReceived(by, now)), body])
  return { submission: { message, recipients: found.recipients, waivesTls: waivesTls(header) } }
}

/** A header that ends before its empty line may have recipients beyond, and a Bcc that must not be seen. */
function readRecipients(
  message: Uint8Array,
  header: Header,
): { readonly recipients: Mailbox[] } | { readonly problem: string } {
  if (!header.separated && header.fields.length > 0) {
    const [line = ''] = Buffer.from(message.subarray(header.end)).toString('utf8').split('\n', 1)
    return { problem: `a line of the header is no field: "${shorten(line.trimEnd())}"` }
  }
  const recipients: Mailbox[] = []
  for (const { name, value } of recipientFields(header)) {
    const list = parseAddressList(value)
    if (!list.ok) return { problem: `cannot read the ${name} field (${list.fault}): "${shorten(value)}"` }
    recipients.push(...list.value)
  }
  return { recipients }
}

function withoutMailboxLine(octets: Uint8Array): Uint8Array {
  const isOne = Buffer.from(octets.subarray(0, 5)).toString('latin1') === 'From '
  const end = isOne ? octets.indexOf(0x0a) : -1
  return end < 0 ? octets : octets.subarray(end + 1)
}

function shorten(value: string): string {
  return escapeText(value.length > 100 ? `${value.slice(0, 100)}...` : value)
}
