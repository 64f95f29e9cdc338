import type { Out, Style } from '../cli/out.ts'
import { hang, padEnd, widthOf, wrap } from '../cli/wrap.ts'
import type { Attack } from '../lab/world/world.ts'
import type { DemoStory, DomainStory, Outcome } from './play-demo.ts'

/** The demo's table and what it means, for someone who has never heard of DANE. */
export function writeDemo(story: DemoStory, seconds: number, given: Out): void {
  const out = given.unicode ? given : { ...given, line: (text = '') => given.line(text.replaceAll('’', "'")) }
  const attacked = story.domains.filter(({ attacks }) => attacks.length > 0)
  for (const line of wrap(introduction(story, attacked.length), out.columns)) out.line(line)
  out.line()
  const draw = out.columns < leastColumns ? blocks : table
  for (const line of draw(story.domains, out)) out.line(line)
  out.line()
  for (const line of wrap(legend, out.columns)) out.line(out.style('dim', line))
  out.line()
  for (const text of conclusion(story, seconds, out)) {
    for (const line of wrap(text, out.columns)) out.line(line)
    out.line()
  }
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
    'Mail servers encrypt when the other side offers it (STARTTLS). Whoever sits on the way can take the offer away, or ' +
    `answer in the other’s place. Here two senders wrote to ${domains.length} domains in a test Internet inside this ` +
    `process: one as most mail servers do today ("usual"), and one with Waxseal. ${calmly} Then attackers went for ` +
    `${attacked} of the domains:`
  )
}

const legend =
  'READ: an attacker could read the message. Held back: it waits with its sender, who tries again. Returned: its sender ' +
  'was told that it cannot be delivered.'

const headings = ['domain', 'attacker', 'usual', 'Waxseal', 'why'] as const

/** A narrower table would be wider than the terminal. */
const leastColumns = 66

/** For narrow terminals: every domain in some lines of its own. */
function blocks(stories: readonly DomainStory[], out: Out): string[] {
  return stories.flatMap((story, at) => {
    const [domain = '', ...cells] = cellsOf(story, out)
    const lines = cells.flatMap((cell, column) => {
      const first = `  ${padEnd(headings[column + 1] ?? '', 10)}`
      return hang(cell, { first, next: ' '.repeat(12), width: out.columns })
    })
    return [...(at === 0 ? [] : ['']), out.style('bold', domain), ...lines]
  })
}

function table(stories: readonly DomainStory[], out: Out): string[] {
  const rows = stories.map((story) => cellsOf(story, out))
  const widths = headings.map((heading, column) =>
    Math.max(widthOf(heading), ...(column === 1 || column === 4 ? [] : rows.map((row) => widthOf(row[column] ?? '')))),
  )
  const gaps = 2 * (headings.length - 1)
  const left = Math.max(24, out.columns - gaps - (widths[0] ?? 0) - (widths[2] ?? 0) - (widths[3] ?? 0))
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
  ['1a/M1', 'DNSSEC: the domain did not sign this answer'],
  ['1d/1', 'DANE: its key cannot be looked up'],
  ['1d/2', 'DANE: TLS is a must, and none was offered'],
  ['1d/3', 'DANE: TLS is a must, and it was tampered with'],
  ['1d/4', 'DANE: not the key that stands in signed DNS'],
  ['1d/5', 'DANE: not the key that stands in signed DNS'],
  ['1d/17', 'MTA-STS: its policy names other servers'],
  ['1d/18', 'MTA-STS: TLS is a must, and none was offered'],
  ['1d/19', 'MTA-STS: TLS is a must, and it was tampered with'],
  ['1d/20', 'MTA-STS: the certificate is not its server’s'],
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
  'inject-after-starttls': 'slips in replies before TLS',
  'swap-certificate': 'answers with his own certificate',
  'block-host': 'blocks the server',
  'spoof-mx': 'forges the record of its mail server (MX)',
  'spoof-address': 'forges the server’s address',
  'forge-dnssec': 'changes signed records',
  'strip-dnssec': 'strips the signatures from DNS',
  'forge-nxdomain': 'denies that it exists',
  'suppress-txt': 'hides its policy',
  'break-tlsa': 'breaks the lookup of its key',
  'block-policy-host': 'blocks its policy host',
  'forge-policy-host': 'forges its policy',
  replay: 'replays old DNS answers',
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
      `Attackers read ${usual} of ${domains.length} messages of the usual sender, and ${waxseal} of Waxseal’s${except}.`,
    ),
    'The usual sender has no way to tell what is right. These domains publish it: with DANE, the key of the mail server ' +
      'stands in DNS signed by the domain (DNSSEC); with MTA-STS, the domain says over HTTPS which servers are its own, and ' +
      'that they encrypt. Waxseal proves what was published, and hands mail over only to a server that shows it. ' +
      `${afterwards(after)} All this took ${seconds.toFixed(1)} s, without network or privileges, and leaves nothing behind.`,
  ]
}

function afterwards({ sent, arrived }: DemoStory['after']): string {
  return arrived === sent
    ? `Nothing was lost by that: when the attackers had gone, all ${sent} messages held back arrived.`
    : `When the attackers had gone, ${arrived} of the ${sent} messages held back arrived.`
}

const next = [
  ['waxseal explain example.org', 'what holds for mail to a domain (try your own), and why'],
  ['waxseal check example.org', 'what every kind of sender does with mail to your own domain, and what to mend'],
  ['waxseal setup example.org', 'everything that protects mail to it, step by step, with the text to publish'],
  [
    'waxseal dns _25._tcp.mx.example.org TLSA',
    'the key of a mail server in DNS, with the chain of trust that leads to it',
  ],
  ['waxseal send -t <message.eml', 'deliver a message to the servers that prove themselves, or learn why it must wait'],
  ['waxseal help', 'all commands; in a clone, say "npm start --" for "waxseal"'],
] as const
