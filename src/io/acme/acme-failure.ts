/**
 * What kept a certificate from being issued. It says who must act: of `unreachable`, `protocol` and `account` no other name
 * would fare better; `validation`, `refused`, `certificate` and `elsewhere` concern the one name.
 */
export type AcmeFault =
  | 'unreachable' // no answer, or one of a server in trouble
  | 'protocol' // an answer that RFC 8555 does not allow
  | 'account' // the authority has no account for us, or wants something of its holder
  | 'rate-limited'
  | 'refused' // the order for this name
  | 'validation' // the authority did not find what it looked for at this name
  | 'certificate' // what was issued is not what was asked for
  | 'elsewhere' // the name does not lead to us: nothing was ordered
  | 'storage' // our own disk
  | 'aborted'

/** Why a step did not come about; `reason` is one line of bounded length, escaped. */
export interface AcmeFailure {
  readonly fault: AcmeFault
  readonly reason: string
  /** The type of the authority's problem document, if it sent one. */
  readonly problem?: string
  /** For how long the authority asks to be left alone. */
  readonly retryAfterMs?: number
}

export function isAcmeFailure(value: object): value is AcmeFailure {
  return 'fault' in value && 'reason' in value
}

/** Whether the fault lies with the authority or with our account there: other names need not be tried. */
export function concernsAuthority({ fault }: AcmeFailure): boolean {
  return fault === 'unreachable' || fault === 'protocol' || fault === 'account' || fault === 'rate-limited'
}
