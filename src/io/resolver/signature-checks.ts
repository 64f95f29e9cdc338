import { type Checking, checkAtOnce } from '../../core/dnssec/checking.ts'
import type { StopSignal } from '../stop.ts'

/** Makes the signature checks that judging stops at. */
export interface SignatureChecks {
  /** Judges to the end. Rejects with the signal's reason when that is aborted while a check is made elsewhere. */
  run<Value>(checking: Checking<Value>, signal: StopSignal): Value | Promise<Value>
}

/** All of them where they are called for. */
export const checksAtOnce: SignatureChecks = { run: (checking) => checkAtOnce(checking) }
