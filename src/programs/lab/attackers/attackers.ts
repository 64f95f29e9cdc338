import type { Diary } from '../diary.ts'
import type { Front } from '../hosts/front.ts'
import type { Inhabitants } from '../inhabitants.ts'
import {
  type Attack,
  type AttackKind,
  type MailAttack,
  mailAttacks,
  type PolicyAttack,
  type ResolutionAttack,
  resolutionAttacks,
} from '../world/world.ts'
import { intrudeOnHost, intrudeOnPolicyHost } from './hosts.ts'
import { type AnswerChange, changeOfAnswers, type Forgery } from './resolution.ts'

interface Running {
  readonly attack: Attack
  readonly change: AnswerChange | undefined
  readonly stop: () => void
}

/** Everybody who attacks the lab at the moment. */
export interface Attackers {
  /** Changes of answers that are under way, in the order in which they began. */
  readonly changes: () => readonly AnswerChange[]
  begin(attack: Attack): Promise<void>
  /** Ends the attacks of this kind and target, of this kind, or all. */
  end(kind?: AttackKind, target?: string): void
  close(): Promise<void>
}

export interface AttackersOptions {
  readonly inhabitants: Inhabitants
  readonly diary: Diary
  /** What DNS can be forged with, for an attack's target. */
  readonly forgeryFor: (kind: ResolutionAttack, attack: Attack) => Forgery
}

export function createAttackers({ inhabitants, diary, forgeryFor }: AttackersOptions): Attackers {
  let running: readonly Running[] = []
  const fronts: Front[] = []

  const intercept = async (kind: MailAttack, attack: Attack): Promise<() => void> => {
    const service = inhabitants.hosts.get(attack.target)?.service
    if (service === undefined) return () => {}
    if (kind === 'block-host') return service.block()
    const { serve, front } = await intrudeOnHost(kind, attack, {
      name: attack.target,
      honest: (socket) => service.honest(socket),
      diary,
    })
    if (front !== undefined) fronts.push(front)
    return service.intrude(serve)
  }

  const hinder = async (kind: PolicyAttack, attack: Attack): Promise<() => void> => {
    const host = inhabitants.policyHosts.get(attack.target)
    if (host === undefined) return () => {}
    if (kind === 'block-policy-host') return host.service.block()
    return host.service.intrude(await intrudeOnPolicyHost(host.declaration, attack, diary))
  }

  return {
    changes: () => running.flatMap(({ change }) => change ?? []),
    async begin(attack) {
      const { kind } = attack
      if (isOneOf(resolutionAttacks, kind)) {
        const change = changeOfAnswers(kind, attack, forgeryFor(kind, attack))
        running = [...running, { attack, change, stop: () => {} }]
      } else {
        const stop = isOneOf(mailAttacks, kind) ? await intercept(kind, attack) : await hinder(kind, attack)
        running = [...running, { attack, change: undefined, stop }]
      }
    },
    end(kind, target) {
      const isMeant = ({ attack }: Running) =>
        (kind === undefined || attack.kind === kind) && (target === undefined || attack.target === target)
      for (const one of running.filter(isMeant)) one.stop()
      running = running.filter((one) => !isMeant(one))
    },
    async close() {
      await Promise.all(fronts.map((front) => front.close()))
    },
  }
}

function isOneOf<Kind extends AttackKind>(kinds: readonly Kind[], kind: AttackKind): kind is Kind {
  return kinds.some((candidate) => candidate === kind)
}
