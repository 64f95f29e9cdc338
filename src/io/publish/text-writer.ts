import type { ZoneChange } from '../../core/publish/change.ts'
import type { ZoneWriter } from './zone-writer.ts'

/** Writes nothing: what a person has to do, or feed to a program, is in the outcome. */
export function textWriter(does: string, format: (change: ZoneChange) => string): ZoneWriter {
  return { does, write: async (change) => ({ kind: 'to-do', text: format(change) }) }
}
