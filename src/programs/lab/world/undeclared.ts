import { findHost, parseMacro } from './certificates.ts'
import type { Line } from './words.ts'
import type { Declaration, Event } from './world.ts'

/**
 * The offset of the first word that means something the world does not declare, wherever that would stand: a macro's
 * host, or the zone that a host, policy or record belongs to.
 */
export function findUndeclared(
  lines: readonly Line[],
  declarations: readonly (Declaration | Event)[],
): number | undefined {
  const hosts = new Set(declarations.flatMap((one) => (one.kind === 'host' ? [one.name] : [])))
  const origins = new Set(declarations.flatMap((one) => (one.kind === 'zone' ? [one.origin] : [])))
  for (const line of lines) {
    const missing = undeclaredZone(line, origins) ?? undeclaredMacro(line, hosts)
    if (missing !== undefined) return missing
  }
  return undefined
}

function undeclaredZone({ words: [keyword, name] }: Line, origins: ReadonlySet<string>): number | undefined {
  const isOfZone = keyword !== undefined && ['zone', 'host', 'policy', 'drop'].includes(keyword.text)
  if (!isOfZone || name === undefined || zoneAround(name.text.toLowerCase(), origins) !== undefined) return undefined
  return name.at
}

function undeclaredMacro({ words }: Line, hosts: ReadonlySet<string>): number | undefined {
  if (words[0]?.text !== 'zone') return undefined
  for (const { text, at } of words) {
    for (const match of text.matchAll(/\{([^{}]*)\}/g)) {
      const macro = parseMacro(match[1] as string)
      if (macro?.kind === 'certificate' && findHost(hosts, macro.host) === undefined) return at + match.index
    }
  }
  return undefined
}

/** The closest of these zones that a name is at or below; names and origins as `readName` gives them. */
export function zoneAround(name: string, origins: ReadonlySet<string>): string | undefined {
  const bare = name.endsWith('.') && name !== '.' ? name.slice(0, -1) : name
  for (let at = 0; ; ) {
    if (origins.has(bare.slice(at))) return bare.slice(at)
    const dot = bare.indexOf('.', at)
    if (dot < 0) return origins.has('.') ? '.' : undefined
    at = dot + 1
  }
}
