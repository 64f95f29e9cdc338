import type { Message } from '../../core/dns/message.ts'
import { findPart, sortReply } from '../../core/dns/reply.ts'
import { RCODE } from '../../core/dns/types.ts'
import type { TrustAnchor } from '../../core/dnssec/anchors.ts'
import { limits } from '../../core/limits.ts'
import { rootName } from '../../core/name/name.ts'
import type { Endpoint } from '../network.ts'
import { type Asker, type AskFault, formatServer } from './ask.ts'
import { type Attempts, createAttempts, type Patience } from './attempts.ts'
import { type Capabilities, createCapabilities } from './capability.ts'
import { createCdRefusals } from './cd-refusals.ts'
import { createRecursiveHealth, type RecursiveHealth } from './recursive-health.ts'
import type { ServerList } from './system-servers.ts'
import type { Task } from './task.ts'
import type { Reply, Upstream } from './upstream.ts'

export interface ForwardOptions {
  readonly asker: Asker
  /** In the order in which they are asked at first. */
  readonly servers: ServerList
  /** Where nothing is signed, no server can be asked to show that it passes signatures on. */
  readonly anchors: readonly TrustAnchor[]
  readonly patience: Patience
  readonly now: () => number
  /** Told when a server turns out to strip DNSSEC records, and which. */
  readonly onStripping?: ((server: string, missing: string) => void) | undefined
}

type Question = Parameters<Upstream['fetch']>[0]

/**
 * Asks recursive servers, and has them pass on what they hold bogus: judging it is for us. RFC 6840 §5.9, RFC 4035
 * §3.2.2
 *
 * One that strips DNSSEC records is passed over: with its answers everything would be bogus. RFC 4035 §4.1
 */
export function createForwarder(options: ForwardOptions): Upstream {
  const { asker, servers, patience, now, anchors, onStripping = () => {} } = options
  const health = createRecursiveHealth(now)
  const cdRefusals = createCdRefusals(now)
  const capabilities = createCapabilities({ asker, anchors, patience, now, onStripping })
  return {
    async fetch(question, task, avoid) {
      const attempts = createAttempts()
      const dead = new Set<string>()
      const ordered = health.order(servers())
      let failing: Set<string> | undefined
      for (let round = 0; round < limits.resolver.retriesPerServer; round++) {
        for (const server of ordered) {
          const name = formatServer(server)
          let refused: { readonly checkingDisabled: boolean; readonly rcode: number } | undefined
          for (const checkingDisabled of cdRefusals.orderFor(name)) {
            const source = `${name} cd=${checkingDisabled}`
            if (avoid.has(source) || dead.has(name) || dead.has(source)) continue
            const timeoutMs = server === ordered.at(-1) ? patience(round) : Math.min(patience(round), failOverMs(round))
            const found = await askOnce({ server, checkingDisabled, round, source, timeoutMs }, question, {
              asker,
              task,
              attempts,
              health,
              capabilities,
              now,
            })
            if (found.kind === 'reply') {
              if (refused !== undefined) cdRefusals.note(name, refused)
              return { ok: true, reply: found.reply }
            }
            if (found.kind === 'dead') dead.add(name)
            if (found.kind === 'useless' || found.kind === 'refused') dead.add(source)
            if (found.kind === 'refused') refused = { checkingDisabled, rcode: found.rcode }
            if (found.kind === 'slow') break
            if (found.kind === 'over') return { ok: false, trouble: attempts.sum(question, undefined) }
          }
          // A name that fails at so many fails everywhere.
          if (refused?.rcode !== RCODE.SERVFAIL) continue
          failing = (failing ?? new Set()).add(name)
          if (failing.size >= limits.resolver.serversTriedOnFailure) {
            return { ok: false, trouble: attempts.sum(question, undefined) }
          }
        }
      }
      return { ok: false, trouble: attempts.sum(question, undefined) }
    },
    close: () => capabilities.close(),
  }
}

/** A server that may be dead must not hold up those after it; if it was merely slow, it has had time when its turn comes. */
function failOverMs(round: number): number {
  return round === 0 ? limits.resolver.failOverMs : Number.POSITIVE_INFINITY
}

interface Try {
  readonly server: Endpoint
  readonly checkingDisabled: boolean
  readonly round: number
  readonly source: string
  readonly timeoutMs: number
}

interface Asking extends Pick<ForwardOptions, 'asker' | 'now'> {
  readonly health: RecursiveHealth
  readonly capabilities: Capabilities
  readonly task: Task
  readonly attempts: Attempts
}

type Found =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'refused'; readonly rcode: number }
  | { readonly kind: 'slow' | 'dead' | 'useless' | 'over' }

async function askOnce(
  { server, checkingDisabled, round, source, timeoutMs }: Try,
  question: Question,
  { asker, task, attempts, health, capabilities, now }: Asking,
): Promise<Found> {
  const name = formatServer(server)
  const route = { server, checkingDisabled }
  const known = capabilities.known(route, question)
  if (known !== undefined) {
    attempts.stripping(name, known)
    return { kind: 'useless' }
  }
  const ask = {
    ...question,
    endpoint: server,
    chosenBy: 'operator',
    recursionDesired: true,
    checkingDisabled,
    timeoutMs,
    round,
  } as const
  const sent = now()
  const asked = await asker(round === limits.resolver.retriesPerServer - 1 ? { ...ask, transport: 'tcp' } : ask, task)
  if (!asked.ok) {
    attempts.fault(name, asked.fault)
    if (asked.fault === 'aborted' || asked.fault === 'limit') return { kind: 'over' }
    if (asked.fault === 'timeout') health.noteSilence(name, sent)
    else if (isAbsence(asked.fault)) health.noteUnreachable(name)
    if (asked.fault !== 'timeout') return { kind: 'dead' }
    return { kind: 'slow' }
  }
  const { message } = asked.value
  health.noteAnswer(name, isRefusal(message) ? undefined : now() - sent)
  const reply: Reply = { ...sortReply(message), server: name, source, bailiwick: rootName }
  const missing = mayStrip(message) ? await capabilities.missing(route, question, reply, task) : undefined
  if (missing !== undefined) {
    attempts.stripping(name, missing)
    return { kind: 'useless' }
  }
  if (isRefusal(message)) {
    attempts.refusal(name, message)
    return { kind: 'refused', rcode: message.rcode }
  }
  if (findPart(reply, question.name, question.type).kind !== 'none') return { kind: 'reply', reply }
  attempts.useless(name, 'says nothing about what it was asked')
  return { kind: 'useless' }
}

/** Whether there is no such server, or no way there. */
function isAbsence(fault: AskFault): boolean {
  return fault === 'refused' || fault === 'unreachable' || fault === 'unauthenticated'
}

function isRefusal({ rcode }: Message): boolean {
  return rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN
}

/** What says so of EDNS, or of a type, may be too old for DNSSEC; other refusals are about the name. RFC 6891 §7 */
function mayStrip(message: Message): boolean {
  return !isRefusal(message) || message.rcode === RCODE.FORMERR || message.rcode === RCODE.NOTIMP
}
