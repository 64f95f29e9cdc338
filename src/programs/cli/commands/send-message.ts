import type { Readable } from 'node:stream'
import { limits } from '../../../core/limits.ts'
import { accept, type Result, refuse } from '../../../core/result.ts'
import { parseAddressList } from '../../../core/smtp/address-list.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { readHeader, valuesOf, waivesTls, withoutFields } from '../../../core/smtp/header.ts'
import type { Mailbox } from '../../../core/smtp/mailbox.ts'
import { formatReceived } from '../../../core/smtp/trace-field.ts'

/** A message as it will be sent, and what its header asks for. */
export interface Submission {
  readonly message: Uint8Array
  /** Of To, Cc and Bcc, when they were asked for. */
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

/** All octets of a stream, refused when there are more than a message may have. */
export async function readMessage(input: Readable, signal: AbortSignal): Promise<Result<Buffer, 'too-large'>> {
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
  } finally {
    signal.removeEventListener('abort', stop)
  }
  return accept(Buffer.concat(chunks))
}

/**
 * Makes a message ready: a trace field at the top, Bcc taken out, an empty line after the header. RFC 5321 §4.4
 *
 * Nothing else is added or mended: a message without Date or Message-ID leaves without them, as its author made it.
 * A refusal says in one line what in the header cannot be read.
 */
export function prepareSubmission(
  octets: Uint8Array,
  { by, now, recipientsFromHeader }: SubmissionOptions,
): { readonly submission: Submission } | { readonly problem: string } {
  const header = readHeader(octets)
  const recipients: Mailbox[] = []
  if (recipientsFromHeader) {
    for (const name of ['to', 'cc', 'bcc']) {
      for (const value of valuesOf(header, name)) {
        const list = parseAddressList(value)
        if (!list.ok) return { problem: `cannot read the ${name} field (${list.fault}): "${shorten(value)}"` }
        recipients.push(...list.value)
      }
    }
  }
  const body = withoutFields(octets, header, ['bcc'])
  const message = Buffer.concat([Buffer.from(formatReceived(by, now)), body])
  return { submission: { message, recipients, waivesTls: waivesTls(header) } }
}

function shorten(value: string): string {
  return escapeText(value.length > 100 ? `${value.slice(0, 100)}...` : value)
}
