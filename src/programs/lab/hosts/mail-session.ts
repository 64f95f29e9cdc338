import type { HostDeclaration } from '../world/world.ts'

/** One message's envelope and text, as a session gathered it. */
export interface Envelope {
  readonly from: string
  readonly to: readonly string[]
  readonly text: string
}

/** Where a server's side of one SMTP session stands. */
export interface MailSession {
  readonly host: HostDeclaration
  readonly secured: boolean
  readonly from: string | undefined
  readonly to: readonly string[]
  /** Lines of the message so far, added to in place; undefined when commands are read. */
  readonly lines: string[] | undefined
}

/** What the server does about one line. */
export interface MailStep {
  readonly session: MailSession
  /** What to send, without the last line's end; undefined sends nothing. */
  readonly reply?: string
  readonly next?: 'start-tls' | 'close'
  readonly message?: Envelope
}

export function beginMailSession(host: HostDeclaration, secured = false): MailSession {
  return { host, secured, from: undefined, to: [], lines: undefined }
}

export function greetingOf({ name, replies }: HostDeclaration): string {
  return replies.get('greeting') ?? `220 ${name} ESMTP`
}

/** Answers one line of a client, its line end taken off; `accepts` says which mailboxes there are. RFC 5321 §4.1 */
export function answerLine(
  session: MailSession,
  line: string,
  accepts: (mailbox: string) => boolean = () => true,
): MailStep {
  if (session.lines !== undefined) return takeText(session, session.lines, line)
  const verb = (/^[A-Za-z]+/.exec(line)?.[0] ?? '').toLowerCase()
  const scripted = session.host.replies.get(verb)
  if (scripted !== undefined) return { session, reply: scripted, ...(scripted.startsWith('421') && { next: 'close' }) }
  switch (verb) {
    case 'ehlo':
      return { session: reset(session), reply: ehloReply(session) }
    case 'helo':
      return { session: reset(session), reply: `250 ${session.host.name}` }
    case 'starttls':
      return startTls(session)
    case 'mail':
      return { session: { ...reset(session), from: pathOf(line) }, reply: '250 2.1.0 ok' }
    case 'rcpt':
      return takeRecipient(session, pathOf(line), accepts)
    case 'data':
      return beginText(session)
    case 'rset':
      return { session: reset(session), reply: '250 2.0.0 ok' }
    case 'noop':
      return { session, reply: '250 2.0.0 ok' }
    case 'quit':
      return { session, reply: `221 2.0.0 ${session.host.name}`, next: 'close' }
    default:
      return { session, reply: '500 5.5.1 unknown command' }
  }
}

function reset(session: MailSession): MailSession {
  return { ...session, from: undefined, to: [], lines: undefined }
}

function ehloReply({ host, secured }: MailSession): string {
  const keywords = [...(secured ? host.offersInside : host.offers), ...startTlsKeyword(host, secured)]
  const lines = [host.name, ...keywords]
  return lines.map((text, index) => `250${index === lines.length - 1 ? ' ' : '-'}${text}`).join('\r\n')
}

function startTlsKeyword({ startTls: behaviour }: HostDeclaration, secured: boolean): string[] {
  if (behaviour === 'crossed-out') return secured ? [] : ['XXXXXXXA']
  const isOffered = secured ? behaviour === 'again' : behaviour !== 'no' && behaviour !== 'hidden'
  return isOffered ? ['STARTTLS'] : []
}

function startTls(session: MailSession): MailStep {
  const { host, secured } = session
  if (host.startTls === 'closing') return { session, next: 'close' }
  if (host.startTls === 'crossed-out') return { session, reply: '500 5.5.1 unrecognized: "XXXXXXXX"' }
  if (secured || host.startTls === 'no') return { session, reply: '502 5.5.1 not here' }
  if (host.startTls === 'refused') return { session, reply: '454 4.7.0 TLS not available now' }
  const reply = host.startTls === 'injecting' ? '220 2.0.0 go\r\n250 2.0.0 injected' : '220 2.0.0 go'
  return { session: reset(session), reply, next: 'start-tls' }
}

/** What stands between the angle brackets. */
function pathOf(line: string): string {
  return /<([^>]*)>/.exec(line)?.[1] ?? ''
}

function takeRecipient(session: MailSession, mailbox: string, accepts: (mailbox: string) => boolean): MailStep {
  if (session.from === undefined) return { session, reply: '503 5.5.1 MAIL first' }
  const localPart = mailbox.slice(0, mailbox.lastIndexOf('@'))
  if (!accepts(mailbox) || session.host.refuses.includes(localPart))
    return { session, reply: '550 5.1.1 no such mailbox' }
  if (session.host.defers.includes(localPart)) return { session, reply: '450 4.2.1 mailbox busy' }
  return { session: { ...session, to: [...session.to, mailbox] }, reply: '250 2.1.5 ok' }
}

function beginText(session: MailSession): MailStep {
  if (session.to.length === 0) return { session, reply: '503 5.5.1 RCPT first' }
  return { session: { ...session, lines: [] }, reply: '354 go on' }
}

function takeText(session: MailSession, lines: string[], line: string): MailStep {
  if (line !== '.') {
    lines.push(line.startsWith('.') ? line.slice(1) : line)
    return { session }
  }
  const reply = session.host.replies.get('end') ?? '250 2.0.0 taken'
  if (!reply.startsWith('2')) return { session: reset(session), reply }
  const message = { from: session.from ?? '', to: session.to, text: lines.map((text) => `${text}\r\n`).join('') }
  return { session: reset(session), reply, message }
}
