import type { X509Certificate } from 'node:crypto'
import { formatTlsa } from '../../../core/dane/tlsa.ts'
import type { ResourceRecord } from '../../../core/dns/message.ts'
import { type DomainName, nameOfDomain, parentOfDomain } from '../../../core/name/domain.ts'
import { isAtOrBelow, type Name } from '../../../core/name/name.ts'
import { formatName } from '../../../core/name/text.ts'
import { tlsaOwner, tlsaRecord } from '../../../core/publish/record.ts'
import { formatTlsaForm, type TlsaForm } from '../../../core/publish/tlsa/form.ts'
import { type KeyInput, type MadeTlsa, type MakeFault, makeTlsa } from '../../../core/publish/tlsa/make.ts'
import { issuersOf } from '../../../core/publish/tlsa/server-key.ts'
import { isOfShown, type ShownKey, withoutRecord } from '../../../core/publish/tlsa/shown.ts'
import { type TlsaWarning, tlsaWarnings } from '../../../core/publish/tlsa/warnings.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { spkiOf } from '../../../core/x509/certificate.ts'
import type { LiveHost } from '../../../io/publish/live-host.ts'

/** One record to publish, and what is known of it. */
export interface GenRecord extends MadeTlsa {
  readonly record: ResourceRecord
  /** Where the host shows what it is of; undefined where nobody looked. */
  readonly shownBy: readonly ShownKey[] | undefined
  /** Whether it is published already; undefined where nobody looked. */
  readonly isPublished: boolean | undefined
}

/** Something to know before records are published. */
export interface GenWarning extends Omit<TlsaWarning, 'id'> {
  readonly id: TlsaWarning['id'] | LiveWarningId
}

export type LiveWarningId =
  | 'no-starttls'
  | 'address-unseen'
  | 'address-left-out'
  | 'foreign-host'
  | 'no-address'
  | 'lookup-failed'
  | 'host-unsigned'
  | 'uncovered-key'

/** Records for one host. */
export interface GenTarget {
  readonly host: DomainName
  readonly owner: Name
  readonly zone: Name
  /** Whether the zone was told or proved, not guessed. */
  readonly isZoneKnown: boolean
  readonly records: readonly GenRecord[]
  readonly keys: readonly KeyInput[]
  readonly warnings: readonly GenWarning[]
  readonly live: LiveHost | undefined
}

export interface TargetOptions {
  readonly host: DomainName
  readonly port: number
  readonly zone: Name | undefined
  readonly ttl: number
  readonly forms: readonly TlsaForm[]
  readonly issuers: readonly X509Certificate[]
  readonly live: LiveHost | undefined
  /** The domain whose mail the host takes, where it was asked for. */
  readonly domain: DomainName | undefined
  readonly now: number
  readonly isPublic: (certificate: X509Certificate) => boolean
}

/** Why there are no records: in words, with what to do. */
export interface Refusal {
  readonly refused: string
}

/** Records of keys for a host, held against what it shows now where somebody looked. */
export function targetOf(inputs: readonly KeyInput[], options: TargetOptions): GenTarget | Refusal {
  const { host, port, live, forms, issuers, ttl, domain } = options
  const owner = tlsaOwner(nameOfDomain(host), port)
  if (owner === undefined) return { refused: `the name ${host} leaves no room for _${port}._tcp before it` }
  if (options.zone !== undefined && !isAtOrBelow(owner, options.zone)) {
    return { refused: `${formatName(owner)} is not in the zone ${formatName(options.zone)}` }
  }
  const making = makeTlsa(inputs, forms, issuers)
  if (making.kind === 'refused') {
    const { form, fault, input } = making
    return { refused: `no ${formatTlsaForm(form)} of ${input.sources.join(', ')}: ${makeFaults[fault]}` }
  }
  const shown = live?.addresses.flatMap((address) => address.shown)
  const published = live?.published.map(formatTlsa)
  const records = making.records.map((made) => ({
    ...made,
    record: tlsaRecord(owner, made.tlsa, ttl),
    shownBy: shown?.filter((one) => isOfShown(made.tlsa, one)),
    isPublished: published?.includes(formatTlsa(made.tlsa)),
  }))
  const { zone, isZoneKnown } = zoneOf(owner, options)
  const warnings = [
    ...(live === undefined ? [] : liveWarnings(live, records)),
    ...(domain === undefined ? [] : foreignHost(host, domain)),
    ...(records.length === 0 ? [] : tlsaWarnings(records, { ...options, owner })),
  ]
  return { host, owner, zone, isZoneKnown, records, keys: inputs, warnings, live }
}

const makeFaults: Readonly<Record<MakeFault, string>> = {
  'no-certificate': 'that is of a certificate, and there is only a key',
  'no-issuer':
    "usage 2 is of the authority: give the chain, or the authority's certificate by --issuer (RFC 7672 §3.1.2)",
  'self-signed':
    'usage 2 is of an authority, and this certificate has none above it: "3 1 1" is of its key (RFC 7671 §5.2)',
  'foreign-issuer': 'the certificate of --issuer is of no authority above it',
}

/** Told, or proved by signatures, or as zones usually are: the domain that the host is in. */
function zoneOf(owner: Name, { zone, live, host }: TargetOptions): { zone: Name; isZoneKnown: boolean } {
  const known = zone ?? live?.zone
  if (known !== undefined && isAtOrBelow(owner, known)) return { zone: known, isZoneKnown: true }
  const parent = parentOfDomain(host)
  return { zone: nameOfDomain(parent?.includes('.') === true ? parent : host), isZoneKnown: false }
}

/** Records belong where the key is: whoever changes it must change them. RFC 7671 §6, RFC 7672 §2.2.3 */
function foreignHost(host: DomainName, domain: DomainName): GenWarning[] {
  if (isAtOrBelow(nameOfDomain(host), nameOfDomain(domain))) return []
  const text = `${host} is not of ${domain}: its TLSA records are for the operator of its own zone to publish`
  return [{ id: 'foreign-host', text, rfc: 'RFC 7672 §2.2.3' }]
}

function liveWarnings(live: LiveHost, records: readonly GenRecord[]): GenWarning[] {
  const { host, failure, isSecure, addresses, leftOut } = live
  const warnings: GenWarning[] = []
  if (failure !== undefined) {
    warnings.push({ id: failure.kind, text: `${host}: ${escapeText(failure.reason)}`, rfc: 'RFC 7672 §2.1.2' })
  } else if (!isSecure) {
    const text = `the zone of ${host} is not signed, or not proved here: TLSA records count for nothing until it is`
    warnings.push({ id: 'host-unsigned', text, rfc: 'RFC 7672 §2.2.2' })
  }
  for (const { address, trouble } of addresses) {
    if (trouble === undefined) continue
    const reason = escapeText(trouble.reason)
    warnings.push(
      trouble.kind === 'no-starttls'
        ? {
            id: 'no-starttls',
            text: `${host} [${address}]: ${reason}; publish no TLSA record before it works, or mail from senders with DANE stops`,
            rfc: 'RFC 7672 §2.2',
          }
        : {
            id: 'address-unseen',
            text: `${host} [${address}]: ${reason}; records of what it shows may be missing here`,
            rfc: 'RFC 7671 §8.1',
          },
    )
  }
  if (leftOut.length > 0) {
    const text = `${host}: ${leftOut.join(', ')} left out: records of what is shown there may be missing here`
    warnings.push({ id: 'address-left-out', text, rfc: 'RFC 7671 §8.1' })
  }
  const shown = addresses.flatMap((address) => address.shown)
  const bare =
    records.length === 0
      ? []
      : withoutRecord(
          records.map(({ tlsa }) => tlsa),
          shown,
        )
  for (const { address, keyType } of bare) {
    const text = `${host} [${address}] shows a certificate (${keyType.toUpperCase()}) that is without a record here: keep its own published beside these`
    warnings.push({ id: 'uncovered-key', text, rfc: 'RFC 7671 §8' })
  }
  return warnings
}

/** The keys that a host shows: one for each certificate, with the addresses that show it. */
export function inputsOfShown(live: LiveHost): KeyInput[] {
  const found = new Map<string, KeyInput>()
  for (const { address, keyType, chain } of live.addresses.flatMap(({ shown }) => shown)) {
    const [certificate, ...issuers] = chain
    const spki = certificate && spkiOf(certificate.raw)
    if (certificate === undefined || spki === undefined) continue
    const key = certificate.fingerprint256
    const source = `${live.host} [${address}] (${keyType.toUpperCase()})`
    const known = found.get(key)
    const sources = [...(known?.sources ?? []), source]
    const path = issuersOf(certificate, issuers)
    // Where two addresses send different chains, only what both send can be named by usage 2.
    const common =
      known === undefined ? path : known.issuers.filter((one) => path.some(({ raw }) => raw.equals(one.raw)))
    found.set(key, { spki, certificate, issuers: common, sources, isNext: false, renewal: undefined })
  }
  return [...found.values()]
}
