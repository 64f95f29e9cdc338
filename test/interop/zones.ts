// The leaf zones of the world: one of every kind of signing, each with records for every kind of answer and denial.
import { addresses as at } from './addresses.ts'
import type { Signing } from './servers.ts'

export interface Leaf {
  readonly text: string
  readonly signing?: Signing
  /** What the parent says of a signed zone, if not what its key is. */
  readonly ds?: 'absent' | 'mismatched' | 'unknown-digest'
  /** Delegated without an NSEC3 record of its own, after its parent was signed. RFC 5155 §6 */
  readonly isOptedOut?: true
  /** What is changed in the zone after it was signed. */
  readonly forge?: readonly [before: string, after: string]
}

/** TLSA data of the world's MX hosts, as presentation text. */
export interface TlsaRecords {
  readonly dane: string
  readonly anchored: string
  readonly wrong: string
}

const nsec3 = (iterations = 0) => ['-n', '-t', String(iterations)]
const nsec3OptOut = ['-n', '-p', '-t', '0']

/** Too much for a datagram of 1232 octets. */
const big = Array.from({ length: 8 }, (_, number) => `big IN TXT "${number}${'x'.repeat(240)}"`).join('\n')

/** Records that exercise each kind of answer and denial. Nobody serves `child`. */
const exercise = `
a IN A 192.0.2.90
a IN AAAA 2001:db8::90
alias IN CNAME a
alias2 IN CNAME alias
far IN CNAME a.unsigned.example.
farther IN CNAME alias.p384.example.
dangling IN CNAME nothing
into-broken IN CNAME a.broken.example.
loop IN CNAME pool
pool IN CNAME loop
*.wild IN TXT "expanded"
*.wild IN MX 10 a
host.wild IN A 192.0.2.91
*.wildalias IN CNAME a
b.ent IN A 192.0.2.92
tree IN DNAME target
x.target IN A 192.0.2.93
grove IN DNAME target.p384.example.
child IN NS ns.example.
odd\\.label IN TXT "a\\"b\\\\c\\200" ""
text IN TXT "one" "two; three"
service IN SRV 1 2 443 a
_25._tcp.a IN TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000000
${big}
`

/** Zones that differ in how they are signed, or are not. */
export function dnsLeaves(): Record<string, Leaf> {
  return {
    'optout.example.': { signing: { algorithm: 'ECDSAP256SHA256', options: nsec3OptOut }, text: exercise },
    'rsa.example.': { signing: { algorithm: 'RSASHA256', options: nsec3() }, text: exercise },
    'rsa512.example.': { signing: { algorithm: 'RSASHA512' }, text: exercise },
    'p384.example.': { signing: { algorithm: 'ECDSAP384SHA384' }, text: exercise },
    'ed448.example.': { signing: { algorithm: 'ED448', options: nsec3() }, text: exercise },
    'sha1.example.': { signing: { algorithm: 'RSASHA1' }, text: exercise },
    'sha1nsec3.example.': { signing: { algorithm: 'RSASHA1-NSEC3-SHA1', options: nsec3() }, text: exercise },
    'iterated50.example.': { signing: { algorithm: 'ED25519', options: nsec3(50) }, text: exercise },
    'iterated100.example.': { signing: { algorithm: 'ED25519', options: nsec3(100) }, text: exercise },
    'iterated200.example.': { signing: { algorithm: 'ED25519', options: nsec3(200) }, text: exercise },
    'island.example.': { signing: { algorithm: 'ED25519' }, text: exercise, ds: 'absent' },
    'broken.example.': { signing: { algorithm: 'ED25519' }, text: exercise, ds: 'mismatched' },
    'unknown.example.': { signing: { algorithm: 'ED25519' }, text: exercise, ds: 'unknown-digest' },
    'tampered.example.': {
      signing: { algorithm: 'ECDSAP256SHA256' },
      text: exercise,
      forge: ['192.0.2.90', '192.0.2.66'],
    },
    'expired.example.': {
      signing: { algorithm: 'ED25519', options: ['-i', '20200101000000', '-e', '20200201000000'] },
      text: exercise,
    },
    'future.example.': {
      signing: { algorithm: 'ED25519', options: ['-i', '20990101000000', '-e', '20990201000000'] },
      text: exercise,
    },
    // On the same server as their parent: no referral ever shows the cut.
    'deep.dane.example.': { signing: { algorithm: 'ED25519' }, text: exercise },
    'plain.dane.example.': { text: exercise },
    'plain.optout.example.': { text: exercise },
    'unseen.optout.example.': { text: exercise, isOptedOut: true },
    'unseen.example.': { text: exercise, isOptedOut: true },
  }
}

/** Domains that take mail, by each kind of promise. */
export function mailLeaves(tlsa: TlsaRecords): Record<string, Leaf> {
  const signing = { algorithm: 'ECDSAP256SHA256' } as const
  const sts = `_mta-sts IN TXT "v=STSv1; id=1;"\nmta-sts IN A ${at.policies}`
  const tlsaAtHost = (text: string) => `_25._tcp.mx IN TLSA ${text}`
  const host = (address: string) => `@ IN MX 10 mx\nmx IN A ${address}\n`
  return {
    'dane.example.': { signing, text: `${host(at.dane)}${tlsaAtHost(tlsa.dane)}\n${exercise}` },
    'anchored.example.': {
      signing: { algorithm: 'ED25519', options: nsec3() },
      text: `${host(at.anchored)}${tlsaAtHost(tlsa.anchored)}\n${exercise}`,
    },
    'wrong.example.': { signing, text: `${host(at.wrong)}${tlsaAtHost(tlsa.wrong)}` },
    'forged.example.': { signing, text: `${host(at.dane)}${tlsaAtHost(tlsa.wrong)}`, forge: [tlsa.wrong, tlsa.dane] },
    'unusable.example.': { signing, text: `${host(at.dane)}${tlsaAtHost(`1 1 1 ${'ab'.repeat(32)}`)}` },
    // An unsigned domain whose MX host is another's, with DANE. RFC 7672 §2.2.1
    'hosted.example.': { text: '@ IN MX 10 mx.dane.example.' },
    'unsigned.example.': { text: `${exercise}${host(at.plain)}` },
    'sts.example.': { text: `${host(at.listed)}${sts}` },
    'strict.example.': { text: `${host(at.plain)}${sts}` },
    'unlisted.example.': { text: `${host(at.listed)}${sts}` },
    'trial.example.': { text: `${host(at.plain)}${sts}` },
    // A policy that was never published where its record says.
    'missing.example.': { text: `${host(at.plain)}${sts}` },
    'null.example.': { signing, text: '@ IN MX 0 .' },
    'cleartext.example.': { text: `@ IN MX 10 mx\nmx IN A ${at.cleartext}` },
  }
}
