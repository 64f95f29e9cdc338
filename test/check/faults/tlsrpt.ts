import type { Fault } from './fault.ts'

/** TLSRPT records. */
export const tlsrptFaults: readonly Fault[] = [
  [
    'two TLSRPT records',
    'protected',
    'tlsrpt-several',
    'zone _smtp._tls.D TXT "v=TLSRPTv1; rua=mailto:a@D"\nzone _smtp._tls.D TXT "v=TLSRPTv1; rua=mailto:b@D"',
  ],
  [
    'a TLSRPT record that breaks the grammar',
    'protected',
    'tlsrpt-invalid',
    'zone _smtp._tls.D TXT "v=TLSRPTv1; rua=mailto:a@D;;"',
  ],
  [
    'a size behind rua',
    'protected',
    'tlsrpt-uri-passed-over',
    'zone _smtp._tls.D TXT "v=TLSRPTv1; rua=mailto:a@D!10m,mailto:b@D"',
  ],
  [
    'a repeated rua',
    'protected',
    'tlsrpt-untidy',
    'zone _smtp._tls.D TXT "v=TLSRPTv1; rua=mailto:a@D; rua=mailto:b@D"',
  ],
  [
    'the name of drafts before TLSRPT',
    'protected',
    'tlsrpt-misplaced tlsrpt-missing',
    '-zone _smtp\nzone _smtp-tlsrpt.D TXT "v=TLSRPTv1; rua=mailto:a@D"',
  ],
  ['SPF in the place of TLSRPT', 'protected', 'tlsrpt-foreign', 'zone _smtp._tls.D TXT "v=spf1 -all"'],
  [
    'reports to a web server that is not there',
    'protected',
    'tlsrpt-https-unreachable',
    'zone _smtp._tls.D TXT "v=TLSRPTv1; rua=https://nobody.D/report"',
  ],
  [
    'SERVFAIL for TLSRPT',
    'protected',
    'tlsrpt-lookup-failed',
    'zone _smtp._tls.D TXT "v=TLSRPTv1; rua=mailto:a@D" servfail',
  ],
  [
    'TLSRPT that nobody answers for',
    'protected',
    'tlsrpt-unanswered',
    'zone _smtp._tls.D TXT "v=TLSRPTv1; rua=mailto:a@D" timeout',
  ],
  [
    'an MX host with reports of its own',
    'protected',
    'tlsrpt-of-host',
    'zone _smtp._tls.D TXT "v=TLSRPTv1; rua=mailto:a@D"\nzone _smtp._tls.mx.D TXT "v=TLSRPTv1; rua=mailto:b@D"',
  ],
]
