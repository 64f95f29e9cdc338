import { type Refused, refuse } from '../../../core/result.ts'
import { hostsMeant, parseMacro } from './certificates.ts'
import type { WorldFault } from './fault.ts'
import type { Line, Word } from './words.ts'
import { attackerName, type Declaration, type Event, mailAttacks } from './world.ts'

/** What a world declares, wherever its lines stand. */
interface Declared {
  readonly hosts: ReadonlySet<string>
  readonly origins: ReadonlySet<string>
}

/**
 * Refuses at the first word that means something the world does not declare, wherever that would stand: a macro's
 * host, the zone that a host, policy or record belongs to, whom an attack is against, or what an expectation is about.
 * An attack on nobody would harm nobody, and nothing happens to a host that is not there: a slip of the pen would pass.
 */
export function findUndeclared(
  lines: readonly Line[],
  declarations: readonly (Declaration | Event)[],
): Refused<WorldFault> | undefined {
  const declared: Declared = {
    hosts: new Set([attackerName, ...declarations.flatMap((one) => (one.kind === 'host' ? [one.name] : []))]),
    origins: new Set(declarations.flatMap((one) => (one.kind === 'zone' ? [one.origin] : []))),
  }
  for (const line of lines) {
    const missing = undeclaredName(line, declared) ?? undeclaredMacro(line, declared)
    if (missing !== undefined) return missing
  }
  return undefined
}

function undeclaredName({ words }: Line, { hosts, origins }: Declared): Refused<WorldFault> | undefined {
  const named = nameIn(words)
  if (named?.word === undefined) return undefined
  const { word, of } = named
  const name = plainName(word.text)
  const isDeclared = of === 'host' ? hosts.has(name) : isOfWorld(name, { hosts, origins }, of)
  return isDeclared ? undefined : refuse('undeclared', word.at)
}

/** The word of a statement that names something, and what that must be. */
function nameIn(words: readonly Word[]): { word: Word | undefined; of: 'host' | 'zone' | 'name' } | undefined {
  const [keyword, first, second] = words
  switch (keyword?.text ?? '') {
    case 'zone':
    case 'host':
    case 'policy':
    case 'test':
    case 'drop':
      return { word: first, of: 'zone' }
    case 'attack':
      return { word: second, of: mailAttacks.some((kind) => kind === first?.text) ? 'host' : 'name' }
    case 'expect':
      return nameExpected(first, second)
    default:
      return undefined
  }
}

function nameExpected(first: Word | undefined, second: Word | undefined): ReturnType<typeof nameIn> {
  switch (first?.text ?? '') {
    case 'held':
    case 'bounced':
    case 'read-by-attacker':
    case 'row':
    case 'code':
      return undefined
    case 'delivered':
      return second?.text === 'over' ? undefined : { word: second, of: 'host' }
    case 'connected':
      return { word: second, of: 'host' }
    case 'asked':
    case 'not-asked':
    case 'fetched':
      return { word: second, of: 'name' }
    default:
      return { word: first, of: 'name' }
  }
}

/** In a zone that is declared; as a `name` also above one, where zones are made, or in the attacker's. */
function isOfWorld(name: string, { hosts, origins }: Declared, of: 'zone' | 'name'): boolean {
  if (zoneAround(name, origins) !== undefined) return true
  return (
    of === 'name' && (name === '.' || hosts.has(name) || [...origins].some((origin) => origin.endsWith(`.${name}`)))
  )
}

function undeclaredMacro({ words }: Line, { hosts }: Declared): Refused<WorldFault> | undefined {
  if (words[0]?.text !== 'zone') return undefined
  const own = [...hosts].filter((host) => host !== attackerName)
  for (const { text, at } of words) {
    for (const match of text.matchAll(/\{([^{}]*)\}/g)) {
      const macro = parseMacro(match[1] as string)
      if (macro?.kind !== 'certificate') continue
      const { length } = hostsMeant(own, macro.host)
      if (length !== 1) return refuse(length === 0 ? 'undeclared' : 'ambiguous', at + match.index)
    }
  }
  return undefined
}

/** The closest of these zones that a name is at or below; names and origins as `readName` gives them. */
export function zoneAround(name: string, origins: ReadonlySet<string>): string | undefined {
  const bare = plainName(name)
  for (let at = 0; ; ) {
    if (origins.has(bare.slice(at))) return bare.slice(at)
    const dot = bare.indexOf('.', at)
    if (dot < 0) return origins.has('.') ? '.' : undefined
    at = dot + 1
  }
}

function plainName(text: string): string {
  const name = text.toLowerCase()
  return name.endsWith('.') && name !== '.' ? name.slice(0, -1) : name
}
