import type { ResourceRecord } from '../../src/core/dns/message.ts'
import { parseRecord } from '../../src/core/dns/zone-text.ts'
import type { Name } from '../../src/core/name/name.ts'
import { parseName } from '../../src/core/name/text.ts'

/** Records of zone text, as many as are given. */
export function recordsFrom<const Lines extends readonly string[]>(
  ...lines: Lines
): { [Line in keyof Lines]: ResourceRecord } {
  const records = lines.map((line) => {
    const record = parseRecord(line)
    if (!record.ok) throw new Error(`no record: "${line}" (${record.fault})`)
    return record.value
  })
  return records as { [Line in keyof Lines]: ResourceRecord } // one for each
}

export function zoneName(text: string): Name {
  const name = parseName(text)
  if (!name.ok) throw new Error(`no name: "${text}"`)
  return name.value
}
