import { dayOf } from '../../../core/check/forecast.ts'
import type { Name } from '../../../core/name/name.ts'
import { formatName } from '../../../core/name/text.ts'
import { recordToJson } from '../../../core/publish/forms/json.ts'
import type { TerraformProvider } from '../../../core/publish/forms/terraform.ts'
import { formatRecords, type RecordForm } from '../../../core/publish/forms.ts'
import { nameOf, namesOf } from '../../../core/publish/tlsa/warnings.ts'
import { parseSpki } from '../../../core/x509/certificate.ts'
import type { GenRecord, GenTarget, GenWarning } from './gen-target.ts'

export interface OutputOptions {
  readonly format: RecordForm
  readonly provider: TerraformProvider | undefined
}

/** Records for whoever publishes them, each with what it is of in a comment. */
export function genText(targets: readonly GenTarget[], { format, provider }: OutputOptions): string {
  const comment = format === 'zone' || format === 'rfc3597' ? ';' : '#'
  const parts: string[] = []
  for (const { zone, group } of byZone(targets)) {
    const lines = group.flatMap(({ keys }) => keys).flatMap((key) => renewalLine(key) ?? [])
    const notes = [...new Set(lines)].map((line) => `${comment} ${line}\n`).join('')
    const records = group.flatMap((target) => target.records)
    if (format === 'zone' || format === 'rfc3597') {
      const each = records.map(
        (record) => `${comment} ${describe(record)}\n${formatRecords([record.record], format, { zone })}`,
      )
      parts.push(notes + each.join(''))
    } else {
      const described = records
        .map((record) => `${comment} ${formatName(record.record.name)} ${describe(record)}\n`)
        .join('')
      const text = formatRecords(
        records.map(({ record }) => record),
        format,
        { zone, provider },
      )
      parts.push(notes + described + text)
    }
  }
  return parts.join('\n')
}

function byZone(targets: readonly GenTarget[]): { zone: Name; group: GenTarget[] }[] {
  const groups = new Map<string, { zone: Name; group: GenTarget[] }>()
  for (const target of targets) {
    const { zone, group } = groups.get(target.zone.key) ?? { zone: target.zone, group: [] }
    groups.set(zone.key, { zone, group: [...group, target] })
  }
  return [...groups.values()]
}

/** What a renewal does to the key, where it is told and nothing is to be warned of. */
function renewalLine({ renewal, sources }: GenTarget['keys'][number]): string | undefined {
  if (renewal?.key === 'kept') return `${renewal.client} keeps the key of ${sources.join(', ')}: ${renewal.why}`
  return renewal?.key === 'never'
    ? `${renewal.client} renews nothing of ${sources.join(', ')}: ${renewal.why}`
    : undefined
}

/** `key (P-256) of privkey.pem; shown now by 192.0.2.4 (ECDSA)` */
function describe(record: GenRecord): string {
  const { shownBy, isPublished } = record
  const parts = [subjectOf(record)]
  if (shownBy !== undefined) {
    const where = shownBy.map(({ address, keyType }) => `${address} (${keyType.toUpperCase()})`)
    parts.push(where.length === 0 ? 'shown nowhere now' : `shown now by ${where.join(', ')}`)
  }
  if (isPublished === true) parts.push('published already')
  return parts.join('; ')
}

function subjectOf({ tlsa, keys, authority }: GenRecord): string {
  const sources = keys.flatMap((key) => key.sources).join(', ')
  if (authority !== undefined) {
    const whose = `authority "${nameOf(authority)}", until ${dayOf(authority.validToDate)}, above ${sources}`
    return tlsa.selector === 0 ? `certificate of the ${whose}` : `key of the ${whose}`
  }
  const [key] = keys
  const next = keys.every(({ isNext }) => isNext) ? 'next ' : ''
  const certificate = key?.certificate
  if (tlsa.selector === 0 && certificate !== undefined) {
    return `${next}certificate for ${namesOf(certificate)}, until ${dayOf(certificate.validToDate)}, of ${sources}`
  }
  return `${next}key (${keyKind(key?.spki)}) of ${sources}`
}

const kinds: Readonly<Record<string, string>> = {
  ...{ rsa: 'RSA', 'rsa-pss': 'RSA-PSS', ed25519: 'Ed25519', ed448: 'Ed448' },
  ...{ prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' },
}

/** `RSA 2048`, `P-256`, `Ed25519`; others as OpenSSL names them. */
function keyKind(spki: Uint8Array | undefined): string {
  const key = spki && parseSpki(spki)
  const { modulusLength, namedCurve } = key?.asymmetricKeyDetails ?? {}
  const name = namedCurve ?? key?.asymmetricKeyType ?? 'unknown'
  return modulusLength === undefined ? (kinds[name] ?? name) : `${kinds[name] ?? name} ${modulusLength}`
}

/** The shape of docs/json.md. */
export function genJson(targets: readonly GenTarget[], warnings: readonly GenWarning[]): object {
  return { schema: 'waxseal.tlsa-gen/1', hosts: targets.map(targetJson), warnings }
}

function targetJson({ host, owner, zone, records, keys, live }: GenTarget): object {
  return {
    ...{ host, owner: formatName(owner), zone: formatName(zone) },
    records: records.map(recordJson),
    renewals: keys.flatMap(({ renewal, sources }) => (renewal === undefined ? [] : [{ ...renewal, sources }])),
    addresses:
      live?.addresses.map(({ address, shown, trouble }) => ({
        ...{ address, keyTypes: shown.map(({ keyType }) => keyType), trouble: trouble ?? null },
      })) ?? null,
  }
}

function recordJson(given: GenRecord): object {
  const { record, tlsa, keys, authority, isAuthoritySent, shownBy, isPublished } = given
  return {
    ...recordToJson(record),
    of: {
      what: `${authority === undefined ? '' : 'authority-'}${tlsa.selector === 0 ? 'certificate' : 'key'}`,
      keyKind: authority === undefined ? keyKind(keys[0]?.spki) : null,
      sources: keys.flatMap((key) => key.sources),
      isNext: keys.every(({ isNext }) => isNext),
      authority: authority === undefined ? null : nameOf(authority),
      isAuthoritySent: authority === undefined ? null : isAuthoritySent,
    },
    shownBy: shownBy?.map(({ address, keyType }) => ({ address, keyType })) ?? null,
    isPublished: isPublished ?? null,
  }
}
