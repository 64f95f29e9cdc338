import { type Command, commonOptions, type OptionSpec, type OptionTable } from './command.ts'
import { hang, widthOf, wrap } from './wrap.ts'

/** How help is drawn. */
export interface HelpLayout {
  readonly columns: number
  /** Makes headings stand out; the identity where there is no colour. */
  readonly heading: (text: string) => string
}

type Entry = readonly [left: string, right: string]

/** What `waxseal COMMAND --help` prints. */
export function formatHelp(command: Command, { columns, heading }: HelpLayout): string {
  const width = Math.min(columns, 100)
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ['', heading(title), ...lines]
  const groups = optionGroups(command.options)
  const left = leftOf(groups.flatMap(([, entries]) => entries))
  const lines = [
    ...wrap(`${command.summary}.`, width),
    ...section(
      'Usage',
      command.usage.flatMap((form) => usageLines(form, width)),
    ),
    ...(command.description ?? []).flatMap((paragraph) => ['', ...wrap(paragraph, width)]),
    ...groups.flatMap(([title, entries]) => section(title, columnsOf(entries, width, left))),
    ...section('Exit status', columnsOf(exitEntries(command), width)),
    ...section(
      'Examples',
      (command.examples ?? []).flatMap((example) => exampleLines(example, width)),
    ),
  ]
  return `${lines.join('\n')}\n`
}

/** What `waxseal --help` prints. */
export function formatOverview(
  commands: readonly { readonly name: string; readonly summary: string }[],
  { columns, heading }: HelpLayout,
): string {
  const width = Math.min(columns, 100)
  const lines = [
    ...wrap('Deliver mail only over TLS that DANE or MTA-STS vouches for, and see why.', width),
    '',
    heading('Usage'),
    '  waxseal COMMAND [ARGUMENTS]',
    '',
    heading('Commands'),
    ...columnsOf(
      commands.map(({ name, summary }) => [name, summary]),
      width,
    ),
    '',
    ...wrap('"waxseal COMMAND --help" shows what a command takes; "waxseal --version" the version.', width),
  ]
  return `${lines.join('\n')}\n`
}

/** Options by the headings they stand under, in the order of their first appearance; help comes last. */
export function optionGroups(options: OptionTable): [title: string, entries: Entry[]][] {
  const groups = new Map<string, Entry[]>([['Options', []]])
  for (const [name, spec] of [...Object.entries(options), ...Object.entries<OptionSpec>(commonOptions)]) {
    if (spec.hidden === true) continue
    const title = spec.group ?? 'Options'
    const entry: Entry = [optionForm(name, spec), spec.description]
    groups.set(title, [...(groups.get(title) ?? []), entry])
  }
  return [...groups]
}

function optionForm(name: string, { type, short, value = 'VALUE' }: OptionSpec): string {
  const long = type === 'boolean' ? `--${name}` : `--${name} ${value}`
  return short === undefined ? `    ${long}` : `-${short}, ${long}`
}

/** Statuses of this command, then those that every command has. */
export function exitEntries({ exitStatuses = [] }: Pick<Command, 'exitStatuses'>): Entry[] {
  const own = exitStatuses.map(({ status, means }): Entry => [String(status), means])
  return [
    ...own,
    ['64', 'the command line cannot be meant'],
    ['70', 'a bug in waxseal'],
    ['78', 'the configuration is wrong'],
  ]
}

function usageLines(form: string, width: number): string[] {
  return hang(form, { first: '  waxseal ', next: '          ', width })
}

function exampleLines({ line, does }: { readonly line: string; readonly does: string }, width: number): string[] {
  return [`  ${line}`, ...hang(does, { first: '      ', next: '      ', width })]
}

/** Where the right column begins. */
function leftOf(entries: readonly Entry[]): number {
  return Math.min(26, Math.max(...entries.map(([text]) => widthOf(text)))) + 4
}

/** Two columns; a left side that is too wide stands on a line of its own. */
function columnsOf(entries: readonly Entry[], width: number, left = leftOf(entries)): string[] {
  const next = ' '.repeat(left)
  return entries.flatMap(([text, means]) => {
    const fits = widthOf(text) + 4 <= left
    const lines = hang(means, { first: fits ? `  ${text}`.padEnd(left) : next, next, width })
    return fits ? lines : [`  ${text}`, ...lines]
  })
}
