import type { SortedReply } from '../../core/dns/reply.ts'
import type { Name } from '../../core/name/name.ts'
import type { Task, Trouble } from './task.ts'

/** A reply, and how much its server may be believed where nothing is signed. */
export interface Reply extends SortedReply {
  /** Address and port, for people. */
  readonly server: string
  /** Which way it came, for asking another way when it turns out bogus. */
  readonly source: string
  /** The server speaks for this zone: it says nothing of names above or beside it. RFC 2181 §5.4.1 */
  readonly bailiwick: Name
  /** An answer without AA of a server that should have it: where no signature shows that it is true, others go before. */
  readonly isHearsay?: true
}

export type Fetched = { readonly ok: true; readonly reply: Reply } | { readonly ok: false; readonly trouble: Trouble }

/** Where replies come from, whether or not they are true: what `iterate` and `forward` differ in. */
export interface Upstream {
  /**
   * A reply that says something about the name and type, or why there is none. `avoid` has the sources of replies that
   * turned out bogus: others are asked before them, and none of them again. RFC 4035 §5.5
   */
  fetch(
    question: { readonly name: Name; readonly type: number },
    task: Task,
    avoid: ReadonlySet<string>,
  ): Promise<Fetched>
  /** Told of a reply that is true, or comes from where nothing is signed, and for how many seconds it is so. */
  learn?(question: { readonly name: Name; readonly type: number }, reply: Reply, ttl: number): void
  close(): Promise<void>
}
