// Reports as a check makes them, small: for what is made of reports.
import type { AddressRow, Cell, CheckReport, Finding, KeyRow } from '../../src/core/check/report.ts'

export function cell(state: Cell['state'], text: string, detail: string | null = null): Cell {
  return { state, text, detail }
}

export const rsaKey: KeyRow = {
  keyType: 'RSA',
  handshake: cell('good', 'TLSv1.3', 'TLS_AES_256_GCM_SHA384'),
  chain: cell('good', 'public'),
  name: cell('good', 'matches'),
  expires: cell('good', '2027-03-01'),
  tlsa: cell('good', '3 1 1', '3 1 1 00aa'),
}

export const address: AddressRow = {
  ...{ address: '192.0.2.25', family: 'IPv4', connect: cell('good', 'answers'), startTls: cell('good', 'works') },
  keys: [rsaKey],
}

/** A domain with nothing wrong. */
export const goodReport: CheckReport = {
  schema: 'waxseal.check/1',
  ...{ domain: 'clinic.example', unicode: null, checkedAt: Date.UTC(2026, 10, 24, 15, 4), verdict: 'protected' },
  ...{ sentence: 'Mail to clinic.example is protected against interception.', why: [] },
  lines: [
    {
      ...{ protocol: 'DANE', state: 'on', since: null, until: '2026-12-08T15:04:00.000Z' },
      reason: 'the host matches its TLSA records',
    },
    { protocol: 'MTA-STS', state: 'off', since: null, until: null, reason: 'there is no record' },
    { protocol: 'TLSRPT', state: 'on', since: null, until: null, reason: 'reports go to mailto:tls@clinic.example' },
  ],
  senders: [
    {
      ...{ id: 'dane', title: 'DANE, no MTA-STS (as Postfix with dane)', does: 'delivers' },
      ...{ protection: 'authenticated', text: 'only to servers that prove who they are', hosts: [] },
    },
  ],
  grid: [{ host: 'mx.clinic.example', preference: 10, addresses: [address] }],
  findings: [],
  operators: [{ part: 'mx-host', name: 'mx.clinic.example', zone: 'clinic.example', isYours: true }],
  sections: [{ name: 'mail', state: 'done' }],
  leftOut: [],
}

export const mismatch: Finding = {
  ...{ id: 'tlsa-mismatch', severity: 'breaks-now', section: 'dane', subject: 'mx.bakery.example', date: null },
  title: 'No TLSA record matches the certificate that the host presents',
  seen: [{ text: 'certificate for DNS:mx.bakery.example, until 2026-12-01', source: '192.0.2.25 (RSA)' }],
  ...{ who: 'your mail provider', whoseName: 'bakery.example' },
  publish: [
    {
      ...{ kind: 'dns', where: 'the zone of _25._tcp.mx.bakery.example', note: 'for what the host presents now' },
      text: '_25._tcp.mx.bakery.example. IN TLSA 3 1 1 00aa\n_25._tcp.mx.bakery.example. IN TLSA 3 1 1 00bb',
    },
  ],
  ...{ rfc: 'RFC 7672 §3.1', help: 'docs/findings/tlsa-mismatch.md' },
}

export const ending: Finding = {
  ...{ id: 'sts-certificate-expires', severity: 'will-break', section: 'mta-sts', subject: 'mx.bakery.example' },
  ...{ date: '2026-12-01T12:00:00.000Z', seen: [], who: 'you', whoseName: null, publish: [] },
  title: 'The certificate of a host ends soon: senders with MTA-STS then hold mail back',
  ...{ rfc: 'RFC 8461 §4.2', help: 'docs/findings/sts-certificate-expires.md' },
}

export const remark: Finding = {
  ...{ id: 'mx-no-ipv6', severity: 'note', section: 'mx', subject: 'bakery.example', date: null, seen: [] },
  ...{ title: 'No MX host has an IPv6 address', who: 'nobody', whoseName: null, publish: [] },
  ...{ rfc: 'RFC 3974 §2', help: 'docs/findings/mx-no-ipv6.md' },
}

/** A domain that delays mail, with a finding of each kind. */
export const brokenReport: CheckReport = {
  ...{ ...goodReport, domain: 'bakery.example', verdict: 'broken' },
  sentence: 'Mail to bakery.example is refused or delayed now by senders that check.',
  why: ['DANE, no MTA-STS (as Postfix with dane) holds mail back: mx.bakery.example: no TLSA record matches'],
  lines: [
    {
      protocol: 'DANE',
      state: 'broken',
      since: null,
      until: null,
      reason: 'mx.bakery.example: no TLSA record matches',
    },
    { protocol: 'MTA-STS', state: 'testing', since: null, until: null, reason: 'the policy is in mode testing' },
    { protocol: 'TLSRPT', state: 'unknown', since: null, until: null, reason: 'not looked at' },
  ],
  senders: [
    {
      ...{ id: 'dane', title: 'DANE, no MTA-STS (as Postfix with dane)', does: 'delays', protection: null },
      text: 'mx.bakery.example: no TLSA record matches',
      hosts: [{ host: 'mx.bakery.example', does: 'skips', protection: null, row: '4', text: 'no TLSA record matches' }],
    },
    {
      ...{ id: 'opportunistic', title: 'Neither (as Postfix with may)', does: 'delivers', protection: 'encrypted' },
      ...{ text: 'encrypted, to whoever answers: an attacker can strip that', hosts: [] },
    },
  ],
  grid: [
    {
      ...{ host: 'mx.bakery.example', preference: 10 },
      addresses: [
        {
          ...address,
          keys: [{ ...rsaKey, expires: cell('weak', '2026-12-01'), tlsa: cell('bad', 'no match') }],
        },
        {
          ...{ address: '2001:db8::25', family: 'IPv6', connect: cell('unknown', 'timeout', 'does not answer') },
          ...{ startTls: cell('unknown', '-'), keys: [] },
        },
      ],
    },
    { host: 'mx2.bakery.example', preference: 20, addresses: [] },
  ],
  findings: [mismatch, ending, remark],
  leftOut: ['tlsrpt, which was not asked for'],
}

/** The report with `text` in the place of everything in it that strangers may have a word in, and of some more. */
export function saying(text: string, report: CheckReport = brokenReport): CheckReport {
  return replaceTexts(report, text) as CheckReport // the same shape, with other texts
}

const texts: ReadonlySet<string> = new Set([
  ...['unicode', 'sentence', 'reason', 'title', 'text', 'detail', 'subject', 'source', 'whoseName', 'where', 'note'],
  ...['host', 'address', 'name', 'zone', 'row', 'why', 'leftOut'],
])

function replaceTexts(value: unknown, text: string, key = ''): unknown {
  if (key === 'expires') return value // a day of ours
  if (Array.isArray(value)) return value.map((one) => replaceTexts(one, text, key))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, replaceTexts(one, text, name)]))
  }
  return texts.has(key) && (typeof value === 'string' || value === null) ? text : value
}
