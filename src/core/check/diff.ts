import { datesIn } from './dates.ts'
import { type AddressRow, type Cell, type CheckReport, type Finding, type Severity, verdicts } from './report.ts'

/** One thing that is otherwise than it was. Before or after is null where there was, or is, nothing of the kind. */
export interface Change {
  readonly kind: 'verdict' | 'protocol' | 'sender' | 'finding' | 'date' | 'host'
  /** What it is about: a protocol, a sender's id, a finding's id and subject, a host with address and column. */
  readonly what: string
  readonly before: string | null
  readonly after: string | null
  /** What the change is for who owns the domain; a day that moved is neither. */
  readonly means: 'worse' | 'better' | 'neither'
}

/** `same` may come with days that moved; `changed` is neither worse nor better. */
export type Direction = 'same' | 'worse' | 'better' | 'changed'

export interface ReportDiff {
  readonly domain: string
  readonly direction: Direction
  /** The verdict first, then as the report has them; never empty unless the direction is `same`. */
  readonly changes: readonly Change[]
}

/**
 * What became otherwise between two reports about one domain, whatever the order in which they tell it. Evidence, texts to
 * publish and the time of the check are not compared: they differ between any two checks.
 */
export function diffReports(before: CheckReport, after: CheckReport): ReportDiff {
  const changes = [
    ...verdictChange(before, after),
    ...protocolChanges(before, after),
    ...senderChanges(before, after),
    ...findingChanges(before.findings, after.findings),
    ...hostChanges(before, after),
    ...dateChanges(before, after),
  ]
  return { domain: after.domain, direction: directionOf(changes), changes }
}

/** The verdict decides; where it stays, or cannot be weighed, what is worse outweighs what is better. */
export function directionOf(changes: readonly Change[]): Direction {
  const verdict = changes.find(({ kind }) => kind === 'verdict')
  if (verdict !== undefined && verdict.means !== 'neither') return verdict.means
  const telling = changes.filter(({ kind }) => kind !== 'date')
  if (telling.some(({ means }) => means === 'worse')) return 'worse'
  if (verdict === undefined && telling.some(({ means }) => means === 'better')) return 'better'
  return telling.length === 0 ? 'same' : 'changed'
}

type Means = Change['means']

/** By places on a scale that begins with the best; what is not on it is neither better nor worse than anything. */
function weigh<Value>(scale: readonly Value[], before: Value, after: Value): Means {
  const [from, to] = [scale.indexOf(before), scale.indexOf(after)]
  if (from === -1 || to === -1 || from === to) return 'neither'
  return to > from ? 'worse' : 'better'
}

type Judged = Pick<CheckReport, 'verdict'>

const verdictScale = verdicts.filter((verdict) => verdict !== 'undetermined')

/** A verdict that is another. */
export function verdictChange({ verdict: before }: Judged, { verdict: after }: Judged): Change[] {
  if (before === after) return []
  return [{ kind: 'verdict', what: 'verdict', before, after, means: weigh<string>(verdictScale, before, after) }]
}

function protocolChanges(before: CheckReport, after: CheckReport): Change[] {
  const scale: readonly string[] = ['on', 'partly', 'testing', 'off', 'broken']
  return pairs(before.lines, after.lines, ({ protocol }) => protocol).flatMap(([what, one, other]) => {
    if (one?.state === other?.state) return []
    const means = one && other ? weigh(scale, one.state, other.state) : 'neither'
    return [{ kind: 'protocol', what, before: one?.state ?? null, after: other?.state ?? null, means } as const]
  })
}

function senderChanges(before: CheckReport, after: CheckReport): Change[] {
  const scale: readonly string[] = [
    ...['delivers (authenticated)', 'delivers (host-authenticated)', 'delivers (encrypted)', 'delivers (cleartext)'],
    ...['delays', 'returns'],
  ]
  const say = ({ does, protection }: CheckReport['senders'][number]) =>
    does === 'delivers' && protection !== null ? `${does} (${protection})` : does
  return pairs(before.senders, after.senders, ({ id }) => id).flatMap(([what, one, other]) => {
    const [from, to] = [one && say(one), other && say(other)]
    if (from === to) return []
    const means = from !== undefined && to !== undefined ? weigh(scale, from, to) : 'neither'
    return [{ kind: 'sender', what, before: from ?? null, after: to ?? null, means } as const]
  })
}

/** What a finding is called wherever results are compared: its name and what it is about. */
export function keyOfFinding({ id, subject }: Pick<Finding, 'id' | 'subject'>): string {
  return `${id} ${subject}`
}

/** Findings that appeared or are gone. Notes are neither better nor worse. */
export function findingChanges(before: readonly Told[], after: readonly Told[]): Change[] {
  return pairs(before, after, keyOfFinding).flatMap(([what, one, other]) => {
    if (one?.severity === other?.severity) return []
    const means = weigh<Severity | 'none'>(findingScale, lightest(one), lightest(other))
    return [{ kind: 'finding', what, before: one?.severity ?? null, after: other?.severity ?? null, means } as const]
  })
}

type Told = Pick<Finding, 'id' | 'subject' | 'severity'>

const findingScale = ['none', 'weakens', 'will-break', 'breaks-now'] as const

function lightest(finding: Told | undefined): Severity | 'none' {
  return finding === undefined || finding.severity === 'note' ? 'none' : finding.severity
}

function hostChanges(before: CheckReport, after: CheckReport): Change[] {
  const found = pairs(cellsOf(before), cellsOf(after), ({ what }) => what).flatMap(([what, one, other]): Change[] => {
    if (one?.text === other?.text && one?.state === other?.state) return []
    const means = one && other ? weigh<string>(['good', 'weak', 'bad'], one.state, other.state) : 'neither'
    return [{ kind: 'host', what, before: one?.text ?? null, after: other?.text ?? null, means }]
  })
  // Of an address or kind of key that came or went, one line says enough.
  const whole = found.filter(({ before: from, after: to }) => from === null || to === null)
  return found.filter((change) => !whole.some((other) => other !== change && change.what.startsWith(`${other.what} `)))
}

interface NamedCell {
  readonly what: string
  readonly state: Cell['state']
  readonly text: string
}

/** Each cell of the grid but days, which are compared as such; hosts, addresses and keys come with a cell of their own. */
function cellsOf({ grid }: CheckReport): NamedCell[] {
  return grid.flatMap(({ host, preference, addresses }) => [
    { what: host, state: 'none', text: `preference ${preference}` },
    ...addresses.flatMap((address) => addressCells(host, address)),
  ])
}

function addressCells(host: string, { address, connect, startTls, keys }: AddressRow): NamedCell[] {
  const at = `${host} ${address}`
  return [
    { what: at, state: 'none', text: 'there' },
    named(`${at} connection`, connect),
    named(`${at} STARTTLS`, startTls),
    ...keys.flatMap(({ keyType, handshake, chain, name, tlsa }): NamedCell[] => [
      { what: `${at} ${keyType}`, state: 'none', text: 'there' },
      named(`${at} ${keyType} TLS`, handshake),
      named(`${at} ${keyType} chain`, chain),
      named(`${at} ${keyType} name`, name),
      named(`${at} ${keyType} TLSA`, tlsa),
    ]),
  ]
}

function named(what: string, { state, text, detail }: Cell): NamedCell {
  return { what, state, text: detail === null ? text : `${text} (${detail})` }
}

function dateChanges(before: CheckReport, after: CheckReport): Change[] {
  return pairs(datesIn(before), datesIn(after), ({ key }) => key).flatMap(([what, one, other]) => {
    // What came or went is told as a finding or a host.
    if (one === undefined || other === undefined || one.at === other.at) return []
    return [{ kind: 'date', what, before: dayOf(one.at), after: dayOf(other.at), means: 'neither' } as const]
  })
}

function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10)
}

/** Things of two lists by what they are called, in the order of the later list; of several called alike the first. */
function pairs<Thing>(
  before: readonly Thing[],
  after: readonly Thing[],
  keyOf: (thing: Thing) => string,
): [key: string, before: Thing | undefined, after: Thing | undefined][] {
  const index = (things: readonly Thing[]) => new Map(things.toReversed().map((thing) => [keyOf(thing), thing]))
  const [old, current] = [index(before), index(after)]
  const keys = new Set([...after, ...before].map(keyOf))
  return [...keys].map((key) => [key, old.get(key), current.get(key)])
}
