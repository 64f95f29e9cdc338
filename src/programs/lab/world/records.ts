import { parseType, TYPE } from '../../../core/dns/types.ts'
import { parseZone } from '../../../core/dns/zone-text.ts'
import { rootName } from '../../../core/name/name.ts'
import { accept, type Result, refuse } from '../../../core/result.ts'
import { expandMacros, type Macro } from './certificates.ts'
import type { WorldFault } from './fault.ts'
import { readName } from './readers.ts'
import type { Line } from './words.ts'
import { type DropEvent, fates, type RecordDeclaration } from './world.ts'

/** Reads `zone OWNER [TTL] TYPE DATA [fate]`, which the caller has told from a zone's declaration. */
export function parseRecordStatement(line: Line, text: string): Result<RecordDeclaration, WorldFault> {
  const [, ownerWord, second, third] = line.words
  const last = line.words.at(-1)
  if (ownerWord === undefined || second === undefined || last === undefined) return refuse('missing-word', line.end)
  const owner = readName(ownerWord.text, ownerWord.at)
  if (!owner.ok) return owner
  const typeWord = /^\d+$/.test(second.text) ? third : second
  const type = parseType(typeWord?.text ?? '')
  if (typeWord === undefined || type === undefined) return refuse('record', second.at)
  if (last === typeWord) return refuse('missing-word', line.end)
  const fate = fates.find((candidate) => candidate === last.text)
  const record = text.slice(ownerWord.at, fate === undefined ? line.end : last.at).trimEnd()
  const checked = expandMacros(record, placeholder)
  if (!checked.ok) return refuse('macro', ownerWord.at + checked.at)
  const zone = parseZone(checked.value, { origin: rootName, ttl: 3600 })
  if (!zone.ok) return refuse('record', ownerWord.at + placeBeforeMacros(record, zone.at))
  return accept({ kind: 'record', owner: owner.value, type, text: record, fate })
}

/** The offset in a record that is one in its expanded text: behind a macro only the macro's own is known. */
function placeBeforeMacros(record: string, at: number): number {
  const macro = record.indexOf('{')
  return macro < 0 || at < macro ? Math.min(at, record.length) : macro
}

/** Data of the right length, so that a record can be checked before there are certificates. */
export function placeholder(macro: Macro): string {
  if (macro.kind === 'zeros') return '00'.repeat(macro.octets)
  return '00'.repeat(macro.digest === 'sha256' ? 32 : 64)
}

/** Reads `drop OWNER TYPE`. */
export function parseDropStatement(line: Line): Result<DropEvent, WorldFault> {
  const [, ownerWord, typeWord, extra] = line.words
  if (ownerWord === undefined || typeWord === undefined) return refuse('missing-word', line.end)
  if (extra !== undefined) return refuse('unexpected-word', extra.at)
  const owner = readName(ownerWord.text, ownerWord.at)
  if (!owner.ok) return owner
  const type = parseType(typeWord.text)
  if (type === undefined || type === TYPE.ANY) return refuse('unknown-value', typeWord.at)
  return accept({ kind: 'drop', owner: owner.value, type })
}
