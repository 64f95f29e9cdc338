import type { ResourceRecord } from '../dns/message.ts'
import { formatGeneric } from '../dns/rdata/format.ts'
import { formatClass } from '../dns/types.ts'
import { formatRecord } from '../dns/zone-text.ts'
import type { Name } from '../name/name.ts'
import { formatName } from '../name/text.ts'
import { recordToJson } from './forms/json.ts'
import { toOctodns } from './forms/octodns.ts'
import { recordSetsOf } from './forms/record-sets.ts'
import { type TerraformProvider, toTerraform } from './forms/terraform.ts'

/** Ways to write records that are to be published. */
export const recordForms = ['zone', 'rfc3597', 'json', 'terraform', 'octodns'] as const

export type RecordForm = (typeof recordForms)[number]

export interface FormOptions {
  /** The zone that all records lie in: Terraform and octoDNS name records from there. */
  readonly zone: Name
  /** For Terraform, which has records only through providers. */
  readonly provider?: TerraformProvider | undefined
}

/** Records as text for a person or a program to publish, with a line end behind the last line. */
export function formatRecords(records: readonly ResourceRecord[], form: RecordForm, options: FormOptions): string {
  switch (form) {
    case 'zone':
      return records.map((record) => `${formatRecord(record)}\n`).join('')
    case 'rfc3597':
      return records.map((record) => `${formatUnknown(record)}\n`).join('')
    case 'json':
      return `${toAscii(JSON.stringify({ schema: 'waxseal.records/1', records: records.map(recordToJson) }))}\n`
    case 'terraform':
      return toTerraform(recordSetsOf(records), options.zone, options.provider ?? 'cloudflare')
    case 'octodns':
      return toOctodns(recordSetsOf(records), options.zone)
  }
}

/** For name servers that do not know the type: `… IN TYPE52 \# 35 030101…`. RFC 3597 §5 */
export function formatUnknown({ name, type, class: klass, ttl, rdata }: ResourceRecord): string {
  return `${formatName(name)} ${ttl} ${formatClass(klass)} TYPE${type} ${formatGeneric(rdata)}`
}

/** Other characters as JSON escapes them: octets of a record may be controls of a terminal. */
function toAscii(json: string): string {
  return json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
