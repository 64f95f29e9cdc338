import type { ZoneChange } from '../../core/publish/change.ts'
import type { StopSignal } from '../stop.ts'

/** A way to get changes into zones. To write the same change again does no harm, whatever came of it before. */
export interface ZoneWriter {
  /** What it does, in words that go behind "to": `update example.org. at 192.0.2.1#53`. */
  readonly does: string
  /** Never rejects for what servers and programs do, or for an abort: those are outcomes. */
  write(change: ZoneChange, signal?: StopSignal): Promise<WriteOutcome>
}

/** What came of a change. Text in it is fit for a terminal. */
export type WriteOutcome =
  /** It is in the zone where zones are written, or was there before; other servers may not have it yet. */
  | { readonly kind: 'written'; readonly by: string; readonly wasThere: boolean }
  /** Nothing is written: a person has to do what the text says. Whether that is done shows in DNS alone. */
  | { readonly kind: 'to-do'; readonly text: string }
  | WriteFailure

export interface WriteFailure {
  readonly kind: 'failed'
  readonly why: WriteFault
  /** One line: what happened, and who said so. */
  readonly reason: string
  /** What to do about it, one line. */
  readonly advice: string
  /** Whether the change may be in the zone all the same: an answer was lost. Then write it again. */
  readonly mayBeWritten: boolean
}

/**
 * Why a change is not written.
 *
 * `no-server`: it is not known whom to ask, or there is no way to it. `no-answer`: it was asked, and what came back is no
 * answer that could be believed. `bad-key`: it does not know the key, or the key is not the same. `bad-time`: its clock
 * and ours differ. `refused`: it may not, or will not, change the zone for this key. `not-primary`: it is not the server
 * where the zone is changed. `changed`: the zone is not as `assume` says, or an alias is in the way. `not-taken`: it says
 * that the change is made, and the zone is without it. `server-failed`: it could not. `command`: the program failed.
 */
export type WriteFault =
  | 'no-server'
  | 'no-answer'
  | 'bad-key'
  | 'bad-time'
  | 'refused'
  | 'not-primary'
  | 'changed'
  | 'not-taken'
  | 'server-failed'
  | 'command'
  | 'aborted'
