import { TYPE } from '../../core/dns/types.ts'
import { nameRrset } from '../../core/dnssec/problem.ts'
import type { Failure, Resolution } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import { specialAnswer } from './special-names.ts'
import { type Task, type Trouble, trouble } from './task.ts'

interface Question {
  readonly name: Name
  readonly type: number
}

export function failureOf(
  { name, type }: Question,
  { why, reason, ede, zone, server, said, isOurs }: Trouble,
  { cached, chain }: Pick<Failure, 'cached' | 'chain'> = { cached: false, chain: [] },
): Failure {
  const found = { kind: 'failure', name, type, why, reason, ede, zone, server, cached, chain } as const
  return { ...found, ...(said !== undefined && { said }), ...(isOurs === true && { isOurs }) }
}

/** Answers that no server is asked for; they have no chain of trust. RFC 6761 §6 */
export function answerHere(question: Question): Resolution | undefined {
  const { name, type } = question
  // RRSIG records are parts of what they sign, and have no signature of their own. RFC 4035 §2.2
  const isNoQuestion = type === 0 || type === TYPE.OPT || type === TYPE.RRSIG || (type >= 128 && type <= 255)
  if (isNoQuestion) {
    const reason = `${nameRrset(question)} is nothing to look up`
    return failureOf(question, trouble('config', reason, { ede: 30 }))
  }
  const special = specialAnswer(name, type)
  if (special === undefined) return undefined
  if (special.kind === 'refuse') {
    return failureOf(question, trouble('config', `${nameRrset(question)}: ${special.reason}`))
  }
  const reason = `${formatName(name)} is answered locally`
  const evidence = { chain: [], signer: undefined, server: undefined, cached: true, reason }
  const outcome = { ...question, status: 'insecure', canonicalName: name, aliases: [], ttl: 3600, evidence } as const
  return special.kind === 'records'
    ? { kind: 'answer', ...outcome, records: special.records }
    : { kind: special.kind, ...outcome }
}

export function givenUp(question: Question): Trouble {
  return trouble('aborted', `${nameRrset(question)}: the lookup was given up`)
}

export function closed(question: Question): Trouble {
  return trouble('aborted', `${nameRrset(question)}: the resolver is closed`)
}

export function overloaded(question: Question): Trouble {
  const { waitingQuestions } = limits.resolver
  return trouble('overload', `${nameRrset(question)}: ${waitingQuestions} lookups are under way already`)
}

/** The time for the whole question is over, whoever was asked in it. */
export function tooLong(question: Question, task: Pick<Task, 'lastServer'>): Trouble {
  const server = task.lastServer()
  const whom = server === undefined ? '' : `, lastly from ${server}`
  const reason = `${nameRrset(question)}: no answer${whom}, within ${limits.resolver.questionMs / 1000} s`
  return trouble('timeout', reason, { server })
}

export function aliasLoop(question: Question, name: Name, server: string | undefined): Trouble {
  return trouble('alias-loop', `${nameRrset(question)}: the aliases come back to ${formatName(name)}`, { server })
}

export function tooManyAliases(question: Question, server: string | undefined): Trouble {
  return trouble('limit', `${nameRrset(question)}: more than ${limits.resolver.aliases} aliases`, { server })
}
