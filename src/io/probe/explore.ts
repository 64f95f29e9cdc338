import type { Untold } from '../../core/check/address-probe.ts'
import type { Listed, SuiteOrder, Told } from '../../core/check/tls-parameters.ts'
import { suiteName } from '../../core/tls/suites.ts'
import type { TlsVersion } from '../../core/tls/versions.ts'
import type { HelloAnswer } from './ask-hello.ts'

/** Offers candidates, and hears the one chosen. */
export interface Elimination {
  /** In the order in which they are offered. */
  readonly candidates: readonly number[]
  readonly most: number
  ask(candidates: readonly number[]): Promise<HelloAnswer>
  /** What the server chose; undefined when its answer does not tell. */
  choiceOf(answer: Extract<HelloAnswer, { readonly kind: 'chosen' }>): number | undefined
  /** One that must be offered each time for the others to be taken at all, last when it was chosen already. */
  readonly always?: number | undefined
  /** The answer to all candidates, if that was asked already. */
  readonly first?: HelloAnswer | undefined
}

/** Finds out one by one what a server takes, by offering all but what it took already, until it refuses the rest. */
export async function eliminate(elimination: Elimination): Promise<Told<Listed<number>>> {
  const { ask, choiceOf, most, always } = elimination
  let known = elimination.first
  let rest = [...elimination.candidates]
  const items: number[] = []
  const end = (isComplete: boolean, why?: Untold): Told<Listed<number>> =>
    items.length === 0 && why !== undefined ? untold(why) : told({ items, isComplete })

  while (rest.length > 0) {
    if (items.length === most) return end(false)
    const isTakenAlready = always !== undefined && items.includes(always)
    const answer = known ?? (await ask(isTakenAlready ? [...rest, always] : rest))
    known = undefined
    if (answer.kind === 'refused') return end(true)
    if (answer.kind === 'untold') return end(false, answer.why)
    const choice = choiceOf(answer)
    // Chosen again, or never offered: nothing more can be learnt.
    if (choice === undefined || !rest.includes(choice)) return end(false)
    items.push(choice)
    rest = rest.filter((one) => one !== choice)
  }
  return end(true)
}

/** Whose order decided, as far as it shows in what was offered and in what was chosen of it; undefined when not. */
export function orderSeen(
  version: TlsVersion,
  offered: readonly number[],
  chosen: readonly number[],
): SuiteOrder | undefined {
  const [first] = chosen
  if (first === undefined || chosen.length === 1) return { kind: 'none', version }
  const wanted = offered.find((suite) => chosen.includes(suite))
  if (wanted === undefined || wanted === first) return undefined
  return { kind: 'server', version, chosen: suiteName(first), over: suiteName(wanted) }
}

export function told<Value>(value: Value): Told<Value> {
  return { kind: 'told', value }
}

export function untold(why: Untold): { readonly kind: 'untold'; readonly why: Untold } {
  return { kind: 'untold', why }
}
