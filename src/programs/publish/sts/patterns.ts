import type { MxPattern } from '../../../core/mtasts/policy.ts'
import { parseMxPattern } from '../../../core/publish/mx-patterns.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { UsageError } from '../../cli/command.ts'

/** Patterns of an option, each once or as often as given. Throws UsageError for what is none. */
export function readPatterns(option: string, texts: readonly string[]): MxPattern[] {
  return texts.map((text) => {
    const pattern = parseMxPattern(text)
    if (pattern.ok) return pattern.value
    const why = pattern.fault.replaceAll('-', ' ')
    throw new UsageError(`option --${option}: not a host or *.DOMAIN: "${escapeText(text)}" (${why})`)
  })
}
