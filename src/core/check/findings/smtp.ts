import { formatReply } from '../../smtp/reply.ts'
import type { Talk } from '../address-probe.ts'
import type { Evidence } from '../report.ts'
import { reachesSomebody } from '../senders.ts'
import { notConnected } from '../sessions.ts'
import type { InjectionSeen } from '../tls-parameters.ts'
import type { AddressView, HostView, View } from '../view.ts'
import { type Family, type FindingKinds, type Found, nobody, said } from './finding.ts'

const kinds = {
  'starttls-missing': {
    severity: 'weakens',
    title: 'The host does not offer STARTTLS: mail to it passes in clear',
    rfc: 'RFC 3207 §4',
  },
  'starttls-refused': {
    severity: 'weakens',
    title: 'The host offers STARTTLS and refuses the command: mail to it passes in clear',
    rfc: 'RFC 3207 §4',
  },
  'starttls-handshake-fails': {
    severity: 'weakens',
    title: 'The TLS handshake with the host fails: mail to it passes in clear',
    rfc: 'RFC 3207 §4',
  },
  'starttls-on-some-addresses': {
    severity: 'weakens',
    title: 'The host does TLS at some of its addresses only',
    rfc: 'RFC 3207 §4',
  },
  'starttls-offer-garbled': {
    severity: 'weakens',
    title: 'The offer of STARTTLS is overwritten: something between here and the host strips TLS',
    rfc: 'RFC 3207 §6',
  },
  'starttls-offer-changes': {
    severity: 'weakens',
    title: 'The host offers STARTTLS in some sessions and not in others',
    rfc: 'RFC 3207 §6',
  },
  'starttls-command-changed': {
    severity: 'weakens',
    title: 'The STARTTLS command reached the host as another one: something on the way changed it',
    rfc: 'RFC 3207 §6',
  },
  'starttls-hidden': {
    severity: 'weakens',
    title: 'The host does STARTTLS and does not offer it: no sender uses it',
    rfc: 'RFC 3207 §4',
  },
  'banner-masked': {
    severity: 'weakens',
    title: 'The greeting is painted over, as firewalls do that also strip STARTTLS',
    rfc: 'RFC 5321 §4.2',
  },
  'starttls-octets-before': {
    severity: 'weakens',
    title: 'Something was said in clear behind the 220 of STARTTLS: an injection, or a bug that is like one',
    rfc: 'RFC 3207 §6',
  },
  'starttls-injection': {
    severity: 'weakens',
    title: 'The host obeys in TLS what was said in clear before (CVE-2011-0411)',
    rfc: 'RFC 3207 §6',
  },
  'host-busy': {
    severity: 'note',
    title: 'The host is busy or greylists us: what it does with TLS could not be told',
    rfc: 'RFC 5321 §4.2.1',
  },
  'host-turned-us-away': {
    severity: 'note',
    title: 'The host does not talk to us: what it does with TLS could not be told',
    rfc: 'RFC 5321 §3.1',
  },
  'host-unanswered': {
    severity: 'note',
    title: 'The host did not answer from here in time: what it does with TLS could not be told',
    rfc: 'RFC 5321 §4.5.4.1',
  },
  'host-refuses-connections': {
    severity: 'weakens',
    title: 'Nobody listens on port 25 of an address of an MX host',
    rfc: 'RFC 5321 §5.1',
  },
  'host-not-smtp': {
    severity: 'weakens',
    title: 'What answers on port 25 of an MX host does not speak SMTP',
    rfc: 'RFC 5321 §3.1',
  },
  'host-private-address': {
    severity: 'weakens',
    title: 'An MX host has an address that no other network can reach',
    rfc: 'RFC 5321 §5.1',
  },
  'ipv6-unreachable': {
    severity: 'weakens',
    title: 'The host answers over IPv4 and not over IPv6',
    rfc: 'RFC 5321 §5.2',
  },
  'vantage-without-smtp': {
    severity: 'note',
    title: 'No MX host could be reached from here: port 25 may be closed where this runs',
    rfc: 'RFC 5321 §4.5.4.1',
  },
  'vantage-without-ipv6': {
    severity: 'note',
    title: 'There is no IPv6 where this runs: those addresses were not tested',
    rfc: 'RFC 5321 §5.2',
  },
  'ehlo-name': {
    severity: 'note',
    title: 'The host does not call itself by a full name',
    rfc: 'RFC 5321 §2.3.5',
  },
  'ehlo-extensions': {
    severity: 'note',
    title: 'Inside TLS the host offers less than senders can use',
    rfc: 'RFC 5321 §4.1.1.1',
  },
  'ehlo-refused': {
    severity: 'weakens',
    title: 'The host knows no EHLO, and so offers no STARTTLS',
    rfc: 'RFC 5321 §2.2.1',
  },
} as const satisfies FindingKinds

type SmtpFound = Found<keyof typeof kinds>

/** What the hosts do when they are talked to. A host that is busy, slow or shy says nothing about TLS. */
export const smtpFamily: Family = {
  section: 'smtp',
  kinds,
  find: (view) =>
    view.facts.hosts === undefined ? [] : [...ofVantage(view), ...view.hosts.flatMap((host) => ofHost(view, host))],
}

function ofVantage(view: View): SmtpFound[] {
  const probes = view.hosts.flatMap(({ addresses }) => addresses.flatMap(({ probe }) => probe ?? []))
  const found: SmtpFound[] = []
  const silent = probes.filter(({ outcome }) => outcome.kind === 'not-connected' && outcome.why !== 'forbidden')
  if (probes.length > 0 && silent.length === probes.length) {
    const seen = silent.map(({ address, outcome }) =>
      said(outcome.kind === 'not-connected' ? notConnected[outcome.why] : '', address),
    )
    return [{ id: 'vantage-without-smtp', subject: view.domain, seen, owner: nobody }]
  }
  const six = probes.filter(({ address }) => address.includes(':'))
  const isCut =
    six.length > 0 && six.every(({ outcome }) => outcome.kind === 'not-connected' && outcome.why === 'unreachable')
  if (isCut) {
    const seen = six.map(({ address }) => said(notConnected.unreachable, address))
    found.push({ id: 'vantage-without-ipv6', subject: view.domain, seen, owner: nobody })
  }
  return found
}

function ofHost(view: View, host: HostView): SmtpFound[] {
  const owner = view.owners.host(host.host)
  const found = new Map<SmtpFound['id'], Evidence[]>()
  const note = (id: SmtpFound['id'], evidence: Evidence) => found.set(id, [...(found.get(id) ?? []), evidence])
  for (const address of host.addresses) {
    ofConnection(view, address, note)
    if (address.talk !== undefined) ofTalk(address, note)
  }
  ofFamilies(view, host, note)
  ofSome(host, found)
  return [...found].map(([id, seen]) => ({ id, subject: host.host, seen, owner: untold.has(id) ? nobody : owner }))
}

type Note = (id: SmtpFound['id'], evidence: Evidence) => void

const untold: ReadonlySet<string> = new Set(['host-busy', 'host-turned-us-away', 'host-unanswered'])

function ofConnection(view: View, { probe, address }: AddressView, note: Note): void {
  const outcome = probe?.outcome
  switch (outcome?.kind) {
    case 'not-connected':
      if (outcome.why === 'forbidden') note('host-private-address', said(notConnected.forbidden, address))
      else if (!reachesSomebody(view.facts))
        return // told of the vantage point as a whole
      else if (outcome.why === 'refused') note('host-refuses-connections', said(notConnected.refused, address))
      else if (outcome.why === 'timeout') note('host-unanswered', said(notConnected.timeout, address))
      return
    case 'no-greeting':
      note(
        'host-unanswered',
        said(outcome.why === 'closed' ? 'it closes without a greeting' : 'it does not greet in time', address),
      )
      return
    case 'busy':
      for (const { reply } of outcome.tries) note('host-busy', said(formatReply(reply), address))
      return
    case 'turned-away':
      note('host-turned-us-away', said(formatReply(outcome.reply), address))
      return
    case 'not-smtp':
      note('host-not-smtp', said(outcome.text.slice(0, 200), address))
      return
    case 'talked':
    case 'given-up':
    case undefined:
      return
  }
}

function ofTalk({ address, talk, keys }: AddressView, note: Note): void {
  if (talk === undefined) return
  const { greeting, ehlo, startTls, offers } = talk
  const { offer, answer } = startTls
  if (greeting.isMasked) note('banner-masked', said(formatReply(greeting.reply), address))
  if (ehlo.kind === 'answered' && ehlo.verb === 'HELO') note('ehlo-refused', said(formatReply(ehlo.reply), address))
  if (ehlo.kind === 'answered' && ehlo.nameFault !== undefined) note('ehlo-name', said(`"${ehlo.name}"`, address))
  if (ehlo.kind === 'busy') note('host-busy', said(formatReply(ehlo.reply), address))
  if (offer.kind === 'garbled') note('starttls-offer-garbled', said(`"${offer.keyword}" in the reply to EHLO`, address))
  if (new Set(offers.filter((one) => one !== 'unknown')).size > 1) {
    note('starttls-offer-changes', said(`in one session after the other: ${offers.join(', ')}`, address))
  }
  if (answer.kind === 'mangled') note('starttls-command-changed', said(`it quotes "${answer.received}"`, address))
  if (answer.kind === 'busy') note('host-busy', said(formatReply(answer.reply), address))
  if (answer.kind === 'early-octets') note('starttls-octets-before', said(answer.text.slice(0, 200), address))
  if (offer.kind === 'absent') {
    if (keys.length > 0) note('starttls-hidden', said('a TLS handshake is done all the same', address))
    note(
      'starttls-missing',
      said(ehlo.kind === 'answered' ? formatReply(ehlo.reply) : 'no STARTTLS in its reply', address),
    )
  }
  if (offer.kind === 'offered' && keys.length === 0) ofRefusal(address, talk, note)
  const { parameters } = talk
  if (parameters !== undefined) ofExtensions(address, talk, note)
  if (parameters?.commandInjection.kind === 'told') ofInjection(address, parameters.commandInjection.value, note)
}

function ofRefusal(
  address: string,
  { startTls: { answer }, keys }: NonNullable<AddressView['talk']>,
  note: Note,
): void {
  if (answer.kind === 'refused' || answer.kind === 'unavailable' || answer.kind === 'unexpected') {
    note('starttls-refused', said(formatReply(answer.reply), address))
    return
  }
  for (const finding of [keys.ecdsa, keys.rsa]) {
    if (finding.kind !== 'failed') continue
    const { fault, reason } = finding.failure
    if (fault === 'timeout' || fault === 'aborted')
      note('host-unanswered', said(`the TLS handshake: ${reason}`, address))
    else note('starttls-handshake-fails', said(reason, address))
  }
}

/** RFC 6152 §2, RFC 6531 §3.2, RFC 2920 §3, RFC 8689 §2 */
function ofExtensions(address: string, { inside }: Talk, note: Note): void {
  if (inside?.kind !== 'answered') return
  const { eightBitMime, smtpUtf8, pipelining, requireTls } = inside.extensions
  const all = [
    ...[
      { name: '8BITMIME', has: eightBitMime },
      { name: 'SMTPUTF8', has: smtpUtf8 },
    ],
    ...[
      { name: 'PIPELINING', has: pipelining },
      { name: 'REQUIRETLS', has: requireTls },
    ],
  ]
  const missing = all.filter(({ has }) => !has).map(({ name }) => name)
  if (missing.length > 0) note('ehlo-extensions', said(`no ${missing.join(', no ')}`, address))
}

function ofInjection(address: string, seen: InjectionSeen, note: Note): void {
  if (seen.kind === 'answered-inside')
    note('starttls-injection', said(`answered inside TLS: ${formatReply(seen.reply)}`, address))
  if (seen.kind === 'answered-before')
    note('starttls-injection', said(`answered in clear: ${seen.text.slice(0, 200)}`, address))
}

/** Reached over one family and not over the other, where the other can be reached from here at all. */
function ofFamilies({ hosts }: View, { addresses }: HostView, note: Note): void {
  const reached = (list: readonly AddressView[], isSix: boolean) =>
    list.some(({ address, talk }) => talk !== undefined && address.includes(':') === isSix)
  const hasSix = hosts.some((other) => reached(other.addresses, true))
  if (!reached(addresses, false) || reached(addresses, true)) return
  for (const { address, probe } of addresses) {
    if (!address.includes(':') || probe?.outcome.kind !== 'not-connected') continue
    const { why } = probe.outcome
    const isTheirs = why === 'refused' || (hasSix && (why === 'timeout' || why === 'unreachable'))
    if (isTheirs) note('ipv6-unreachable', said(notConnected[why], address))
  }
}

/** Where some addresses do TLS, what others lack is said as that. */
function ofSome({ addresses }: HostView, found: Map<SmtpFound['id'], Evidence[]>): void {
  const lacking = (['starttls-missing', 'starttls-refused', 'starttls-handshake-fails'] as const).flatMap(
    (id) => found.get(id) ?? [],
  )
  const isGood = addresses.some(({ talk, keys }) => talk?.startTls.offer.kind === 'offered' && keys.length > 0)
  if (isGood && lacking.length > 0) found.set('starttls-on-some-addresses', lacking)
}
