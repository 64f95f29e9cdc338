import { readFields, soleText } from '../dns/versioned-text.ts'
import { accept, type Result, refuse } from '../result.ts'

/** What a domain's `_mta-sts` TXT record says: only equality of ids means anything. RFC 8461 §3.1 */
export interface StsRecord {
  readonly id: string
  readonly warnings: readonly ('space-before-semicolon' | 'repeated-id')[]
}

export type StsRecordFault = 'none' | 'several' | 'version' | 'syntax' | 'id'

/**
 * The one record of all TXT records at `_mta-sts`, each given as its character-strings. RFC 8461 §3.1
 *
 * With several TXT records those not beginning with `v=STSv1;` are discarded; then exactly one must be left. A record
 * that is alone may have white space before the semicolon, as the grammar allows (EID 6285).
 */
export function parseStsRecords(records: readonly (readonly string[])[]): Result<StsRecord, StsRecordFault> {
  const text = soleText(records, 'v=STSv1;')
  return text.ok ? parseStsRecord(text.value) : text
}

/** Reads one record's text. Of a repeated field the first counts. RFC 8461 §3.1, §3.2 */
export function parseStsRecord(text: string): Result<StsRecord, StsRecordFault> {
  const version = /^v=STSv1(?=[ \t]*;|$)/.exec(text)
  if (version === null) return refuse('version')
  const fields = readFields(text, version[0].length, /([A-Za-z0-9][A-Za-z0-9_.-]{0,31})=([!-:<>-~]+)/y)
  if (!fields.ok) return fields
  const ids = fields.value.flatMap(({ 0: whole, 1: name, 2: value = '', index }) =>
    name === 'id' ? [{ value, at: index + whole.length - value.length }] : [],
  )
  const [id, repeated] = ids
  if (id === undefined || !/^[A-Za-z0-9]{1,32}$/.test(id.value)) return refuse('id', id?.at ?? text.length)
  const space = text.startsWith('v=STSv1;') ? [] : (['space-before-semicolon'] as const)
  return accept({ id: id.value, warnings: repeated === undefined ? space : [...space, 'repeated-id'] })
}

/** The record that announces the policy with this id, as it is to be published. RFC 8461 §3.1 */
export function formatStsRecord(id: string): string {
  return `v=STSv1; id=${id};`
}
