/**
 * Why a policy could not be fetched. The four of `certificate-` make `sts-webpki-invalid` in reports, the others
 * `sts-policy-fetch-error`. RFC 8460 §4.3.2.2
 */
export type FetchFault =
  | 'dns'
  | 'no-address'
  | 'connect'
  | 'tls'
  | 'certificate-expired'
  | 'certificate-not-yet-valid'
  | 'certificate-host-mismatch'
  | 'certificate-not-trusted'
  | 'http'
  | 'http-status'
  | 'content-type'
  | 'content-encoding'
  | 'too-large'
  | 'truncated'
  | 'timeout'
  | 'aborted'

export function isCertificateFault(fault: FetchFault): boolean {
  return fault.startsWith('certificate-')
}
