import type { Fault } from './fault.ts'

/** How MX hosts behave, and what else DNS may do. */
export const hostsFaults: readonly Fault[] = [
  [
    'STARTTLS that is refused for now',
    'cleartext',
    'starttls-refused sts-missing tlsa-missing',
    'host mx.D address=192.0.2.%,2001:db8::% starttls=refused\n-policy\n-zone _25._tcp',
  ],
  [
    'octets behind the 220 of STARTTLS',
    'cleartext',
    'starttls-octets-before sts-missing tlsa-missing',
    'host mx.D address=192.0.2.%,2001:db8::% starttls=injecting\n-policy\n-zone _25._tcp',
  ],
  [
    'an offer that is crossed out',
    'cleartext',
    'starttls-offer-garbled sts-missing tlsa-missing',
    'attack garble-ehlo mx.D\n-policy\n-zone _25._tcp',
  ],
  [
    'an offer that is taken out',
    'cleartext',
    'starttls-missing sts-missing tlsa-missing',
    'attack strip-starttls mx.D\n-policy\n-zone _25._tcp',
  ],
  [
    'a greeting of asterisks',
    'protected',
    'banner-masked',
    'host mx.D address=192.0.2.%,2001:db8::% greeting="220 ****************************"',
  ],
  [
    'a host that turns us away',
    'undetermined',
    'host-turned-us-away sts-missing tlsa-missing',
    'host mx.D address=192.0.2.%,2001:db8::% greeting="554 5.7.1 no"\n-policy\n-zone _25._tcp',
  ],
  [
    'a host that is busy under DANE, and a policy',
    'undetermined',
    'host-busy',
    'host mx.D address=192.0.2.%,2001:db8::% greeting="450 4.7.1 greylisted"',
  ],
  [
    'a web server on port 25',
    'broken',
    'host-not-smtp sts-missing tlsa-missing',
    'host mx.D address=192.0.2.%,2001:db8::% greeting="HTTP/1.1 400 Bad Request"\n-policy\n-zone _25._tcp',
  ],
  [
    'a host that closes at once',
    'undetermined',
    'host-unanswered sts-missing tlsa-missing',
    'host mx.D address=192.0.2.%,2001:db8::% greeting=""\n-policy\n-zone _25._tcp',
  ],
  [
    'nobody at the only host',
    'undetermined',
    'sts-missing tlsa-missing vantage-without-smtp',
    'host mx.D address=192.0.2.%,2001:db8::% down\n-policy\n-zone _25._tcp',
  ],
  [
    'nobody at one host of two',
    'protected',
    'host-refuses-connections sts-missing',
    'zone D MX 10 mx.D\nzone D MX 20 mz.D\nhost mz.D address=192.0.3.% down\nzone _25._tcp.mz.D TLSA 3 1 1 {zeros.32}\n-policy',
  ],
  ['a domain that there is not', 'broken', 'no-such-domain', '-zone\n-host\n-policy'],
  ['hosts without IPv6', 'protected', 'mx-no-ipv6', 'host mx.D address=192.0.2.%'],
  [
    'eleven MX hosts, none of which has an address',
    'broken',
    'mx-host-without-address mx-too-many-hosts tlsrpt-mailbox-unreachable',
    'zone D MX 10 h0.D\nzone D MX 10 h1.D\nzone D MX 10 h2.D\nzone D MX 10 h3.D\nzone D MX 10 h4.D\nzone D MX 10 h5.D\nzone D MX 10 h6.D\nzone D MX 10 h7.D\nzone D MX 10 h8.D\nzone D MX 10 h9.D\nzone D MX 10 h10.D\n-host\n-zone _25._tcp\npolicy D mode=enforce mx=*.D max_age=2592000',
  ],
  [
    'a denial of TLSA records that is not proved, which senders take for an attack',
    'broken',
    'tlsa-lookup-bogus',
    'attack forge-nxdomain _25._tcp.mx.D type=TLSA',
  ],
  [
    'TXT records that do not fit into a datagram',
    'protected',
    'answer-over-tcp',
    'zone D TXT "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"\nzone D TXT "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"\nzone D TXT "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"\nzone D TXT "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"\nzone D TXT "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"\nzone D TXT "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"\nzone D TXT "gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg"',
  ],
]
