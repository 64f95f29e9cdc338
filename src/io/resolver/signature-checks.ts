import { availableParallelism } from 'node:os'
import {
  type Checking,
  type CheckResult,
  checkAtOnce,
  makeCheck,
  type SignatureCheck,
} from '../../core/dnssec/checking.ts'
import { limits } from '../../core/limits.ts'
import type { StopSignal } from '../stop.ts'
import { type CheckThread, type StartThread, startCheckThread } from './check-thread.ts'
import type { Pace } from './pace.ts'

/** Makes the signature checks that judging stops at. */
export interface SignatureChecks {
  /** Judges to the end. Rejects with the signal's reason when that is aborted while a check is made elsewhere. */
  run<Value>(checking: Checking<Value>, signal: StopSignal): Value | Promise<Value>
  close(): Promise<void>
}

/** All of them where they are called for. */
export const checksAtOnce: SignatureChecks = { run: (checking) => checkAtOnce(checking), close: async () => {} }

export interface SpreadOptions {
  readonly pace: Pace
  readonly onWarning?: ((warning: string) => void) | undefined
  /** How many processors there are. */
  readonly processors?: number
  /** In the place of a real one, for tests. */
  readonly startThread?: StartThread
}

/** One that another thread makes. */
interface Pending {
  readonly check: SignatureCheck
  readonly resolve: (result: CheckResult) => void
  readonly reject: (error: unknown) => void
}

/**
 * While many lookups wait for their turn, another thread makes as many checks as it can; all others are made where they are
 * called for, which takes less time in all. With one processor there is nothing to be had from a second thread.
 */
export function createSpreadChecks(options: SpreadOptions): SignatureChecks {
  const { pace, onWarning = () => {}, startThread = startCheckThread } = options
  const { processors = availableParallelism() } = options
  const pending: Pending[] = []
  let thread: CheckThread | undefined
  let mayStart = processors > 1
  let isWatching = false

  function check(one: SignatureCheck): CheckResult | Promise<CheckResult> {
    if (pace.waiting < limits.resolver.waitingUntilSpread) return makeCheck(one)
    if (thread === undefined && mayStart) start()
    const { key, data, signature } = one
    thread?.takeTime(pace.hasOthers)
    if (thread?.ask({ key: key.rdata, data, signature }) !== true) return makeCheck(one)
    const made = new Promise<CheckResult>((resolve, reject) => pending.push({ check: one, resolve, reject }))
    watch()
    return made
  }

  function start(): void {
    mayStart = false
    thread = startThread({
      onNews: watch,
      onGone(why) {
        thread = undefined
        onWarning(
          `the thread for signature checks has ended, all are made by one: ${why?.message ?? 'no reason given'}`,
        )
        for (const one of pending.splice(0)) settle(one, undefined)
      },
    })
  }

  /** In every turn of the loop while others wait anyway; else the thread tells. */
  function watch(): void {
    if (isWatching) return
    isWatching = true
    setImmediate(look)
  }

  function look(): void {
    isWatching = false
    for (const result of thread?.collect() ?? []) {
      const one = pending.shift()
      if (one !== undefined) settle(one, result)
    }
    if (pending.length > 0 && (pace.waiting > 0 || thread?.waitForNext() === false)) watch()
  }

  async function goOn<Value>(
    checking: Checking<Value>,
    made: Promise<CheckResult>,
    signal: StopSignal,
  ): Promise<Value> {
    const result = await made
    const turn = pace.take()
    if (turn !== undefined) await turn
    signal.throwIfAborted()
    const found = goAhead(checking, checking.next(result))
    return found.kind === 'ended' ? found.value : goOn(checking, found.made, signal)
  }

  /** Up to the next check that is made elsewhere. */
  function goAhead<Value>(checking: Checking<Value>, first: IteratorResult<SignatureCheck, Value>): Progress<Value> {
    let step = first
    while (step.done !== true) {
      const made = check(step.value)
      if (typeof made !== 'string') return { kind: 'waits', made }
      step = checking.next(made)
    }
    return { kind: 'ended', value: step.value }
  }

  return {
    run(checking, signal) {
      const found = goAhead(checking, checking.next())
      return found.kind === 'ended' ? found.value : goOn(checking, found.made, signal)
    },
    async close() {
      mayStart = false
      const open = thread
      thread = undefined
      await open?.close()
      for (const one of pending.splice(0)) settle(one, undefined)
    },
  }
}

type Progress<Value> =
  | { readonly kind: 'ended'; readonly value: Value }
  | { readonly kind: 'waits'; readonly made: Promise<CheckResult> }

/** What the thread could not do says nothing of the signature: it is checked here. */
function settle({ check, resolve, reject }: Pending, result: CheckResult | undefined): void {
  try {
    resolve(result ?? makeCheck(check))
  } catch (error) {
    reject(error)
  }
}
