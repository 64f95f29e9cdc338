import { accept, type Result, refuse } from '../../../core/result.ts'

/** One value of a YAML file: the keys that lead to it, and the line it stands on. */
export interface YamlEntry {
  readonly path: readonly string[]
  /** Word for word, without quotes and comment; undefined for nothing, a list for a list of such. */
  readonly value: string | readonly string[] | undefined
  readonly line: number
}

interface Open {
  readonly indent: number
  readonly path: readonly string[]
  /** How far in all that stands below it is. */
  inner?: number
}

/**
 * Reads the part of YAML that people write configurations in: mappings by indentation, plain and quoted scalars, lists of
 * scalars, comments. Whatever else YAML has is refused, with its line as `at`, rather than misread.
 */
export function readPlainYaml(text: string): Result<readonly YamlEntry[], 'syntax'> {
  const entries: YamlEntry[] = []
  let open: Open[] = [{ indent: -1, path: [] }]
  for (const [at, whole] of text.split(/\r?\n/).entries()) {
    const line = at + 1
    const content = withoutComment(whole)
    if (content === '' || (content === '---' && entries.length === 0)) continue
    if (content.includes('\t')) return refuse('syntax', line)
    const indent = content.search(/[^ ]/)
    const item = /^ *- +(\S.*)$/.exec(content)
    if (item !== null) {
      const scalar = readScalar(item[1] ?? '')
      const last = entries.at(-1)
      if (scalar === undefined || last === undefined || !addItem(entries, last, { scalar, indent, open })) {
        return refuse('syntax', line)
      }
      continue
    }
    const pair = /^ *(?:"([^"\\]*)"|'([^']*)'|([^\s"'#&*!|>%@`{}[\],:?-][^"'#:{}[\]]*?)) *:(?: +(.*))?$/.exec(content)
    if (pair === null) return refuse('syntax', line)
    const key = pair[1] ?? pair[2] ?? pair[3] ?? ''
    open = open.filter((one) => one.indent < indent)
    const parent = open.at(-1)
    if (parent === undefined || !isChild(entries, parent, indent)) return refuse('syntax', line)
    parent.inner = indent
    const value = pair[4] === undefined ? undefined : readValue(pair[4].trim())
    if (value === undefined && pair[4] !== undefined) return refuse('syntax', line)
    const path = [...parent.path, key]
    if (entries.some((one) => one.path.join('\0') === path.join('\0'))) return refuse('syntax', line)
    entries.push({ path, value, line })
    open.push({ indent, path })
  }
  return accept(entries)
}

/** Below a value nothing can stand, and what stands below one key is equally far in; at the top not at all. */
function isChild(entries: readonly YamlEntry[], { path, inner }: Open, indent: number): boolean {
  if (path.length === 0) return indent === 0
  const value = entries.find((one) => one.path === path)?.value
  return value === undefined && (inner ?? indent) === indent
}

function addItem(
  entries: YamlEntry[],
  last: YamlEntry,
  { scalar, indent, open }: { readonly scalar: string; readonly indent: number; readonly open: readonly Open[] },
): boolean {
  const parent = open.at(-1)
  if (parent === undefined || parent.path !== last.path || indent < parent.indent) return false
  if (last.value !== undefined && typeof last.value === 'string') return false
  entries[entries.length - 1] = { ...last, value: [...(last.value ?? []), scalar] }
  return true
}

/** A `#` begins a comment at the start of a line or behind a blank, outside quotes. */
function withoutComment(line: string): string {
  let quote = ''
  for (let at = 0; at < line.length; at++) {
    const character = line[at] ?? ''
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if ((character === '"' || character === "'") && /(?:^|[\s:[,-])$/.test(line.slice(0, at))) quote = character
    else if (character === '#' && (at === 0 || /\s/.test(line[at - 1] ?? ''))) return line.slice(0, at).trimEnd()
  }
  return line.trimEnd()
}

function readValue(text: string): string | readonly string[] | undefined {
  const inside = /^\[(.*)\]$/.exec(text)?.[1]
  if (inside === undefined) return readScalar(text)
  if (inside.trim() === '') return []
  const items = inside.split(',').map((item) => readScalar(item.trim()))
  return items.every((item) => item !== undefined) ? items : undefined
}

function readScalar(text: string): string | undefined {
  const single = /^'((?:[^']|'')*)'$/.exec(text)?.[1]
  if (single !== undefined) return single.replaceAll("''", "'")
  const double = /^"([^"\\]*)"$/.exec(text)?.[1]
  if (double !== undefined) return double
  // Anchors, aliases, tags, blocks of text, flow mappings, and what would be a mapping itself.
  return /^[&*!|>%@`"'{}[\],?]/.test(text) || /:(?: |$)/.test(text) || text === '' ? undefined : text
}
