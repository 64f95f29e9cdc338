/** What a sender said about one message, in the words of the world language. */
export interface Sent {
  /** What it decided about the domain, before it connected anywhere. */
  readonly decided: 'deliver' | 'defer' | 'bounce'
  /** What became of the message, as it believes. */
  readonly outcome: 'delivered' | 'held' | 'bounced'
  /** Rows of the decision tables by which it went, like `1d/17`. */
  readonly rows: ReadonlySet<string>
  /** What it decided about each MX host. */
  readonly hosts: ReadonlyMap<string, HostVerdict>
  /** Enhanced status code of the recipient's report. */
  readonly code: string
  /** One line for people: why. */
  readonly reason: string
  /** How it believes the message was protected. */
  readonly protection: 'none' | 'encrypted' | 'host-verified' | 'verified' | undefined
}

export type HostVerdict =
  | { readonly action: 'skip'; readonly why: string }
  | { readonly action: 'connect'; readonly tls: 'dane' | 'pkix' | 'encrypt' | 'may' }
