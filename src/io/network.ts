import type { Socket } from 'node:net'
import type { Result } from '../core/result.ts'
import type { StopSignal } from './stop.ts'

/** An address literal (never a name) and a port. */
export interface Endpoint {
  readonly address: string
  readonly port: number
  /** Of a name server: it is to be asked over TLS alone, and must show a certificate for this name. RFC 8310 §5 */
  readonly tlsName?: string | undefined
}

/** Who chose an address: our operator, whose word is taken, or a stranger through DNS, whose addresses pass the gate. */
export type ChosenBy = 'operator' | 'stranger'

/** Why no connection came about. `forbidden` is our own gate's verdict; `unauthenticated` TLS's. */
export type DialFault = 'forbidden' | 'refused' | 'unreachable' | 'timeout' | 'aborted' | 'overload' | 'unauthenticated'

export interface DialOptions {
  readonly chosenBy: ChosenBy
  readonly timeoutMs: number
  /** An address of this machine to connect from; what is of the other family cannot be reached from it. */
  readonly from?: string | undefined
  readonly signal?: StopSignal | undefined
}

/** A UDP socket connected to one endpoint; the kernel drops datagrams of others. RFC 5452 §9.1 */
export interface Datagrams {
  /** Of ours: from where the server sees us come, unless addresses are translated on the way. */
  readonly localAddress: string
  send(message: Uint8Array): void
  /** Set once; called for every datagram, and with `undefined` once when the peer refuses (ICMP). */
  onMessage: ((message: Uint8Array | undefined) => void) | undefined
  close(): void
}

/**
 * The one way out. Everything that connects or sends goes through it: the gate against forbidden addresses, the lab's
 * mapping of world addresses to loopback, and the count of open sockets live here.
 */
export interface Network {
  connectTcp(endpoint: Endpoint, options: DialOptions): Promise<Result<Socket, DialFault>>
  openUdp(endpoint: Endpoint, options: Pick<DialOptions, 'chosenBy'>): Promise<Result<Datagrams, DialFault>>
}
