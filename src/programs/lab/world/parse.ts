import { accept, type Result, refuse } from '../../../core/result.ts'
import {
  parseAttackStatement,
  parseCalmStatement,
  parseClockStatement,
  parseExpectStatement,
  parseSendStatement,
  readRow,
} from './events.ts'
import { placeOf, type WorldFault } from './fault.ts'
import { listOf, readTime } from './readers.ts'
import { parseDropStatement } from './records.ts'
import { parseHostStatement, parsePolicyStatement, parseZoneStatement, readAt, wordAt } from './statements.ts'
import { parseTestStatement } from './tests.ts'
import { findUndeclared } from './undeclared.ts'
import { type Line, splitWorld } from './words.ts'
import type { Declaration, Event, TestDeclaration, World } from './world.ts'

/** `Omit` for each member of a union by itself. */
type Unplaced<Union> = Union extends unknown ? Omit<Union, 'line'> : never

interface Draft {
  title: string
  rows: readonly string[]
  start: number | undefined
  readonly setting: Declaration[]
  readonly events: Event[]
  readonly tests: TestDeclaration[]
}

/**
 * Reads a world: lines of statements, described in docs/lab.md. What is declared before the first event stands when
 * the lab starts; everything after happens in its order.
 */
export function parseWorld(text: string): Result<World, WorldFault> {
  const lines = splitWorld(text)
  if (!lines.ok) return lines
  const draft: Draft = { title: '', rows: [], start: undefined, setting: [], events: [], tests: [] }
  for (const line of lines.value) {
    const parsed = parseStatement(line, text, draft)
    if (!parsed.ok) return parsed
  }
  const missing = findUndeclared(lines.value, [...draft.setting, ...draft.events])
  return missing ?? accept(draft)
}

function parseStatement(line: Line, text: string, draft: Draft): Result<unknown, WorldFault> {
  const keyword = line.words[0]
  switch (keyword?.text ?? '') {
    case 'world':
      draft.title = line.words
        .slice(1)
        .map((word) => word.text)
        .join(' ')
      return atStart(line, draft)
    case 'rows':
      return setRows(line, draft)
    case 'clock':
      if (draft.events.length === 0 && line.words[1]?.text.startsWith('+') !== true) return setStart(line, draft)
      return happen(line, text, draft, parseClockStatement(line))
    case 'test':
      return setTest(line, draft)
    case 'zone':
      return declare(line, text, draft, parseZoneStatement(line, text))
    case 'host':
      return declare(line, text, draft, parseHostStatement(line))
    case 'policy':
      return declare(line, text, draft, parsePolicyStatement(line))
    default:
      return parseEvent(line, text, draft)
  }
}

function parseEvent(line: Line, text: string, draft: Draft): Result<unknown, WorldFault> {
  switch (line.words[0]?.text ?? '') {
    case 'drop':
      return happen(line, text, draft, parseDropStatement(line))
    case 'attack': {
      const attack = parseAttackStatement(line)
      return happen(line, text, draft, attack.ok ? accept({ kind: 'attack', attack: attack.value }) : attack)
    }
    case 'calm': {
      const calm = parseCalmStatement(line)
      return happen(line, text, draft, calm.ok ? accept({ kind: 'calm', ...calm.value }) : calm)
    }
    case 'send':
      return happen(line, text, draft, parseSendStatement(line))
    case 'expect': {
      const expectation = parseExpectStatement(line)
      if (!expectation.ok) return expectation
      if (!draft.events.some(({ kind }) => kind === 'send')) return refuse('out-of-place', line.words[0]?.at)
      return happen(line, text, draft, accept({ kind: 'expect', expectation: expectation.value }))
    }
    default:
      return refuse('unknown-statement', line.words[0]?.at)
  }
}

/** Before the first event a declaration is part of the setting; after it, a change. Zones do not change. */
function declare(line: Line, text: string, draft: Draft, parsed: Result<Declaration, WorldFault>) {
  if (!parsed.ok) return parsed
  const isZone = parsed.value.kind === 'zone'
  if (draft.events.length > 0) {
    return isZone ? refuse('out-of-place', line.words[0]?.at) : happen(line, text, draft, parsed)
  }
  const id = identityOf(parsed.value)
  if (id !== undefined && draft.setting.some((one) => identityOf(one) === id)) {
    return refuse('declared-twice', line.words[1]?.at)
  }
  draft.setting.push(parsed.value)
  return parsed
}

/** What there can be one of at a time; records of one name stand together. */
function identityOf(declaration: Declaration): string | undefined {
  switch (declaration.kind) {
    case 'zone':
      return `zone ${declaration.origin}`
    case 'host':
      return `host ${declaration.name}`
    case 'policy':
      return `policy ${declaration.domain}`
    case 'record':
      return undefined
  }
}

function happen(line: Line, text: string, draft: Draft, parsed: Result<Unplaced<Event>, WorldFault>) {
  if (!parsed.ok) return parsed
  const at = line.words[0]?.at ?? 0
  draft.events.push({ ...parsed.value, line: placeOf(text, at).line } as Event)
  return parsed
}

function atStart(line: Line, draft: Draft): Result<unknown, WorldFault> {
  return draft.events.length > 0 ? refuse('out-of-place', line.words[0]?.at) : accept(undefined)
}

function setRows(line: Line, draft: Draft): Result<unknown, WorldFault> {
  const word = wordAt(line, 1)
  if (!word.ok) return word
  const rows = line.words.slice(1).map(({ text, at }) => listOf(readRow)(text, at))
  for (const read of rows) if (!read.ok) return read
  draft.rows = rows.flatMap((read) => (read.ok ? read.value : []))
  return atStart(line, draft)
}

function setTest(line: Line, draft: Draft): Result<unknown, WorldFault> {
  const parsed = parseTestStatement(line)
  if (!parsed.ok) return parsed
  if (draft.tests.some(({ domain }) => domain === parsed.value.domain)) {
    return refuse('declared-twice', line.words[1]?.at)
  }
  draft.tests.push(parsed.value)
  return atStart(line, draft)
}

function setStart(line: Line, draft: Draft): Result<unknown, WorldFault> {
  const start = readAt(line, 1, readTime)
  if (!start.ok) return start
  if (line.words[2] !== undefined) return refuse('unexpected-word', line.words[2].at)
  draft.start = start.value
  return start
}
