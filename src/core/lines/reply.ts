import type { ConnectDecision, DaneUse, DomainDecision, TlsDemand } from '../decision/decision.ts'
import { limits } from '../limits.ts'
import type { DomainName } from '../name/domain.ts'

/** What a mail server that asks by lines is told about a destination. */
export interface LineAnswer {
  /** `none`: an address or the like, which no policy can be about. */
  readonly action: 'deliver' | 'defer' | 'bounce' | 'none'
  /** Hosts that mail may reach, in the order of their preferences; empty unless mail is to be delivered. */
  readonly hosts: readonly LineHost[]
  /** Why mail waits or is returned, or what is passed over. */
  readonly reason: string
}

export interface LineHost {
  readonly host: string
  readonly preference: number
  readonly tls: TlsDemand
  /** For `dane`: records that can be used, as `3/1/1/` and the data in hexadecimal. */
  readonly tlsa?: readonly string[] | undefined
}

const demands: readonly TlsDemand[] = ['dane', 'pkix', 'encrypt', 'may']

/** What there is to say of a decision: hosts that are passed over are left out. */
export function answerOf(decision: DomainDecision): LineAnswer {
  const { action, hosts, text } = decision
  const reasons = hosts.flatMap((host) => (host.action === 'skip' ? [`${host.host}: ${host.text}`] : []))
  if (action !== 'deliver') return { action, hosts: [], reason: [text, ...reasons].join('; ') }
  const used = hosts.filter((host) => host.action === 'connect' && isPlain(host.host))
  const open = (used as readonly ConnectDecision[]).slice(0, limits.smtp.hosts)
  if (open.length === 0) return defer('no MX host has a name that can be written in a list')
  return { action, hosts: open.map(hostOf), reason: reasons.join('; ') }
}

/** Mail has to wait because nobody knows where it may go. */
export function defer(reason: string): LineAnswer {
  return { action: 'defer', hosts: [], reason }
}

export const nothingToSay: LineAnswer = { action: 'none', hosts: [], reason: 'no policy can be about it' }

/** Audit mode only watches, and a mail server that asks has nobody to watch with. */
function hostOf({ host, preference, tls, dane, options }: ConnectDecision): LineHost {
  if (options.audit && (tls === 'dane' || tls === 'pkix')) return { host, preference, tls: 'may' }
  if (tls !== 'dane' || dane.state !== 'ok') return { host, preference, tls }
  return { host, preference, tls, tlsa: dane.records.map(recordOf) }
}

type TlsaRecord = Extract<DaneUse, { readonly state: 'ok' }>['records'][number]

function recordOf({ usage, selector, matchingType, data }: TlsaRecord): string {
  return `${usage}/${selector}/${matchingType}/${Buffer.from(data).toString('hex')}`
}

/** Names that mean nothing to whoever expands a list of them: other octets are allowed in DNS. */
function isPlain(host: string): boolean {
  return /^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?$/.test(host)
}

/**
 * One line of `key="value"` pairs, without its end, as Exim's `${extract` takes apart. `hosts` is a list for Exim's
 * manualroute, where `+` stands between hosts of different preference; each of the others lists the hosts that must show
 * just that much. `tlsa` comes last, where there are TLSA records to show.
 */
export function formatLineReply({ action, hosts, reason }: LineAnswer): string {
  const lists = demands.map((demand) => pair(demand, namesOf(hosts.filter(({ tls }) => tls === demand)).join(':')))
  const records = recordsOf(hosts)
  return [
    ...[`action=${action}`, pair('hosts', listOf(hosts)), ...lists, pair('reason', plainText(reason))],
    ...(records === '' ? [] : [pair('tlsa', records)]),
  ].join(' ')
}

/** `host/3/1/1/data` after another. What finds no room is left out: who looks for a match then finds less, never more. */
function recordsOf(hosts: readonly LineHost[]): string {
  const all = hosts.flatMap(({ host, tlsa = [] }) => tlsa.map((record) => `${host}/${record}`))
  let room: number = limits.lines.tlsaOctets
  const fitting = [...new Set(all)].filter((record) => {
    const fits = record.length < room
    if (fits) room -= record.length + 1
    return fits
  })
  return fitting.join(',')
}

/** The same about one host of the destination: `tls=skip` for one that mail must not reach, or that is none of its hosts. */
export function formatHostReply({ action, hosts, reason }: LineAnswer, asked: DomainName): string {
  const found = hosts.find(({ host }) => host === asked)
  const tls = found?.tls ?? (action === 'none' ? 'may' : 'skip')
  const isUnknown = action === 'deliver' && found === undefined && reason === ''
  const why = isUnknown ? 'it is no host that mail to this destination may reach' : reason
  return [`action=${action}`, pair('host', asked), `tls=${tls}`, pair('reason', plainText(why))].join(' ')
}

function namesOf(hosts: readonly LineHost[]): string[] {
  return [...new Set(hosts.map(({ host }) => host))]
}

function listOf(hosts: readonly LineHost[]): string {
  const seen = new Set<string>()
  let list = ''
  let last: number | undefined
  for (const { host, preference } of hosts) {
    if (seen.has(host)) continue
    seen.add(host)
    const between = last === undefined ? '' : last === preference ? ':' : ':+:'
    list += `${between}${host}`
    last = preference
  }
  return list
}

function pair(key: string, value: string): string {
  return `${key}="${value}"`
}

/**
 * Reasons may quote what strangers wrote. They end up in the text of a bounce, and on their way there in strings that
 * mail servers expand: nothing is left in them that means anything to one.
 */
function plainText(reason: string): string {
  const plain = reason
    .replace(/[^ -~]+/g, '?')
    .replace(/"/g, "'")
    .replace(/[\\$`{}|<>]/g, '/')
  const { reasonOctets } = limits.lines
  return plain.length > reasonOctets ? `${plain.slice(0, reasonOctets - 3)}...` : plain
}
