import type { Resolution } from '../../core/dnssec/resolution.ts'
import type { TrustPoint } from '../../core/dnssec/trust-point.ts'
import type { Name } from '../../core/name/name.ts'
import type { StopSignal } from '../stop.ts'
import type { Asker } from './ask.ts'
import type { HeardReplies } from './heard-replies.ts'
import type { Iterator } from './iterate.ts'
import type { Validator } from './validator.ts'

/** One question put to one server, or one answer of it; `text` of an answer is its records as zone text. */
export interface TraceEvent {
  readonly kind: 'query' | 'reply' | 'note'
  readonly at: number
  readonly server: string
  readonly transport: 'udp' | 'tcp' | 'tls' | 'cache'
  readonly name: Name
  readonly type: number
  readonly text: string
}

export interface ResolveOptions {
  readonly signal?: StopSignal | undefined
  readonly trace?: ((event: TraceEvent) => void) | undefined
}

/** What a resolver that follows referrals works with. What is learnt there, both need not find out again. */
export interface Inside {
  readonly asker: Asker
  readonly iterator: Iterator
  readonly heard: HeardReplies
  /** By the trust anchors in force. */
  validator(): Validator
}

export interface Resolver {
  /** Looks up and judges. Never rejects for what DNS does: failures are values. */
  resolve(name: Name, type: number, options?: ResolveOptions): Promise<Resolution>
  /** What is thought of the keys at each name that validation starts from; absent where nothing is validated. RFC 5011 */
  trustPoints?(): readonly TrustPoint[]
  /** What it works with, for who puts questions to name servers beside it; undefined where it asks none itself. */
  inside?(): Promise<Inside | undefined>
  /**
   * How often trust anchors or negative ones came or went: what rests on lookups from before is to be made anew. Absent where
   * nothing is validated. RFC 5011 §2.2, RFC 7646 §4
   */
  anchorChanges?(): number
  /** Closes sockets and timers; questions under way end as `aborted`. */
  close(): Promise<void>
}
