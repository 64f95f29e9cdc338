import type { Evidence } from '../report.ts'
import { judgementBy, type Level, type TlsJudgement } from '../tls-judgement.ts'
import type { TlsParameters, Told } from '../tls-parameters.ts'
import type { AddressView, HostView, View } from '../view.ts'
import { type Family, type FindingKinds, type Found, said } from './finding.ts'

const kinds = {
  'tls-version-old': {
    severity: 'weakens',
    title: 'The host takes versions of TLS that are broken: 1.1, 1.0 or SSL',
    rfc: 'RFC 8996 §4',
  },
  'tls-13-missing': { severity: 'note', title: 'The host does not do TLS 1.3', rfc: 'RFC 9325 §3.1.1' },
  'tls-suite-weak': {
    severity: 'weakens',
    title: 'The host takes cipher suites that are not safe',
    rfc: 'RFC 9325 §4.1',
  },
  'tls-suite-phase-out': {
    severity: 'note',
    title: 'The host takes cipher suites that are on their way out',
    rfc: 'RFC 9325 §4.2',
  },
  'tls-suite-order': {
    severity: 'note',
    title: 'The host leaves it to the client which suite is taken, and has weaker ones among them',
    rfc: 'RFC 9325 §4.2.1',
  },
  'tls-group-weak': {
    severity: 'weakens',
    title: 'The host agrees on keys by groups that are not safe',
    rfc: 'RFC 9325 §4.5',
  },
  'tls-group-phase-out': {
    severity: 'note',
    title: 'The host agrees on keys by groups that are on their way out',
    rfc: 'RFC 9325 §4.5',
  },
  'tls-exchange-hash-weak': {
    severity: 'weakens',
    title: 'The host signs its key exchange with SHA-1 where a client asks for that',
    rfc: 'RFC 9155 §4',
  },
  'tls-exchange-hash-phase-out': {
    severity: 'note',
    title: 'The host signs its key exchange with SHA-224 where a client asks for that',
    rfc: 'RFC 9155 §4',
  },
  'tls-compression': { severity: 'weakens', title: 'The host compresses inside TLS', rfc: 'RFC 9325 §3.3' },
  'tls-renegotiation-insecure': {
    severity: 'weakens',
    title: 'The host does not do secure renegotiation',
    rfc: 'RFC 5746 §3.6',
  },
  'tls-client-renegotiation': {
    severity: 'note',
    title: 'The host renegotiates as often as a client likes, which costs it more than the client',
    rfc: 'RFC 9325 §3.5',
  },
  'tls-early-data': {
    severity: 'note',
    title: 'The host takes early data (0-RTT), which can be replayed',
    rfc: 'RFC 9325 §3.10',
  },
  'tls-master-secret': {
    severity: 'weakens',
    title: 'The host does TLS 1.2 without the extended master secret',
    rfc: 'RFC 7627 §5',
  },
  'tls-name-needed': {
    severity: 'weakens',
    title: 'The TLS handshake fails for senders who do not say which host they want, and many do not',
    rfc: 'RFC 7672 §8.1',
  },
} as const satisfies FindingKinds

type TlsFound = Found<keyof typeof kinds>

/** How the hosts do TLS, by the tables of `tls-judgement.ts`. Seen in full depth alone. */
export const tlsFamily: Family = {
  section: 'tls',
  kinds,
  find: (view) => view.hosts.flatMap((host) => ofHost(view, host)),
}

type Note = (id: TlsFound['id'], text: string) => void

function ofHost(view: View, host: HostView): TlsFound[] {
  const found = new Map<TlsFound['id'], Map<string, Evidence>>()
  const by = judgementBy(view.facts.tlsProfile)
  for (const address of host.addresses) {
    const note: Note = (id, text) => {
      const known = found.get(id) ?? new Map<string, Evidence>()
      known.set(`${address.address} ${text}`, said(text, address.address))
      found.set(id, known)
    }
    ofAddress(address, by, note)
  }
  const owner = view.owners.host(host.host)
  return [...found].map(([id, seen]) => ({ id, subject: host.host, seen: [...seen.values()], owner }))
}

function ofAddress({ talk }: AddressView, by: TlsJudgement, note: Note): void {
  if (talk === undefined) return
  if (talk.withoutName.kind === 'failed' && Object.values(talk.keys).some(({ kind }) => kind === 'presented')) {
    note('tls-name-needed', talk.withoutName.failure.reason)
  }
  const { parameters } = talk
  if (parameters === undefined) return
  ofVersions(parameters, by, note)
  ofSuites(parameters, by, note)
  ofGroups(parameters, by, note)
  ofHabits(parameters, note)
}

/** What was found out; undefined when it was not, from which nothing follows. */
function told<Value>(finding: Told<Value>): Value | undefined {
  return finding.kind === 'told' ? finding.value : undefined
}

function ofVersions({ versions }: TlsParameters, by: TlsJudgement, note: Note): void {
  for (const { version, finding } of versions) {
    const value = told(finding)
    if (value?.kind === 'taken' && by.version(version) === 'insufficient')
      note('tls-version-old', `${version}, ${value.suite}`)
    if (value?.kind === 'refused' && version === 'TLSv1.3') note('tls-13-missing', 'TLS 1.3 is refused')
  }
}

function ofSuites({ suites, order }: TlsParameters, by: TlsJudgement, note: Note): void {
  const levels = new Set<Level>()
  for (const { version, suites: list } of suites) {
    for (const name of list.items) {
      const level = by.suite(name)
      levels.add(level)
      if (level === 'insufficient') note('tls-suite-weak', `${name} (${version})`)
      if (level === 'phase-out') note('tls-suite-phase-out', `${name} (${version})`)
    }
  }
  const decides = told(order)
  if (decides?.kind === 'client' && levels.size > 1) note('tls-suite-order', `between ${decides.between.join(' and ')}`)
}

function ofGroups({ groups, finiteField }: TlsParameters, by: TlsJudgement, note: Note): void {
  const judge = (name: string, level: Level) => {
    if (level === 'insufficient') note('tls-group-weak', name)
    if (level === 'phase-out') note('tls-group-phase-out', name)
  }
  for (const list of [told(groups.tls13), told(groups.older)]) {
    for (const { name } of list?.items ?? []) judge(name, by.group(name))
  }
  const field = told(finiteField)
  if (field !== undefined)
    judge(field.name ?? `its own group of ${field.bits} bits`, by.finiteField(field.bits, field.name))
}

/** Renegotiations in one connection that nobody needs more of. */
const renegotiations = 10

function ofHabits(parameters: TlsParameters, note: Note): void {
  const { compression, secureRenegotiation, clientRenegotiation, earlyData, extendedMasterSecret } = parameters
  if (told(compression) === true) note('tls-compression', 'it chose to compress when that was offered')
  if (told(secureRenegotiation) === false) note('tls-renegotiation-insecure', 'no renegotiation_info in its reply')
  if (told(extendedMasterSecret) === false) note('tls-master-secret', 'no extended_master_secret in its reply')
  const early = told(earlyData) ?? 0
  if (early > 0) note('tls-early-data', `a ticket allows ${early} octets`)
  const again = told(clientRenegotiation)
  if (again !== undefined && again.count > renegotiations)
    note('tls-client-renegotiation', `${again.count} times and on`)
  const signature = told(parameters.exchangeSignature)
  const sha1 = signature && told(signature.sha1)
  const sha224 = signature && told(signature.sha224)
  if (sha1 !== undefined) note('tls-exchange-hash-weak', sha1)
  if (sha224 !== undefined) note('tls-exchange-hash-phase-out', sha224)
}
