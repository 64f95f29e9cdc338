import type { ResourceRecord } from '../../dns/message.ts'
import { hex } from '../../dns/octets.ts'
import { formatRdata } from '../../dns/rdata/format.ts'
import { readNameRdata, readTlsa, readTxt } from '../../dns/rdata/records.ts'
import { formatType, TYPE } from '../../dns/types.ts'
import { formatName } from '../../name/text.ts'

/** A record in JSON: what every type has, and its fields by name where programs would else have to parse text. */
export interface RecordJson {
  /** With its final dot, as zone text has it. */
  readonly name: string
  readonly type: string
  readonly ttl: number
  /** As zone text. */
  readonly data: string
  readonly tlsa?: {
    readonly usage: number
    readonly selector: number
    readonly matchingType: number
    readonly data: string
  }
  /** All character-strings as one. */
  readonly text?: string
  readonly target?: string
}

export function recordToJson(record: ResourceRecord): RecordJson {
  const { name, type, ttl, rdata } = record
  return {
    ...{ name: formatName(name), type: formatType(type), ttl, data: formatRdata(type, rdata) },
    ...fieldsOf(record),
  }
}

function fieldsOf({ type, rdata }: ResourceRecord): Pick<RecordJson, 'tlsa' | 'text' | 'target'> {
  if (type === TYPE.TLSA) {
    const tlsa = readTlsa(rdata)
    return tlsa.ok ? { tlsa: { ...tlsa.value, data: hex(tlsa.value.data) } } : {}
  }
  if (type === TYPE.TXT) {
    const strings = readTxt(rdata)
    return strings.ok ? { text: strings.value.join('') } : {}
  }
  if (type === TYPE.CNAME) {
    const target = readNameRdata(rdata)
    return target.ok ? { target: formatName(target.value) } : {}
  }
  return {}
}
