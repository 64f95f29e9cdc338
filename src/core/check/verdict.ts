import { formatDomain } from '../name/domain.ts'
import { isUntold, whyPolicyUntold } from './failures.ts'
import type { SenderId, SenderRow, Verdict } from './report.ts'
import { isTurnedFrom } from './senders.ts'
import type { View } from './view.ts'

export interface Judged {
  readonly verdict: Verdict
  readonly sentence: string
  readonly why: readonly string[]
}

/**
 * The verdict, by what senders who check come to. `broken` outranks all others; nothing that could not be told makes a
 * domain worse than it is known to be.
 */
export function judgeDomain(view: View): Judged {
  const { verdict, why } = weigh(view)
  return { verdict, sentence: sentenceFor(view, verdict), why }
}

type Weighed = Pick<Judged, 'verdict' | 'why'>

function weigh(view: View): Weighed {
  const { mail, facts } = view
  if (mail === undefined) return { verdict: 'undetermined', why: ['nothing was looked up'] }
  const { mx } = mail
  if (mx.row === 'M3') return nullMx(mx.resolution.kind === 'answer' && mx.resolution.status === 'secure')
  if (mx.row === 'M1' && isUntold(mx.resolution)) return { verdict: 'undetermined', why: [mx.resolution.reason] }
  const rows = view.senders.map(({ row }) => row)
  const checking = rows.filter(({ id }) => id !== 'opportunistic' && id !== 'strict')
  const failing = checking.filter(({ does }) => does === 'delays' || does === 'returns')
  if (failing.length > 0) return { verdict: 'broken', why: [...new Set(failing.map(reasonOf))] }
  if (facts.hosts === undefined) return { verdict: 'undetermined', why: ['the MX hosts were not connected to'] }
  return weighProtection(view, rowFor(rows, 'dane-and-sts'), rowFor(rows, 'dane'))
}

function rowFor(rows: readonly SenderRow[], id: SenderId): SenderRow | undefined {
  return rows.find((row) => row.id === id)
}

function reasonOf({ title, does, text }: SenderRow): string {
  return `${title} ${does === 'returns' ? 'returns mail' : 'holds mail back'}: ${text}`
}

/** Where nobody takes mail there is nothing to read; unsigned, an attacker may say otherwise. RFC 7505 §3 */
function nullMx(isSecure: boolean): Weighed {
  if (isSecure) return { verdict: 'protected', why: ['the domain takes no mail, and that is signed'] }
  const why = ['the domain takes no mail, and nothing proves that: an attacker can name a host of his own']
  return { verdict: 'opportunistic', why }
}

function weighProtection(view: View, full: SenderRow | undefined, dane: SenderRow | undefined): Weighed {
  if (full === undefined || full.does !== 'delivers') {
    return {
      verdict: 'undetermined',
      why: full === undefined ? [] : full.hosts.map(({ host, text }) => `${host}: ${text}`),
    }
  }
  const untold = full.hosts
    .filter(({ does }) => does === 'cannot-tell')
    .map(({ host, text }) => `${host} could not be told: ${text}`)
  const passed = full.hosts.filter(isTurnedFrom)
  const passedOver = passed.map(({ host, text }) => `${host} is passed over: ${text}`)
  switch (full.protection) {
    case 'cleartext': {
      const clear = full.hosts.filter(({ protection }) => protection === 'cleartext')
      return { verdict: 'cleartext', why: clear.map(({ host, text }) => `${host}: ${text}`) }
    }
    case 'encrypted': {
      const strong = full.hosts.filter(
        ({ protection }) => protection === 'authenticated' || protection === 'host-authenticated',
      )
      const weak = full.hosts.filter(({ protection }) => protection === 'encrypted').map(({ host }) => host)
      if (strong.length > 0)
        return { verdict: 'protected-partly', why: [`nothing protects mail to ${weak.join(', ')}`, ...untold] }
      const unknown = whyPolicyUntold(view.facts)
      if (unknown !== undefined) return { verdict: 'undetermined', why: [unknown, ...untold] }
      return { verdict: 'opportunistic', why: [whyNothing(view), ...untold] }
    }
    case 'host-authenticated':
      return {
        verdict: 'protected-partly',
        why: ['the MX records are not signed, so that an attacker can name hosts of his own', ...passedOver, ...untold],
      }
    case 'authenticated': {
      if (passed.length > 0) return { verdict: 'protected-partly', why: [...passedOver, ...untold] }
      const isDane = dane?.does === 'delivers' && dane.protection === 'authenticated'
      if (isDane) return { verdict: 'protected', why: untold }
      return {
        verdict: 'protected-partly',
        why: ['MTA-STS protects from the second message on, and there is no DANE on every host', ...untold],
      }
    }
    case null:
      return { verdict: 'undetermined', why: untold }
  }
}

function whyNothing({ mail }: View): string {
  if (mail?.sts?.policy?.policy.mode === 'testing') return 'the MTA-STS policy is in mode testing, and there is no DANE'
  return 'there is neither DANE nor MTA-STS'
}

/** One for each verdict, in words that never change. */
export function sentenceFor({ domain, mail }: Pick<View, 'domain' | 'mail'>, verdict: Verdict): string {
  const name = formatDomain(domain)
  if (mail?.mx.row === 'M3') return `${name} takes no mail.`
  switch (verdict) {
    case 'protected':
      return `Mail to ${name} is protected against interception.`
    case 'protected-partly':
      return `Mail to ${name} is protected only in part, or only from some senders.`
    case 'opportunistic':
      return `Mail to ${name} is encrypted, but an active attacker can remove that.`
    case 'cleartext':
      return `Mail to ${name} may pass in clear: at least one server takes it without TLS.`
    case 'broken':
      return `Mail to ${name} is refused or delayed now by senders that check.`
    case 'undetermined':
      return `Whether mail to ${name} is protected could not be told.`
  }
}
