import type { ResourceRecord } from '../../src/core/dns/message.ts'
import { CLASS, parseType, RCODE } from '../../src/core/dns/types.ts'
import { parseRecord } from '../../src/core/dns/zone-text.ts'
import type { Name } from '../../src/core/name/name.ts'
import { rootName } from '../../src/core/name/name.ts'
import { parseName } from '../../src/core/name/text.ts'

/** A recorded world of name servers, and what a resolver must make of it. */
export interface Recording {
  readonly config: ReadonlyMap<string, readonly string[]>
  readonly ranges: readonly Range[]
  readonly steps: readonly Step[]
}

/** What servers at these addresses answer during some steps. */
export interface Range {
  readonly from: number
  readonly to: number
  readonly addresses: readonly string[]
  readonly entries: readonly Entry[]
}

export interface Step {
  readonly id: number
  readonly kind: string
  /** Of TIME_PASSES. */
  readonly seconds: number
  readonly entry: Entry | undefined
}

export interface Entry {
  readonly match: readonly string[]
  readonly adjust: readonly string[]
  readonly flags: ReadonlySet<string>
  readonly rcode: number
  readonly question: { readonly name: Name; readonly type: number } | undefined
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  readonly additional: readonly ResourceRecord[]
}

/** Reads a scenario of the form that Unbound's testbound began and Deckard goes on with. Throws for what it is not. */
export function readRecording(text: string): Recording {
  const lines = text.split('\n').map((line) => stripComment(line).trim())
  const end = lines.indexOf('CONFIG_END')
  const reader = createReader(lines.slice(end + 1).filter((line) => line !== ''))
  const ranges: Range[] = []
  const steps: Step[] = []
  for (let line = reader.next(); line !== undefined && line !== 'SCENARIO_END'; line = reader.next()) {
    const [word = '', ...rest] = line.split(/\s+/)
    if (word === 'RANGE_BEGIN') ranges.push(readRange(rest, reader))
    if (word === 'STEP') steps.push(readStep(rest, reader))
  }
  return { config: readConfig(lines.slice(0, end)), ranges, steps: steps.sort((one, other) => one.id - other.id) }
}

interface Reader {
  next(): string | undefined
  peek(): string | undefined
}

function createReader(lines: readonly string[]): Reader {
  let at = 0
  return { next: () => lines[at++], peek: () => lines[at] }
}

/** A semicolon inside quotes is text. */
function stripComment(line: string): string {
  let quoted = false
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '"') quoted = !quoted
    if (line[at] === ';' && !quoted) return line.slice(0, at)
  }
  return line
}

function readConfig(lines: readonly string[]): Map<string, string[]> {
  const config = new Map<string, string[]>()
  for (const line of lines) {
    const [, key, value = ''] = /^([a-z0-9-]+):\s*(.*)$/.exec(line.replace(/\s#.*$/, '')) ?? []
    if (key === undefined) continue
    config.set(key, [...(config.get(key) ?? []), value.trim().replace(/^"|"$/g, '').trim()])
  }
  return config
}

function readRange([from, to, ...addresses]: readonly string[], reader: Reader): Range {
  const entries: Entry[] = []
  for (let line = reader.next(); line !== undefined && line !== 'RANGE_END'; line = reader.next()) {
    const [word, value = ''] = line.split(/\s+/)
    if (word === 'ADDRESS') addresses.push(value)
    if (word === 'ENTRY_BEGIN') entries.push(readEntry(reader))
  }
  return { from: Number(from), to: Number(to), addresses, entries }
}

function readStep([id = '', kind = '', ...rest]: readonly string[], reader: Reader): Step {
  let entry: Entry | undefined
  if (reader.peek() === 'ENTRY_BEGIN') {
    reader.next()
    entry = readEntry(reader)
  }
  return { id: Number(id), kind, seconds: kind === 'TIME_PASSES' ? Number(rest.at(-1)) : 0, entry }
}

function readEntry(reader: Reader): Entry {
  const words = { MATCH: [] as string[], ADJUST: [] as string[], REPLY: [] as string[] }
  const sections: Record<string, ResourceRecord[]> = { ANSWER: [], AUTHORITY: [], ADDITIONAL: [] }
  let question: Entry['question']
  let section = ''
  for (let line = reader.next(); line !== undefined && line !== 'ENTRY_END'; line = reader.next()) {
    const [word = '', ...rest] = line.split(/\s+/)
    if (word === 'MATCH' || word === 'ADJUST' || word === 'REPLY') words[word].push(...rest)
    else if (word === 'SECTION') section = rest[0] ?? ''
    else if (section === 'QUESTION') question = readQuestion(line)
    else sections[section]?.push(readRecord(line))
  }
  const rcode = words.REPLY.flatMap((word) => Object.entries(RCODE).find(([text]) => text === word)?.[1] ?? [])
  return {
    ...{ match: words.MATCH, adjust: words.ADJUST, flags: new Set(words.REPLY), rcode: rcode[0] ?? 0, question },
    ...{ answer: sections.ANSWER ?? [], authority: sections.AUTHORITY ?? [], additional: sections.ADDITIONAL ?? [] },
  }
}

function readQuestion(line: string): NonNullable<Entry['question']> {
  const [owner = '', ...rest] = line.split(/\s+/)
  const name = parseName(owner)
  const type = parseType(rest.at(-1) ?? '')
  if (!name.ok || type === undefined) throw new Error(`no question: ${line}`)
  return { name: name.value, type }
}

function readRecord(line: string): ResourceRecord {
  const record = parseRecord(line, { origin: rootName, ttl: 3600 })
  if (!record.ok) throw new Error(`no record (${record.fault}): ${line}`)
  return { ...record.value, class: CLASS.IN }
}
