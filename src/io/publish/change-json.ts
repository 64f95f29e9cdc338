import type { ResourceRecord } from '../../core/dns/message.ts'
import { hex } from '../../core/dns/octets.ts'
import { formatRdata } from '../../core/dns/rdata/format.ts'
import { readTxt } from '../../core/dns/rdata/records.ts'
import { formatType, TYPE } from '../../core/dns/types.ts'
import { formatRecord } from '../../core/dns/zone-text.ts'
import { formatName } from '../../core/name/text.ts'
import type { ZoneChange } from '../../core/publish/change.ts'

/** A record as programs get it: schema `waxseal.zone-change/1` of docs/publishing-dns.md. */
interface RecordJson {
  readonly name: string
  readonly type: string
  readonly ttl: number
  /** As zone text has it. */
  readonly data: string
  readonly wire: string
  /** Of TXT: without quotes and escapes, each octet one character. */
  readonly strings?: readonly string[]
}

export interface ChangeJson {
  readonly schema: 'waxseal.zone-change/1'
  readonly zone: string
  readonly remove: readonly RecordJson[]
  readonly add: readonly RecordJson[]
  readonly assume: readonly { readonly name: string; readonly type: string; readonly records: readonly RecordJson[] }[]
}

export function changeJson({ zone, remove, add, assume = [] }: ZoneChange): ChangeJson {
  return {
    ...{ schema: 'waxseal.zone-change/1', zone: formatName(zone) },
    ...{ remove: remove.map(recordJson), add: add.map(recordJson) },
    assume: assume.map(({ name, type, records }) => {
      return { name: formatName(name), type: formatType(type), records: records.map(recordJson) }
    }),
  }
}

function recordJson({ name, type, ttl, rdata }: ResourceRecord): RecordJson {
  const strings = type === TYPE.TXT ? readTxt(rdata) : undefined
  return {
    ...{ name: formatName(name), type: formatType(type), ttl, data: formatRdata(type, rdata), wire: hex(rdata) },
    ...(strings?.ok === true && { strings: strings.value }),
  }
}

/** What a script can use without reading JSON: printable ASCII, a record a line. */
export function changeEnvironment({ zone, remove, add }: ZoneChange): Record<string, string> {
  return {
    WAXSEAL_ZONE: formatName(zone),
    WAXSEAL_REMOVE: remove.map(formatRecord).join('\n'),
    WAXSEAL_ADD: add.map(formatRecord).join('\n'),
  }
}
