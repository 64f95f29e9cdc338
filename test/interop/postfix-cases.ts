// Destinations that a sending Postfix meets in one world, and what the decision tables ask for each.

/** `Trusted`: DANE holds, and nothing proves that the domain names the host. `encrypted`: TLS, whoever it is. */
export type Tls = 'Verified' | 'Trusted' | 'encrypted' | 'clear'

/** What must come of a message, by Postfix's log; the lab's diary must agree. */
export type Fate =
  | { readonly status: 'sent'; readonly relay: string; readonly tls: Tls }
  | { readonly status: 'deferred' | 'bounced'; readonly dsn: string; readonly text: RegExp }

export interface Case {
  /** The destination, below `.example`; in the world `@` stands for the whole name. */
  readonly name: string
  /** Rows of the decision tables. */
  readonly rows: string
  readonly why: string
  readonly world: string
  /** What the map `QUERY` answers: a policy, NOTFOUND, or TEMP with a reason like this. */
  readonly answer: string | RegExp
  readonly fate: Fate
  /** The same with `mixed-hosts = "secure"`, where it differs. */
  readonly mixed?: { readonly answer: string; readonly fate: Fate }
  /** Only the first attempt ends so; what comes then. */
  readonly later?: Fate
  /** What is written to, where it is not the name itself. */
  readonly as?: string
  /** Where a transport sends what is written to the name. */
  readonly nextHop?: string
  /** What changes in the world once all have had their mail, and what comes of the next message. */
  readonly next?: {
    readonly change: string
    readonly rows: string
    readonly answer: Case['answer']
    readonly fate: Fate
  }
}

const sent = (relay: string, tls: Tls): Fate => ({ status: 'sent', relay, tls })
const deferred = (dsn: string, text: RegExp): Fate => ({ status: 'deferred', dsn, text })
const bounced = (dsn: string, text: RegExp): Fate => ({ status: 'bounced', dsn, text })

/** Where the map answers TEMP; the reason stands in the log before it. */
const noAnswer = /client TLS configuration problem/

const signed = 'zone @ ttl=60\nzone @ MX 10 mx.@'
const unsigned = 'zone @ ttl=60 signed=no\nzone @ MX 10 mx.@'
const key = 'zone _25._tcp.mx.@ TLSA 3 1 1 {mx.@.spki.sha256}'
const anchor = 'zone _25._tcp.mx.@ TLSA 2 0 1 {mx.@.issuer.cert.sha256}'
const otherKey = 'zone _25._tcp.mx.@ TLSA 3 1 1 {zeros.32}'
const unusable = 'zone _25._tcp.mx.@ TLSA 1 1 1 {mx.@.spki.sha256}'
const policy = 'policy @ mx=mx.@'

/** By DANE alone. */
const dane: readonly Case[] = [
  {
    ...{ name: 'ee', rows: '1a/M5 1b/H5 1c/S1 1d/8', why: 'DANE-EE' },
    world: `${signed}\n${key}\nhost mx.@ certificate=self-signed`,
    ...{ answer: 'dane-only', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'ee-old', rows: '1d/8', why: 'DANE-EE asks neither for a name nor for a date' },
    world: `${signed}\n${key}\nhost mx.@ names=wrong.invalid valid=expired`,
    ...{ answer: 'dane-only', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'ee-six', rows: '1d/8', why: 'the host has an IPv6 address only' },
    world: `${signed}\n${key}\nhost mx.@ address=2001:db8::25`,
    ...{ answer: 'dane-only', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'ta', rows: '1d/8', why: 'DANE-TA' },
    world: `${signed}\n${anchor}\nhost mx.@ certificate=dane-ta`,
    ...{ answer: 'dane-only', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'ta-nexthop', rows: '1d/8', why: 'DANE-TA, and the certificate bears the name of the domain' },
    world: `${signed}\n${anchor}\nhost mx.@ certificate=dane-ta names=@`,
    ...{ answer: 'dane-only', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'ee-wrong', rows: '1d/4', why: 'DANE-EE, another key' },
    world: `${signed}\n${otherKey}\nhost mx.@`,
    ...{ answer: 'dane-only', fate: deferred('4.7.5', /Server certificate not verified/) },
  },
  {
    ...{ name: 'ta-absent', rows: '1d/5', why: 'DANE-TA, another anchor' },
    world: `${signed}\nzone _25._tcp.mx.@ TLSA 2 0 1 {zeros.32}\nhost mx.@ certificate=dane-ta`,
    ...{ answer: 'dane-only', fate: deferred('4.7.5', /Server certificate not verified/) },
  },
  {
    ...{ name: 'ta-old', rows: '1d/6', why: 'DANE-TA, expired' },
    world: `${signed}\n${anchor}\nhost mx.@ certificate=dane-ta valid=expired`,
    ...{ answer: 'dane-only', fate: deferred('4.7.5', /Server certificate not verified/) },
  },
  {
    ...{ name: 'ta-named', rows: '1d/7', why: 'DANE-TA, another name' },
    world: `${signed}\n${anchor}\nhost mx.@ certificate=dane-ta names=wrong.invalid`,
    ...{ answer: 'dane-only', fate: deferred('4.7.5', /Server certificate not verified/) },
  },
  {
    ...{ name: 'ee-clear', rows: '1d/2', why: 'DANE, and no STARTTLS' },
    world: `${signed}\n${key}\nhost mx.@ starttls=no`,
    ...{ answer: 'dane-only', fate: deferred('4.7.4', /TLS is required, but was not offered/) },
  },
  {
    ...{ name: 'ee-refused', rows: '1d/2', why: 'DANE, and STARTTLS is refused' },
    world: `${signed}\n${key}\nhost mx.@ starttls=refused`,
    ...{ answer: 'dane-only', fate: deferred('4.7.0', /454 4\.7\.0 TLS not available/) },
  },
  {
    ...{ name: 'ee-garbage', rows: '1d/3', why: 'DANE, and the handshake fails' },
    world: `${signed}\n${key}\nhost mx.@ starttls=garbage`,
    ...{ answer: 'dane-only', fate: deferred('4.7.5', /Cannot start TLS: handshake failure/) },
  },
  {
    ...{ name: 'ee-old-tls', rows: '1d/3', why: 'DANE, and the host knows TLS 1.1 only' },
    world: `${signed}\n${key}\nhost mx.@ tls=1.1`,
    ...{ answer: 'dane-only', fate: deferred('4.7.5', /Cannot start TLS: handshake failure/) },
  },
  {
    ...{ name: 'unusable', rows: '1b/H6 1d/14 1e/6', why: 'PKIX-EE alone is nothing to go by' },
    world: `${signed}\n${unusable}\nhost mx.@ certificate=self-signed`,
    ...{ answer: 'dane', fate: sent('mx.@', 'encrypted') },
  },
  {
    ...{ name: 'unusable-clear', rows: '1d/13', why: 'unusable TLSA records ask for TLS all the same' },
    world: `${signed}\n${unusable}\nhost mx.@ starttls=no`,
    ...{ answer: 'dane', fate: deferred('4.7.4', /TLS is required, but was not offered/) },
  },
  {
    ...{ name: 'mixed', rows: '1d/30 1e/1', why: 'the host with TLSA records is down, the other has none' },
    world: `${signed}\n${key}\nhost mx.@ down\nzone @ MX 20 b.@\nhost b.@`,
    ...{ answer: 'dane', fate: sent('b.@', 'encrypted') },
  },
  {
    ...{ name: 'half-bogus', rows: '1d/1 1d/8 1e/2', why: 'one TLSA lookup fails, the other host has DANE' },
    world: `${signed}\n${key} servfail\nhost mx.@\nzone @ MX 20 b.@\nzone _25._tcp.b.@ TLSA 3 1 1 {b.@.spki.sha256}\nhost b.@`,
    ...{ answer: 'dane-only', fate: sent('b.@', 'Verified') },
  },
  {
    ...{ name: 'half-plain', rows: '1d/1 1d/27', why: 'one TLSA lookup fails, nothing protects the other host' },
    world: `${signed}\n${key} servfail\nhost mx.@\nzone @ MX 20 b.@\nhost b.@`,
    ...{ answer: 'dane', fate: sent('b.@', 'encrypted') },
  },
  {
    ...{ name: 'tlsa-bogus', rows: '1b/H8 1d/1', why: 'the only TLSA lookup is bogus' },
    world: `${signed}\n${key} bogus\nhost mx.@`,
    ...{ answer: /its TLSA lookup failed: signature/, fate: deferred('4.7.5', noAnswer) },
  },
  {
    ...{ name: 'address-bogus', rows: '1b/H2 1d/1', why: 'the address lookup is bogus' },
    world: `${signed}\nzone mx.@ A 192.0.2.250 bogus\nzone mx.@ AAAA 2001:db8::250 bogus`,
    ...{ answer: /its address lookup failed/, fate: deferred('4.4.3', /Host not found, try again/) },
  },
  {
    ...{ name: 'address-insecure', rows: '1b/H4 1d/27', why: 'the MX records are signed, the host is elsewhere' },
    world: `zone @ ttl=60\nzone @ MX 10 mx.elsewhere.example`,
    ...{ answer: 'NOTFOUND', fate: sent('mx.elsewhere.example', 'encrypted') },
  },
  {
    ...{ name: 'no-tlsa', rows: '1b/H7 1d/27', why: 'signed, and no TLSA records' },
    world: `${signed}\nhost mx.@`,
    ...{ answer: 'NOTFOUND', fate: sent('mx.@', 'encrypted') },
  },
  {
    ...{ name: 'implicit', rows: '1a/M4 1b/H5 1d/8', why: 'no MX records: the domain is the host' },
    world: `zone @ ttl=60\nzone _25._tcp.@ TLSA 3 1 1 {@.spki.sha256}\nhost @`,
    ...{ answer: 'dane-only', fate: sent('@', 'Verified') },
  },
  {
    ...{ name: 'alias', rows: '1a/M5 1d/8', why: 'the domain is an alias' },
    world: `zone @ ttl=60\nzone @ CNAME ee.example`,
    ...{ answer: 'dane-only', fate: sent('mx.ee.example', 'Verified') },
  },
  {
    ...{ name: 'alias-host', rows: '1b/H5 1d/8', why: 'the host is an alias: TLSA records at what it stands for' },
    world: `${signed}\nzone mx.@ CNAME mx.ee.example`,
    ...{ answer: 'dane-only', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'hosted', rows: '1a/M6 1b/H5 1d/8 1e/4', why: 'unsigned MX records, a host with DANE' },
    world: `zone @ ttl=60 signed=no\nzone @ MX 10 mx.ee.example`,
    ...{ answer: 'dane', fate: sent('mx.ee.example', 'Trusted') },
  },
  {
    ...{ name: 'hosted-wrong', rows: '1d/4', why: 'unsigned MX records, a host with another key than DANE says' },
    world: `zone @ ttl=60 signed=no\nzone @ MX 10 mx.ee-wrong.example`,
    ...{ answer: 'dane', fate: deferred('4.7.5', /Server certificate not verified/) },
  },
]

/** By MTA-STS, and by both. */
const sts: readonly Case[] = [
  {
    ...{ name: 'sts', rows: '1a/M6 1c/S4 1d/21', why: 'MTA-STS' },
    world: `${unsigned}\nhost mx.@\n${policy}`,
    ...{ answer: 'secure match=mx.@ servername=hostname', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'sts-wild', rows: '1d/21', why: 'MTA-STS with a wildcard, in the policy and in the certificate' },
    world: `${unsigned}\nhost mx.@ names=*.@\npolicy @ mx=*.@`,
    ...{ answer: 'secure match=mx.@ servername=hostname', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'sts-clear', rows: '1d/18', why: 'MTA-STS, and no STARTTLS' },
    world: `${unsigned}\nhost mx.@ starttls=no\n${policy}`,
    answer: 'secure match=mx.@ servername=hostname',
    fate: deferred('4.7.4', /TLS is required, but was not offered/),
  },
  {
    ...{ name: 'sts-garbage', rows: '1d/19', why: 'MTA-STS, and the handshake fails' },
    world: `${unsigned}\nhost mx.@ starttls=garbage\n${policy}`,
    answer: 'secure match=mx.@ servername=hostname',
    fate: deferred('4.7.5', /Cannot start TLS: handshake failure/),
  },
  ...(
    [
      ['old', 'expired'],
      ['future', 'future'],
      ['named', 'wrong-name'],
      ['untrusted', 'untrusted'],
      ['own', 'self-signed'],
    ] as const
  ).map(
    ([name, certificate]): Case => ({
      ...{ name: `sts-${name}`, rows: '1d/20', why: `MTA-STS, and the certificate is ${certificate}` },
      world: `${unsigned}\nhost mx.@ certificate=${certificate}\n${policy}`,
      ...{ answer: 'secure match=mx.@ servername=hostname', fate: deferred('4.7.5', /not verified/) },
    }),
  ),
  {
    ...{
      name: 'sts-cn-only',
      rows: '1d/21',
      why: 'Postfix takes a common name where there is no other; RFC 8461 does not',
    },
    world: `${unsigned}\nhost mx.@ certificate=cn-only\n${policy}`,
    ...{ answer: 'secure match=mx.@ servername=hostname', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'sts-other', rows: '1d/20', why: 'a certificate for a name that the policy lists and no MX record has' },
    world: `${unsigned}\nhost mx.@ names=old.@\npolicy @ mx=mx.@,old.@`,
    ...{ answer: 'secure match=mx.@ servername=hostname', fate: deferred('4.7.5', /not verified/) },
  },
  {
    ...{
      name: 'sts-sibling',
      rows: '1d/21',
      why: 'Postfix up to 3.10.4 takes a certificate for another of the MX hosts',
    },
    world: `${unsigned}\nhost mx.@ names=b.@\nzone @ MX 20 b.@\nhost b.@\npolicy @ mx=*.@`,
    ...{ answer: 'secure match=mx.@:b.@ servername=hostname', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'sts-unlisted', rows: '1d/17', why: 'MTA-STS does not list the host' },
    world: `${unsigned}\nhost mx.@\npolicy @ mx=other.@`,
    ...{ answer: /does not list it/, fate: deferred('4.7.5', noAnswer) },
  },
  {
    ...{ name: 'sts-half', rows: '1d/17 1d/21', why: 'MTA-STS lists the second host only' },
    world: `${unsigned}\nhost mx.@\nzone @ MX 20 b.@\nhost b.@\npolicy @ mx=b.@`,
    ...{ answer: 'secure match=b.@ servername=hostname', fate: sent('b.@', 'Verified') },
  },
  {
    ...{ name: 'sts-implicit', rows: '1a/M4 1d/17 1e/10', why: 'no MX records, and MTA-STS lists a host' },
    world: `zone @ ttl=60 signed=no\nhost @\npolicy @ mx=mail.@`,
    ...{ answer: /does not list it/, fate: deferred('4.7.5', noAnswer) },
  },
  {
    ...{ name: 'sts-addressless', rows: '1a/M7 1b/H3', why: 'MTA-STS, and the host has no address' },
    world: `${unsigned}\n${policy}`,
    ...{ answer: /no MX host has an address/, fate: deferred('4.4.4', /Host not found|no address/) },
  },
  {
    ...{ name: 'trial', rows: '1d/22', why: 'mode testing, and the certificate is untrusted' },
    world: `${unsigned}\nhost mx.@ certificate=untrusted\npolicy @ mode=testing mx=mx.@`,
    ...{ answer: 'NOTFOUND', fate: sent('mx.@', 'encrypted') },
  },
  {
    ...{ name: 'trial-clear', rows: '1d/22', why: 'mode testing, and no STARTTLS' },
    world: `${unsigned}\nhost mx.@ starttls=no\npolicy @ mode=testing mx=mx.@`,
    ...{ answer: 'NOTFOUND', fate: sent('mx.@', 'clear') },
  },
  {
    ...{ name: 'trial-garbage', rows: '1d/23', why: 'mode testing, and the handshake fails' },
    world: `${unsigned}\nhost mx.@ starttls=garbage\npolicy @ mode=testing mx=mx.@`,
    answer: 'NOTFOUND',
    fate: deferred('4.7.5', /Cannot start TLS: handshake failure/),
    later: sent('mx.@', 'clear'),
  },
  {
    ...{ name: 'trial-good', rows: '1d/24', why: 'mode testing, and all is well' },
    world: `${unsigned}\nhost mx.@\npolicy @ mode=testing mx=mx.@`,
    ...{ answer: 'NOTFOUND', fate: sent('mx.@', 'encrypted') },
  },
  {
    ...{ name: 'ended', rows: '1d/27', why: 'mode none' },
    world: `${unsigned}\nhost mx.@\npolicy @ mode=none`,
    ...{ answer: 'NOTFOUND', fate: sent('mx.@', 'encrypted') },
  },
  {
    ...{ name: 'two-records', rows: '1c/S2 1d/27', why: 'two MTA-STS records are none' },
    world: `${unsigned}\nhost mx.@ certificate=untrusted\n${policy}\nzone _mta-sts.@ TXT "v=STSv1; id=2;"`,
    ...{ answer: 'NOTFOUND', fate: sent('mx.@', 'encrypted') },
  },
  {
    ...{ name: 'txt-broken', rows: '1c/S3 1d/27', why: 'the MTA-STS record cannot be looked up, at first contact' },
    world: `${unsigned}\nhost mx.@ certificate=untrusted\nzone _mta-sts.@ TXT "v=STSv1; id=2;" servfail`,
    ...{ answer: 'NOTFOUND', fate: sent('mx.@', 'encrypted') },
  },
  {
    ...{ name: 'dead', rows: '1c/S5 1d/27', why: 'the policy host is dead, at first contact' },
    world: `${unsigned}\nhost mx.@ certificate=untrusted\n${policy} down`,
    ...{ answer: 'NOTFOUND', fate: sent('mx.@', 'encrypted') },
  },
  {
    ...{ name: 'moved', rows: '1c/S5 1e/8', why: 'the policy host sends elsewhere, at first contact' },
    world: `${unsigned}\nhost mx.@ certificate=untrusted\n${policy} status=301 location=https://elsewhere.example/`,
    ...{ answer: 'NOTFOUND', fate: sent('mx.@', 'encrypted') },
  },
  {
    ...{ name: 'forged-host', rows: '1c/S6 1d/27', why: 'nobody trusts the policy host' },
    world: `${unsigned}\nhost mx.@ certificate=untrusted\n${policy} certificate=self-signed`,
    ...{ answer: 'NOTFOUND', fate: sent('mx.@', 'encrypted') },
  },
  {
    ...{ name: 'nonsense', rows: '1c/S7 1d/27', why: 'the policy is none' },
    world: `${unsigned}\nhost mx.@ certificate=untrusted\n${policy} body=nonsense`,
    ...{ answer: 'NOTFOUND', fate: sent('mx.@', 'encrypted') },
  },
  {
    ...{ name: 'both', rows: '1d/9', why: 'DANE and MTA-STS, both well' },
    world: `${signed}\n${key}\nhost mx.@\n${policy}`,
    ...{ answer: 'dane-only', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'both-trial', rows: '1d/10', why: 'DANE is well, mode testing is not' },
    world: `${signed}\n${key}\nhost mx.@ certificate=self-signed\npolicy @ mode=testing mx=mx.@`,
    ...{ answer: 'dane-only', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'both-own', rows: '1d/11', why: 'DANE is well, and MTA-STS knows neither certificate nor host' },
    world: `${signed}\n${key}\nhost mx.@ certificate=self-signed\npolicy @ mx=other.@`,
    ...{ answer: 'dane-only', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'both-bogus', rows: '1d/1 1e/3', why: 'MTA-STS does not come to the aid of a failed TLSA lookup' },
    world: `${signed}\n${key} servfail\nhost mx.@\n${policy}`,
    ...{ answer: /its TLSA lookup failed/, fate: deferred('4.7.5', noAnswer) },
  },
  {
    ...{ name: 'hosted-unlisted', rows: '1d/12 1e/5', why: 'unsigned MX records, DANE is well, MTA-STS lists another' },
    world: `zone @ ttl=60 signed=no\nzone @ MX 10 mx.ee.example\npolicy @ mx=other.@`,
    ...{ answer: /does not list it/, fate: deferred('4.7.5', noAnswer) },
  },
  {
    ...{ name: 'unusable-sts', rows: '1d/15', why: 'unusable TLSA records, and MTA-STS is well' },
    world: `${signed}\n${unusable}\nhost mx.@\n${policy}`,
    ...{ answer: 'secure match=mx.@ servername=hostname', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'unusable-own', rows: '1d/16', why: 'unusable TLSA records, and MTA-STS is not well' },
    world: `${signed}\n${unusable}\nhost mx.@ certificate=self-signed\n${policy}`,
    ...{ answer: 'secure match=mx.@ servername=hostname', fate: deferred('4.7.5', /not verified/) },
  },
  {
    ...{ name: 'some', rows: '1d/9 1d/21', why: 'MTA-STS vouches for two hosts, DANE for the second' },
    world: `zone @ ttl=60\nzone @ MX 10 a.@\nhost a.@\nzone @ MX 20 mx.@\n${key}\nhost mx.@\npolicy @ mx=*.@`,
    ...{ answer: 'dane-only', fate: sent('mx.@', 'Verified') },
    mixed: { answer: 'secure match=a.@:mx.@ servername=hostname', fate: sent('a.@', 'Verified') },
  },
  {
    ...{ name: 'some-wrong', rows: '1d/4', why: 'the same, and DANE fails at the first host' },
    world: `${signed}\n${otherKey}\nhost mx.@\nzone @ MX 20 b.@\nhost b.@\npolicy @ mx=*.@`,
    ...{ answer: 'dane-only', fate: deferred('4.7.5', /no TLSA records found/) },
    // What the option is: MTA-STS stands in where DANE fails.
    mixed: { answer: 'secure match=mx.@:b.@ servername=hostname', fate: sent('mx.@', 'Verified') },
  },
]

/** Without a policy, without a host, and by other names. */
const others: readonly Case[] = [
  {
    ...{ name: 'plain', rows: '1d/27', why: 'nothing protects it, and TLS is offered' },
    world: `${unsigned}\nhost mx.@ certificate=self-signed`,
    ...{ answer: 'NOTFOUND', fate: sent('mx.@', 'encrypted') },
  },
  {
    ...{ name: 'clear', rows: '1d/25', why: 'nothing protects it, and no STARTTLS' },
    world: `${unsigned}\nhost mx.@ starttls=no`,
    ...{ answer: 'NOTFOUND', fate: sent('mx.@', 'clear') },
  },
  {
    ...{ name: 'garbage', rows: '1d/26', why: 'nothing protects it, and the handshake fails' },
    world: `${unsigned}\nhost mx.@ starttls=garbage`,
    answer: 'NOTFOUND',
    fate: deferred('4.7.5', /Cannot start TLS: handshake failure/),
    later: sent('mx.@', 'clear'),
  },
  {
    ...{ name: 'down', rows: '1d/30', why: 'the host is down' },
    world: `${unsigned}\nhost mx.@ down`,
    ...{ answer: 'NOTFOUND', fate: deferred('4.4.2', /lost connection/) },
  },
  {
    ...{ name: 'mx-bogus', rows: '1a/M1', why: 'the MX lookup is bogus' },
    world: `zone @ ttl=60\nzone @ MX 10 mx.@ bogus\nhost mx.@`,
    ...{ answer: /the MX lookup is bogus/, fate: deferred('4.4.3', /type=MX: Host not found, try again/) },
  },
  {
    ...{ name: 'zone-bogus', rows: '1a/M1', why: 'the zone is not signed by the key that its parent has' },
    world: `zone @ ttl=60 ds=wrong\nzone @ MX 10 mx.@\nhost mx.@`,
    ...{ answer: /the MX lookup is bogus/, fate: deferred('4.4.3', /Host not found, try again/) },
  },
  {
    ...{ name: 'nowhere', rows: '1a/M2', why: 'there is no such domain', world: '' },
    ...{ answer: 'NOTFOUND', fate: bounced('5.4.4', /Host not found/) },
  },
  {
    ...{ name: 'null', rows: '1a/M3', why: 'null MX', world: 'zone @ ttl=60\nzone @ MX 0 .' },
    ...{ answer: 'NOTFOUND', fate: bounced('5.1.0', /nullMX/) },
  },
  {
    ...{ name: 'addressless', rows: '1a/M7 1b/H3', why: 'the host has no address', world: unsigned },
    ...{ answer: 'NOTFOUND', fate: deferred('4.4.4', /Host not found|no address/) },
  },
  {
    ...{ name: 'xn--bcher-kva', rows: '1d/8', why: 'a name in U-labels', as: 'b\u00fccher.example' },
    world: `${signed}\n${key}\nhost mx.@ offers=SMTPUTF8,8BITMIME`,
    ...{ answer: 'dane-only', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'shouting', rows: '1d/8', why: 'a name in capitals', as: 'SHOUTING.Example' },
    world: `${signed}\n${key}\nhost mx.@`,
    ...{ answer: 'dane-only', fate: sent('mx.@', 'Verified') },
  },
]

/** Hosts that listen on port 587 too. */
export const submissionHosts = ['192.0.2.201', '192.0.2.202', '192.0.2.203'] as const

/** Next hops that an operator named. */
const relays: readonly Case[] = [
  {
    ...{ name: 'relayed', rows: '1a/M8 1b/H5 1d/8', why: 'a relay with DANE at its port', nextHop: '[mx.@]:587' },
    world: `zone @ ttl=60\nhost mx.@ address=192.0.2.201\nzone _587._tcp.mx.@ TLSA 3 1 1 {mx.@.spki.sha256}`,
    ...{ answer: 'dane-only', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'relayed-wrong', rows: '1a/M8 1d/4', why: 'the same with another key', nextHop: '[mx.@]:587' },
    world: `zone @ ttl=60\nhost mx.@ address=192.0.2.202\nzone _587._tcp.mx.@ TLSA 3 1 1 {zeros.32}`,
    ...{ answer: 'dane-only', fate: deferred('4.7.5', /not verified/) },
  },
  {
    ...{ name: 'ported', rows: '1a/M5 1b/H5 1d/8', why: 'MX hosts at another port', nextHop: '@:submission' },
    world: `zone @ ttl=60\nzone @ MX 10 mx.@\nhost mx.@ address=192.0.2.203\nzone _587._tcp.mx.@ TLSA 3 1 1 {mx.@.spki.sha256}`,
    ...{ answer: 'dane-only', fate: sent('mx.@', 'Verified') },
  },
  {
    ...{ name: 'relayed-sts', rows: '1a/M8 1d/20', why: 'a relay has the policy of its own name', nextHop: '[@]' },
    world: `zone @ ttl=60 signed=no\nhost @ certificate=untrusted\npolicy @ mx=@`,
    ...{ answer: 'secure match=@ servername=hostname', fate: deferred('4.7.5', /not verified/) },
  },
  {
    ...{ name: 'address', rows: '1a/M8 1d/27', why: 'an address has no policy', nextHop: '[192.0.2.204]' },
    world: `zone @ ttl=60 signed=no\nhost @ address=192.0.2.204`,
    ...{ answer: 'NOTFOUND', fate: sent('192.0.2.204', 'encrypted') },
  },
]

/** Policies that were fetched once, and what happens to them then. */
const remembered: readonly Case[] = [
  {
    ...{ name: 'kept', rows: '1c/S4 1d/21', why: 'then the policy host is dead' },
    world: `${unsigned}\nhost mx.@\n${policy}`,
    ...{ answer: 'secure match=mx.@ servername=hostname', fate: sent('mx.@', 'Verified') },
    next: {
      ...{ rows: '1c/S8 1d/20', change: `${policy} down\nhost mx.@ certificate=self-signed` },
      ...{ answer: 'secure match=mx.@ servername=hostname', fate: deferred('4.7.5', /not verified/) },
    },
  },
  {
    ...{ name: 'kept-id', rows: '1c/S4 1d/21', why: 'then it has a new id, and the policy host is dead' },
    world: `${unsigned}\nhost mx.@\n${policy}`,
    ...{ answer: 'secure match=mx.@ servername=hostname', fate: sent('mx.@', 'Verified') },
    next: {
      ...{ rows: '1c/S10 1d/18', change: `${policy} id=2 down\nhost mx.@ starttls=no` },
      ...{ answer: 'secure match=mx.@ servername=hostname', fate: deferred('4.7.4', /TLS is required/) },
    },
  },
  {
    ...{ name: 'kept-record', rows: '1c/S4 1d/21', why: 'then its record is gone, and the certificate expires' },
    world: `${unsigned}\nhost mx.@\n${policy}`,
    ...{ answer: 'secure match=mx.@ servername=hostname', fate: sent('mx.@', 'Verified') },
    next: {
      ...{ rows: '1c/S11 1d/20 1e/7', change: `drop _mta-sts.@ TXT\nhost mx.@ certificate=expired` },
      ...{ answer: 'secure match=mx.@ servername=hostname', fate: deferred('4.7.5', /not verified/) },
    },
  },
  {
    ...{ name: 'ending', rows: '1c/S4 1d/20', why: 'then the domain gives its policy up' },
    world: `${unsigned}\nhost mx.@ certificate=expired\n${policy}`,
    ...{ answer: 'secure match=mx.@ servername=hostname', fate: deferred('4.7.5', /not verified/) },
    next: {
      ...{ rows: '1c/S9 1d/27 1e/9', change: `policy @ mode=none id=2` },
      ...{ answer: 'NOTFOUND', fate: sent('mx.@', 'encrypted') },
    },
  },
]

export const cases = [...dane, ...sts, ...others, ...relays, ...remembered].map(complete)

export interface CompleteCase extends Case {
  readonly domain: string
  /** What the map is asked for. */
  readonly key: string
}

/** Puts the name in the place of `@`. */
function complete(given: Case): CompleteCase {
  const domain = `${given.name}.example`
  const named = (text: string) => text.replaceAll('@', domain)
  const fated = (fate: Fate): Fate => (fate.status === 'sent' ? { ...fate, relay: named(fate.relay) } : fate)
  const answered = (answer: Case['answer']) => (typeof answer === 'string' ? named(answer) : answer)
  const { as = domain, nextHop, answer, fate, later, mixed, next } = given
  return {
    ...given,
    ...{ domain, as, key: nextHop === undefined ? as : named(nextHop), world: named(given.world) },
    ...{ answer: answered(answer), fate: fated(fate) },
    ...(nextHop !== undefined && { nextHop: named(nextHop) }),
    ...(later !== undefined && { later: fated(later) }),
    ...(mixed !== undefined && { mixed: { answer: named(mixed.answer), fate: fated(mixed.fate) } }),
    ...(next !== undefined && {
      next: { ...next, change: named(next.change), answer: answered(next.answer), fate: fated(next.fate) },
    }),
  }
}

/** What cannot be seen through this Postfix, or not here. */
export const notShown: Readonly<Record<string, string>> = {
  '1b/H1': 'the service has no setting that passes TLSA records behind unsigned MX records over',
  '1c/S12': 'a policy that lapses takes a day of waiting; test/scenarios moves the clock',
  '1d/28': 'the service has no setting that makes DANE mandatory',
  '1d/29': 'mandatory TLS is smtp_tls_security_level = encrypt, which NOTFOUND leaves in force',
  '1d/31': 'the service has no audit mode',
  '1d/32': 'TLS-Required: no is known to Postfix 3.10 and later',
  '1d/33': 'REQUIRETLS is known to Postfix 3.11 and later',
}
