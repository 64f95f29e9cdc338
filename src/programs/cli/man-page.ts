import type { Command } from './command.ts'
import { exitEntries, optionGroups } from './help.ts'

export interface ManPageOptions {
  readonly version: string
  /** Other commands, for SEE ALSO. */
  readonly others: readonly string[]
}

/** The manual page of one command, in the macros of man(7). */
export function formatManPage(command: Command, { version, others }: ManPageOptions): string {
  const { summary, usage, description = [], examples = [] } = command
  const title = pageName(command.name)
  const lines = [
    `.TH ${escapeRoff(title.toUpperCase())} 1 "" "waxseal ${escapeRoff(version)}" "User Commands"`,
    ...section('NAME', [`${escapeRoff(title)} \\- ${escapeRoff(summary)}`]),
    ...section(
      'SYNOPSIS',
      usage.flatMap((form, index) => [...(index > 0 ? ['.br'] : []), `.B waxseal ${escapeRoff(form)}`]),
    ),
    ...section('DESCRIPTION', paragraphs(description.length > 0 ? description : [`${summary}.`])),
    ...optionGroups(command.options).flatMap(([group, entries]) =>
      section(
        group.toUpperCase(),
        entries.flatMap(([left, right]) => tagged(left.trim(), `${right}.`)),
      ),
    ),
    ...section(
      'EXIT STATUS',
      exitEntries(command).flatMap(([status, means]) => tagged(status, `${means}.`)),
    ),
    ...section(
      'EXAMPLES',
      examples.flatMap(({ line, does }) => tagged(line, does)),
    ),
    ...section('SEE ALSO', [others.map((name) => `.BR ${escapeRoff(pageName(name))} (1)`).join(' ,\n')]),
  ]
  return `${lines.join('\n')}\n`
}

/** The manual page `waxseal(1)`: the list of commands. */
export function formatOverviewPage(
  commands: readonly { readonly name: string; readonly summary: string }[],
  { version }: Pick<ManPageOptions, 'version'>,
): string {
  const lines = [
    `.TH WAXSEAL 1 "" "waxseal ${escapeRoff(version)}" "User Commands"`,
    ...section('NAME', ['waxseal \\- deliver mail only over TLS that DANE or MTA\\-STS vouches for, and see why']),
    ...section('SYNOPSIS', ['.B waxseal COMMAND [ARGUMENTS]']),
    ...section(
      'COMMANDS',
      commands.flatMap(({ name, summary }) => tagged(name, `${summary}.`)),
    ),
    ...section('FILES', tagged('/etc/waxseal/waxseal.toml', 'the configuration, unless the user has one.')),
    ...section('SEE ALSO', [commands.map(({ name }) => `.BR ${escapeRoff(pageName(name))} (1)`).join(' ,\n')]),
  ]
  return `${lines.join('\n')}\n`
}

/** `config check` has the page `waxseal-config-check`. */
export function pageName(command: string): string {
  return `waxseal-${command.replaceAll(' ', '-')}`
}

function section(title: string, body: readonly string[]): string[] {
  return body.length === 0 || body[0] === '' ? [] : [`.SH ${escapeRoff(title)}`, ...body]
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text, index) => [...(index > 0 ? ['.PP'] : []), escapeRoff(text)])
}

function tagged(tag: string, text: string): string[] {
  return ['.TP', `.B ${escapeRoff(tag)}`, escapeRoff(text)]
}

/** Text that the formatter takes for text: no backslash, no request at the start of a line. */
function escapeRoff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1')
}
