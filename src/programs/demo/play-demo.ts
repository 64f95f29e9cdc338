import { ConfigError } from '../../core/config-error.ts'
import { wasReadByAttacker } from '../lab/diary.ts'
import type { Lab } from '../lab/lab.ts'
import type { Send } from '../lab/play/play.ts'
import type { Sent } from '../lab/play/sent.ts'
import type { Attack, Event, SenderOptions, World } from '../lab/world/world.ts'

/** What became of one message, as the lab's own servers and attackers saw it. */
export interface Outcome {
  readonly fate: 'read' | 'arrived' | 'held' | 'bounced'
  readonly sent: Sent
}

export interface DomainStory {
  readonly domain: string
  readonly attacks: readonly Attack[]
  readonly opportunistic: Outcome
  readonly enforced: Outcome
}

export interface DemoStory {
  /** Messages of the calm round, and how many of them arrived. */
  readonly calm: { readonly sent: number; readonly arrived: number }
  readonly domains: readonly DomainStory[]
  /** Messages that were held back, sent again after the attacks, and how many of them arrived. */
  readonly after: { readonly sent: number; readonly arrived: number }
}

export interface DemoProgress {
  readonly round: 'calm' | 'under attack' | 'calm again'
  readonly done: number
  readonly of: number
}

/** How long the calm lasts: longer than what either sender remembers of DNS. */
const calmMs = 2 * 3600 * 1000

/**
 * Writes to every domain as both senders, once in calm and once under attack. Throws ConfigError where this machine does
 * not let the lab reach itself: there would be nothing to show.
 */
export async function playDemo(
  lab: Lab,
  send: Send,
  { signal, onProgress }: { readonly signal: AbortSignal; onProgress?(progress: DemoProgress): void },
): Promise<DemoStory> {
  const domains = domainsOf(lab.world)
  const { events } = lab.world
  const attacks = events.flatMap((event) => (event.kind === 'attack' ? [event.attack] : []))
  const round = async (name: DemoProgress['round']) => {
    let done = 0
    const outcomes = domains.map(async (domain) => {
      const both = await settled(senders.map((sender) => writeTo(domain, sender, { round: name, lab, send })))
      done++
      onProgress?.({ round: name, done, of: domains.length })
      return both
    })
    return settled(outcomes)
  }
  signal.throwIfAborted()
  onProgress?.({ round: 'calm', done: 0, of: domains.length })
  const calm = (await round('calm')).flat()
  signal.throwIfAborted()
  if (!calm.some(({ fate }) => fate === 'arrived')) throw new ConfigError(unreachable)
  lab.move({ to: undefined, byMs: calmMs, stale: false })
  for (const event of events) await happen(lab, event)
  const attacked = await round('under attack')
  signal.throwIfAborted()
  const stories = domains.map((domain, place) => {
    const [opportunistic, enforced] = attacked[place] as [Outcome, Outcome] // one for each sender
    return { domain, attacks: attacks.filter((attack) => concerns(attack, domain, lab.world)), opportunistic, enforced }
  })
  lab.calm()
  lab.move({ to: undefined, byMs: calmMs, stale: false })
  const held = stories.filter(({ enforced }) => enforced.fate === 'held')
  onProgress?.({ round: 'calm again', done: 0, of: held.length })
  const again = { round: 'calm again', lab, send } as const
  const after = await settled(held.map(({ domain }) => writeTo(domain, 'enforced', again)))
  return { calm: tally(calm), domains: stories, after: tally(after) }
}

/** All values, or the first failure; either way nothing goes on behind the caller's back. */
async function settled<Value>(promises: readonly Promise<Value>[]): Promise<Value[]> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}

const unreachable =
  'nothing on this machine can reach 127.0.0.1, where the test Internet stands; is its loopback interface up ("ip link set lo up")?'

/** What the world says beside attacks changes it at the same time: a host that moves, a record that goes. */
async function happen(lab: Lab, event: Event): Promise<void> {
  switch (event.kind) {
    case 'attack':
      return lab.attack(event.attack)
    case 'drop':
    case 'host':
    case 'policy':
    case 'record':
      return lab.change(event)
    case 'zone':
    case 'calm':
    case 'clock':
    case 'send':
    case 'expect':
      throw new Error(`the demo decides itself when it is time to ${event.kind}`)
  }
}

function tally(outcomes: readonly Outcome[]): DemoStory['calm'] {
  return { sent: outcomes.length, arrived: outcomes.filter(({ fate }) => fate === 'arrived').length }
}

const senders = ['opportunistic', 'enforced'] as const

/** Those with MX records, in the order of the text. */
function domainsOf({ setting }: World): string[] {
  return setting.flatMap((one) => (one.kind === 'record' && / MX /.test(` ${one.text} `) ? [one.owner] : []))
}

/** An attack on a domain, on a name in it, or on a host that its MX records name. */
function concerns({ target }: Attack, domain: string, { setting }: World): boolean {
  const hosts = setting.flatMap((one) => (one.kind === 'record' && one.owner === domain ? [one.text] : []))
  return target === domain || target.endsWith(`.${domain}`) || hosts.some((text) => text.includes(` ${target}`))
}

async function writeTo(
  domain: string,
  as: SenderOptions['as'],
  { round, lab, send }: { readonly round: string; readonly lab: Lab; readonly send: Send },
): Promise<Outcome> {
  const token = `${round.replace(' ', '-')}-${as}-to-${domain}`
  const sent = await send({ kind: 'send', mailbox: `info@${domain}`, options: { ...usual, as } }, token)
  return { fate: fateOf(lab, token, sent), sent }
}

const usual: Omit<SenderOptions, 'as'> = {
  ...{ dane: 'usual', insecureMx: 'dane', requireBoth: false, audit: false, tls: 'usual', requireTls: false },
  ...{ tlsRequiredNo: false, deferOnTxtError: false, lastAttempt: false },
}

/** From the diary alone, never from what a sender believes. */
function fateOf({ diary }: Lab, token: string, { outcome }: Sent): Outcome['fate'] {
  if (wasReadByAttacker(diary, token)) return 'read'
  const arrived = diary.received.some(({ by, text }) => by === 'recipient' && text.includes(token))
  if (arrived) return 'arrived'
  return outcome === 'bounced' ? 'bounced' : 'held'
}
