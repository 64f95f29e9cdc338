import { findPart, sortReply } from '../../core/dns/reply.ts'
import { RCODE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { rootName } from '../../core/name/name.ts'
import type { Endpoint } from '../network.ts'
import { type Asker, formatServer } from './ask.ts'
import { type Attempts, createAttempts, type Patience } from './attempts.ts'
import { createServerHealth, type ServerHealth } from './server-health.ts'
import type { Task } from './task.ts'
import type { Reply, Upstream } from './upstream.ts'

export interface ForwardOptions {
  readonly asker: Asker
  /** In the order in which they are asked. */
  readonly servers: readonly Endpoint[]
  readonly patience: Patience
  readonly now: () => number
}

type Question = Parameters<Upstream['fetch']>[0]

/** Asks recursive servers, and has them pass on what they hold bogus: judging it is for us. RFC 6840 §5.9, RFC 4035 §3.2.2 */
export function createForwarder({ asker, servers, patience, now }: ForwardOptions): Upstream {
  const health = createServerHealth(now)
  return {
    async fetch(question, task, avoid) {
      const attempts = createAttempts()
      const dead = new Set<string>()
      const ordered = health.order(servers, formatServer)
      for (let round = 0; round < limits.resolver.retriesPerServer; round++) {
        for (const server of ordered) {
          for (const checkingDisabled of [true, false]) {
            const source = `${formatServer(server)} cd=${checkingDisabled}`
            if (avoid.has(source) || dead.has(formatServer(server)) || dead.has(source)) continue
            const found = await askOnce({ server, checkingDisabled, round, source }, question, {
              asker,
              task,
              attempts,
              patience,
              health,
            })
            if (found.kind === 'reply') return { ok: true, reply: found.reply }
            if (found.kind === 'dead') dead.add(formatServer(server))
            if (found.kind === 'useless') dead.add(source)
            if (found.kind === 'slow') break
            if (found.kind === 'over') return { ok: false, trouble: attempts.sum(question, undefined) }
          }
        }
      }
      return { ok: false, trouble: attempts.sum(question, undefined) }
    },
    close: async () => {},
  }
}

interface Try {
  readonly server: Endpoint
  readonly checkingDisabled: boolean
  readonly round: number
  readonly source: string
}

interface Asking extends Pick<ForwardOptions, 'asker' | 'patience'> {
  readonly health: ServerHealth
  readonly task: Task
  readonly attempts: Attempts
}

type Found = { readonly kind: 'reply'; readonly reply: Reply } | { readonly kind: 'slow' | 'dead' | 'useless' | 'over' }

async function askOnce(
  { server, checkingDisabled, round, source }: Try,
  question: Question,
  { asker, task, attempts, patience, health }: Asking,
): Promise<Found> {
  const name = formatServer(server)
  const timeoutMs = patience(round)
  const ask = {
    ...question,
    endpoint: server,
    chosenBy: 'operator',
    recursive: true,
    checkingDisabled,
    timeoutMs,
  } as const
  const asked = await asker(round === limits.resolver.retriesPerServer - 1 ? { ...ask, transport: 'tcp' } : ask, task)
  if (!asked.ok) {
    attempts.fault(name, asked.fault)
    if (asked.fault === 'aborted' || asked.fault === 'limit') return { kind: 'over' }
    if (asked.fault !== 'timeout') return { kind: 'dead' }
    health.noteSilence(name)
    return { kind: 'slow' }
  }
  health.noteAnswer(name)
  const { message } = asked.value
  if (message.rcode !== RCODE.NOERROR && message.rcode !== RCODE.NXDOMAIN) {
    attempts.refusal(name, message)
    return { kind: 'useless' }
  }
  const reply: Reply = { ...sortReply(message), server: name, source, bailiwick: rootName }
  if (findPart(reply, question.name, question.type).kind !== 'none') return { kind: 'reply', reply }
  attempts.useless(name, 'says nothing about what it was asked')
  return { kind: 'useless' }
}
