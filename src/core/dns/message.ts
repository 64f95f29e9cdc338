import type { Name } from '../name/name.ts'

/** One resource record. `rdata` holds its names uncompressed, in the case received. RFC 1035 §3.2.1 */
export interface ResourceRecord {
  readonly name: Name
  readonly type: number
  readonly class: number
  /** Seconds, as received: unsigned 32 bits. */
  readonly ttl: number
  readonly rdata: Uint8Array
}

export interface Question {
  readonly name: Name
  readonly type: number
  readonly class: number
}

export interface EdnsOption {
  readonly code: number
  readonly data: Uint8Array
}

/** The OPT pseudo-record, without what the message's own fields already say. RFC 6891 §6.1 */
export interface Edns {
  readonly udpPayload: number
  readonly version: number
  /** DNSSEC OK. RFC 3225 */
  readonly dnssecOk: boolean
  readonly options: readonly EdnsOption[]
}

/** A DNS message; OPT is lifted out of the additional section. RFC 1035 §4.1 */
export interface Message {
  readonly id: number
  readonly opcode: number
  /** The whole response code, EDNS bits included. RFC 6891 §6.1.3 */
  readonly rcode: number
  /** QR */
  readonly isResponse: boolean
  /** AA */
  readonly isAuthoritative: boolean
  /** TC */
  readonly isTruncated: boolean
  /** RD */
  readonly recursionDesired: boolean
  /** RA */
  readonly recursionAvailable: boolean
  /** AD */
  readonly authenticData: boolean
  /** CD */
  readonly checkingDisabled: boolean
  readonly questions: readonly Question[]
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  readonly additional: readonly ResourceRecord[]
  readonly edns: Edns | undefined
  /** Owners and types of DNSSEC records dropped because their RDATA is malformed: such an RRset is never secure. */
  readonly damaged: readonly { readonly name: Name; readonly type: number }[]
}
