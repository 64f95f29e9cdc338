import { readFile, stat } from 'node:fs/promises'
import { type Change, type Direction, diffReports } from '../../../core/check/diff.ts'
import type { CheckReport } from '../../../core/check/report.ts'
import { limits } from '../../../core/limits.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { writeDiff } from '../../check/diff-text.ts'
import { readReport } from '../../check/report-schema.ts'
import { reasonOf } from '../../file-error.ts'
import { defineCommand, InputError } from '../command.ts'
import { EXIT } from '../exit.ts'

/** What became of one domain between two files of results. */
export interface DomainDiff {
  readonly schema: 'waxseal.diff/1'
  readonly domain: string
  /** `appeared` and `gone`: only one of the files has it. */
  readonly direction: Direction | 'appeared' | 'gone'
  /** When each was checked. */
  readonly beforeAt: number | null
  readonly afterAt: number | null
  readonly verdictBefore: string | null
  readonly verdictAfter: string | null
  readonly changes: readonly Change[]
}

export const diff = defineCommand({
  name: 'diff',
  summary: 'Say what became otherwise between two results of a check',
  usage: ['diff [--json] OLD NEW'],
  description: [
    'OLD and NEW hold what "waxseal check --json" printed: a line for each domain, in any order. Compared are verdict, ' +
      'protocols, what senders do, findings, hosts with their addresses and certificates, and the days on which something ' +
      'ends. Evidence, and the order in which anything stands, make no difference.',
  ],
  options: { json: { type: 'boolean', description: 'print one line of JSON for each domain (schema waxseal.diff/1)' } },
  operands: { name: 'OLD NEW', min: 2, max: 2 },
  examples: [{ line: 'waxseal diff yesterday.json today.json', does: 'what changed since yesterday' }],
  exitStatuses: [
    { status: 0, means: 'nothing changed, be it that days moved' },
    { status: 1, means: 'something is worse' },
    { status: 2, means: 'something is better, and nothing worse' },
    { status: 3, means: 'something is otherwise, and neither worse nor better' },
    { status: EXIT.data, means: 'a file holds something else than results of this schema' },
    { status: EXIT.noInput, means: 'a file cannot be read' },
  ],
  async run({ values, positionals: [before = '', after = ''] }, { out }) {
    const read = [await readResults(before), await readResults(after)] as const
    const [faulty] = read.filter((one) => 'fault' in one)
    if (faulty !== undefined && 'fault' in faulty) {
      out.warn(faulty.fault)
      return EXIT.data
    }
    const [old, current] = read.map((one) => ('fault' in one ? new Map<string, CheckReport>() : one.reports))
    const diffs = compare(old ?? new Map(), current ?? new Map())
    for (const one of diffs) {
      if (values.json === true) out.line(JSON.stringify(one))
      else writeDiff(one, out)
    }
    return statusOf(diffs.map(({ direction }) => direction))
  },
})

/** A domain that came or went is a change of the list, and says nothing about the domain. */
const statuses: readonly (readonly [DomainDiff['direction'], number])[] = [
  ['worse', 1],
  ['better', 2],
  ['changed', 3],
  ['appeared', 3],
  ['gone', 3],
]

function statusOf(directions: readonly DomainDiff['direction'][]): number {
  return statuses.find(([direction]) => directions.includes(direction))?.[1] ?? EXIT.done
}

type Results = { readonly reports: ReadonlyMap<string, CheckReport> } | { readonly fault: string }

/** The reports of a file by their domains; of a domain that was checked twice the last. Throws InputError. */
async function readResults(path: string): Promise<Results> {
  const shown = escapeText(path)
  const reports = new Map<string, CheckReport>()
  const lines = (await readText(path, shown)).split('\n')
  const filled = lines.map((line, at) => ({ text: line.trim(), line: at + 1 })).filter(({ text }) => text !== '')
  if (filled.length === 0) return { fault: `"${shown}" is empty` }
  for (const { text, line } of filled) {
    const read = readReport(parseJson(text))
    if (!read.ok) return { fault: `"${shown}", line ${line}: ${escapeText(read.fault)}` }
    reports.set(read.value.domain, read.value)
  }
  return { reports }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function readText(path: string, shown: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > limits.check.resultFileOctets) throw new Error(`it is over ${limits.check.resultFileOctets} octets`)
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new InputError(`cannot read "${shown}": ${escapeText(reasonOf(error))}`)
  }
}

function compare(old: ReadonlyMap<string, CheckReport>, current: ReadonlyMap<string, CheckReport>): DomainDiff[] {
  const domains = [...new Set([...old.keys(), ...current.keys()])].toSorted()
  return domains.map((domain) => {
    const [before, after] = [old.get(domain), current.get(domain)]
    const both = before !== undefined && after !== undefined ? diffReports(before, after) : undefined
    return {
      ...{ schema: 'waxseal.diff/1', domain },
      direction: both?.direction ?? (before === undefined ? 'appeared' : 'gone'),
      ...{ beforeAt: before?.checkedAt ?? null, afterAt: after?.checkedAt ?? null },
      ...{ verdictBefore: before?.verdict ?? null, verdictAfter: after?.verdict ?? null },
      changes: both?.changes ?? [],
    }
  })
}
