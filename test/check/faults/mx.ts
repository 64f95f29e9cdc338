import type { Fault } from './fault.ts'

/** MX records and their hosts. */
export const mxFaults: readonly Fault[] = [
  [
    'an MX host without an address',
    'protected',
    'mx-host-without-address',
    'zone D MX 10 mx.D\nzone D MX 20 mz.D\npolicy D mode=enforce mx=*.D max_age=2592000',
  ],
  [
    'an MX host that is an alias',
    'protected',
    'mx-host-alias sts-missing tlsa-at-alias',
    'zone D MX 10 mz.D\nzone mz.D CNAME mx.D\n-policy',
  ],
  ['a null MX beside another', 'protected', 'null-mx-with-others', 'zone D MX 10 mx.D\nzone D MX 0 .'],
  [
    'a null MX of preference 10',
    'protected',
    'null-mx null-mx-preference',
    'zone D MX 10 .\n-zone _25._tcp\n-host\n-zone _smtp',
  ],
  ['an address in the place of a name', 'protected', 'mx-no-host-name', 'zone D MX 10 mx.D\nzone D MX 20 192.0.2.1'],
  [
    'an MX host with xn-- in its name that stands for nothing',
    'protected',
    'mx-fake-a-label mx-host-without-address',
    'zone D MX 10 mx.D\nzone D MX 20 xn--a.D\npolicy D mode=enforce mx=*.D max_age=2592000',
  ],
  [
    'nothing but an address',
    'broken',
    'mx-no-host-name mx-no-usable-host tlsrpt-mailbox-unreachable',
    'zone D MX 20 192.0.2.1\n-host\n-zone _25._tcp',
  ],
  [
    'no MX records',
    'protected',
    'mx-implicit sts-missing',
    'host D address=192.0.2.%,2001:db8::%\nzone _25._tcp.D 3600 TLSA 3 1 1 {D.spki.sha256}\nzone _25._tcp.D 3600 TLSA 3 1 1 {zeros.32}\n-zone D MX\n-host mx\n-policy\n-zone _25._tcp.mx',
  ],
  [
    'neither MX records nor an address',
    'broken',
    'null-mx-missing sts-missing tlsrpt-mailbox-unreachable',
    '-zone D MX\n-host mx\n-policy\n-zone _25._tcp.mx',
  ],
  ['MX records that are bogus', 'broken', 'mx-lookup-bogus tlsrpt-mailbox-unreachable', 'zone D MX 10 mx.D bogus'],
  ['SERVFAIL for MX', 'broken', 'mx-lookup-failed tlsrpt-mailbox-unreachable', 'zone D MX 10 mx.D servfail'],
  [
    'MX records that nobody answers for',
    'undetermined',
    'mx-lookup-unanswered tlsrpt-target-unanswered',
    'zone D MX 10 mx.D timeout',
  ],
]
