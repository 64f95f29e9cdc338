import type { Out, Style } from '../cli/out.ts'
import { hang, padEnd, widthOf, wrap } from '../cli/wrap.ts'
import type { Attack } from '../lab/world/world.ts'
import type { DemoStory, DomainStory, Outcome } from './play-demo.ts'

/** The demo's table and what it means, for someone who has never heard of DANE. */
export function writeDemo(story: DemoStory, seconds: number, out: Out): void {
  const attacked = story.domains.filter(({ attacks }) => attacks.length > 0)
  for (const line of wrap(introduction(story, attacked.length), out.columns)) out.line(line)
  out.line()
  for (const line of table(story.domains, out)) out.line(line)
  out.line()
  for (const text of conclusion(story, seconds, out)) for (const line of wrap(text, out.columns)) out.line(line)
  out.line()
  out.line(out.style('bold', 'What to try next'))
  for (const [command, does] of next) {
    out.line(`  ${command}`)
    for (const line of hang(does, { first: '      ', next: '      ', width: out.columns }))
      out.line(out.style('dim', line))
  }
}

function introduction({ calm, domains }: DemoStory, attacked: number): string {
  const calmly =
    calm.arrived === calm.sent
      ? `In calm all ${calm.sent} messages arrived.`
      : `In calm ${calm.arrived} of ${calm.sent} messages arrived.`
  return (
    `Two mail servers each wrote to ${domains.length} domains in a test Internet inside this process: one as most servers ` +
    `do today ("usual"), one with Waxseal. ${calmly} Then attackers on the way went for ${attacked} of the domains:`
  )
}

const headings = ['domain', 'attacker', 'usual', 'Waxseal', 'why'] as const

function table(stories: readonly DomainStory[], out: Out): string[] {
  const rows = stories.map((story) => cellsOf(story, out))
  const widths = headings.map((heading, column) =>
    Math.max(widthOf(heading), ...(column === 1 || column === 4 ? [] : rows.map((row) => widthOf(row[column] ?? '')))),
  )
  const gaps = 2 * (headings.length - 1)
  const left = Math.max(30, out.columns - gaps - (widths[0] ?? 0) - (widths[2] ?? 0) - (widths[3] ?? 0))
  widths[1] = Math.min(Math.floor(left * 0.42), Math.max(8, ...rows.map((row) => widthOf(row[1] ?? ''))))
  widths[4] = left - (widths[1] ?? 0)
  const rule = (out.unicode ? '─' : '-').repeat(
    Math.min(
      out.columns,
      widths.reduce((sum, width) => sum + width, gaps),
    ),
  )
  const head = layOut([...headings], widths).map((line) => out.style('bold', line))
  return [...head, rule, ...rows.flatMap((row) => layOut(row, widths))]
}

/** One row of the table, its cells wrapped into as many lines as they take. */
function layOut(cells: readonly string[], widths: readonly number[]): string[] {
  const wrapped = cells.map((cell, column) =>
    widthOf(cell) <= (widths[column] ?? 0) ? [cell] : wrap(cell, widths[column] ?? 0),
  )
  const height = Math.max(...wrapped.map((lines) => lines.length))
  return Array.from({ length: height }, (_, line) =>
    wrapped
      .map((lines, column) => padEnd(lines[line] ?? '', widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function cellsOf({ domain, attacks, opportunistic, enforced }: DomainStory, out: Out): string[] {
  return [
    domain.replace(/\.example$/, ''),
    attacks.length === 0 ? 'none' : attacks.map(describeAttack).join('; '),
    fateText(opportunistic, out),
    fateText(enforced, out),
    whyText(enforced),
  ]
}

const fates: Record<Outcome['fate'], { readonly text: string; readonly style: Style }> = {
  read: { text: 'READ', style: 'red' },
  arrived: { text: 'arrived', style: 'green' },
  held: { text: 'held back', style: 'yellow' },
  bounced: { text: 'returned', style: 'yellow' },
}

function fateText({ fate }: Outcome, out: Out): string {
  const { text, style } = fates[fate]
  return out.style(style, text)
}

/** In few words, by the row of the decision tables that settled it. */
function whyText({ fate, sent }: Outcome): string {
  const verified = sent.protection === 'verified' || sent.protection === 'host-verified'
  if (fate === 'read') return 'publishes nothing to check by'
  if (fate === 'arrived') return verified ? arrivedBy(sent.rows) : 'publishes nothing to check by'
  const known = reasons.find(([row]) => sent.rows.has(row))
  return known === undefined ? sent.reason.replace(/^\[[a-z-]+\] /, '') : known[1]
}

const reasons = [
  ['1a/M1', 'the answer is not signed by the domain'],
  ['1d/1', 'its TLSA records cannot be had'],
  ['1d/2', 'DANE demands TLS, and none was offered'],
  ['1d/4', 'not the key that stands in signed DNS'],
  ['1d/5', 'not the key that stands in signed DNS'],
  ['1d/17', 'its policy names other servers'],
  ['1d/18', 'its policy demands TLS, and none was offered'],
  ['1d/20', 'its policy demands the right certificate'],
] as const

function arrivedBy(rows: ReadonlySet<string>): string {
  const byDane = ['8', '9', '10', '11'].some((row) => rows.has(`1d/${row}`))
  return byDane ? 'DANE: the key is right' : 'MTA-STS: the certificate is right'
}

function describeAttack({ kind, how }: Attack): string {
  return words[kind] ?? kind + (how === undefined ? '' : ` (${how})`)
}

const words: Partial<Record<Attack['kind'], string>> = {
  'strip-starttls': 'hides STARTTLS',
  'refuse-starttls': 'refuses STARTTLS',
  'garble-ehlo': 'overwrites STARTTLS',
  'inject-after-starttls': 'injects replies',
  'swap-certificate': 'answers with his own certificate',
  'block-host': 'blocks the server',
  'spoof-mx': 'forges the MX record',
  'spoof-address': 'forges the address',
  'forge-dnssec': 'forges signed records',
  'strip-dnssec': 'strips DNSSEC',
  'forge-nxdomain': 'denies that it exists',
  'suppress-txt': 'hides the policy record',
  'break-tlsa': 'breaks TLSA lookups',
  'block-policy-host': 'blocks the policy',
  'forge-policy-host': 'forges the policy',
  replay: 'replays old answers',
}

function conclusion({ domains, after }: DemoStory, seconds: number, out: Out): string[] {
  const count = (sender: 'opportunistic' | 'enforced') =>
    domains.filter((story) => story[sender].fate === 'read').length
  const usual = count('opportunistic')
  const waxseal = count('enforced')
  const unprotected = domains.filter(({ enforced }) => enforced.fate === 'read').map(({ domain }) => domain)
  const except = unprotected.length === 0 ? '' : ` (${unprotected.join(', ')}, which publishes nothing to check by)`
  return [
    out.style(
      'bold',
      `Attackers read ${usual} of ${domains.length} messages of the usual server, and ${waxseal} of Waxseal’s${except}.`,
    ),
    '',
    'The usual server encrypts when it is told that it can, and asks nobody whether that is true. Waxseal proves what each ' +
      'domain published, by DNSSEC and DANE or by MTA-STS, and holds mail back until the proof is there: when ' +
      `the attackers had gone, ${after.arrived} of the ${after.sent} messages held back arrived. All this took ` +
      `${seconds.toFixed(1)} s, without network or privileges; nothing is left behind.`,
  ]
}

const next = [
  ['waxseal explain example.org', 'what holds for mail to a domain, and why'],
  ['waxseal dns _25._tcp.mx.example.org TLSA', 'a lookup with its chain of trust'],
  ['waxseal send -t <message.eml', 'deliver a message, enforced'],
  ['waxseal help', 'the other commands; in a clone, say "npm start --" for "waxseal"'],
] as const
