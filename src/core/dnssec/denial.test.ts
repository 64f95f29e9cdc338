import assert from 'node:assert/strict'
import { test } from 'node:test'
import { labNsec3, labRrset, verifiedLab } from '../../../test/support/dnssec-vectors.ts'
import { nameOf } from '../../../test/support/sign.ts'
import { parseType } from '../dns/types.ts'
import { createBudget } from './budget.ts'
import { judgeDsDenial, proveDenial, proveWildcard } from './denial.ts'
import { createPolicy } from './policy.ts'
import type { VerifiedRrset } from './signature.ts'

const nsecZones = ['test.', 'vec.test.']

/** Verified proofs of a lab zone: owners of NSEC, or how owners of NSEC3 begin. */
function proofsOf(zone: string, owners: string): VerifiedRrset[] {
  const find = nsecZones.includes(zone) ? (owner: string) => labRrset(owner, 'NSEC', zone) : labNsec3
  return verifiedLab(
    zone,
    owners
      .split(' ')
      .filter((owner) => owner !== '')
      .map((owner) => find(owner, zone)),
  )
}

function optionsFor(zone: string, name: string, owners: string) {
  const proofs = proofsOf(zone, owners)
  return { zone: nameOf(zone), name: nameOf(name), proofs, policy: createPolicy(), budget: createBudget() }
}

function show(verdict: { kind: string; status?: string; problem?: { kind: string } }): string {
  if (verdict.problem !== undefined) return verdict.problem.kind === 'unproved' ? 'unproved' : verdict.problem.kind
  return verdict.status === undefined ? verdict.kind : `${verdict.status} ${verdict.kind}`
}

type Denied = [
  claim: string,
  zone: string,
  question: string,
  rcode: 'NOERROR' | 'NXDOMAIN',
  owners: string,
  expected: string,
]

const denials: Denied[] = [
  ['DNSSEC-44', 'vec.test.', 'mx2.vec.test. AAAA', 'NOERROR', 'mx2.vec.test.', 'secure nodata'],
  ['DNSSEC-44 a name in capitals', 'vec.test.', 'MX2.VEC.TEST. AAAA', 'NOERROR', 'mx2.vec.test.', 'secure nodata'],
  ['DNSSEC-44 empty non-terminal', 'vec.test.', '_tcp.mx1.vec.test. TLSA', 'NOERROR', 'mx1.vec.test.', 'secure nodata'],
  ['DNSSEC-44 empty non-terminal', 'vec.test.', 'ent.vec.test. A', 'NOERROR', 'dn.vec.test.', 'secure nodata'],
  ['DNSSEC-44 empty non-terminal', 'vec.test.', 'b.ent.vec.test. A', 'NOERROR', 'dn.vec.test.', 'secure nodata'],
  [
    'DNSSEC-44 a name beside a wildcard',
    'vec.test.',
    'host.wild.vec.test. MX',
    'NOERROR',
    'host.wild.vec.test.',
    'secure nodata',
  ],
  ['DNSSEC-44 the target of an alias', 'vec.test.', 'mx1.vec.test. TLSA', 'NOERROR', 'mx1.vec.test.', 'secure nodata'],
  ['DNSSEC-44 a type that is there', 'vec.test.', 'mx2.vec.test. A', 'NOERROR', 'mx2.vec.test.', 'unproved'],
  ['DNSSEC-44 DV10.5 a stripped alias', 'vec.test.', 'alias.vec.test. TLSA', 'NOERROR', 'alias.vec.test.', 'unproved'],
  [
    'DNSSEC-48 DV10.14 RCODE says otherwise',
    'vec.test.',
    'mx1.vec.test. TXT',
    'NXDOMAIN',
    'mx1.vec.test.',
    'secure nodata',
  ],
  ['DNSSEC-45', 'vec.test.', 'nx.vec.test. A', 'NXDOMAIN', 'ns1.vec.test. vec.test.', 'secure nxdomain'],
  ['DNSSEC-45 without the wildcard', 'vec.test.', 'nx.vec.test. A', 'NXDOMAIN', 'ns1.vec.test.', 'unproved'],
  ['DNSSEC-45 without the name', 'vec.test.', 'nx.vec.test. A', 'NXDOMAIN', 'vec.test.', 'unproved'],
  [
    'DNSSEC-48 DV10.13 RCODE says otherwise',
    'vec.test.',
    'nx.vec.test. A',
    'NOERROR',
    'ns1.vec.test. vec.test.',
    'unproved',
  ],
  [
    'DNSSEC-45 one record for both',
    'vec.test.',
    '_25._tcp.mx2.vec.test. TLSA',
    'NXDOMAIN',
    'mx2.vec.test.',
    'secure nxdomain',
  ],
  [
    'DNSSEC-45 the last record',
    'vec.test.',
    'x.host.wild.vec.test. MX',
    'NXDOMAIN',
    'host.wild.vec.test.',
    'secure nxdomain',
  ],
  ['DNSSEC-45', 'test.', 'nx.test. A', 'NXDOMAIN', 'ns1.test. test.', 'secure nxdomain'],
  ['DNSSEC-46', 'vec.test.', 'foo.wild.vec.test. TLSA', 'NOERROR', '*.wild.vec.test.', 'secure nodata'],
  ['DNSSEC-46 a type of the wildcard', 'vec.test.', 'foo.wild.vec.test. MX', 'NOERROR', '*.wild.vec.test.', 'unproved'],
  [
    'DNSSEC-43 DV10.6 an ancestor delegation',
    'vec.test.',
    'www.sub.vec.test. A',
    'NXDOMAIN',
    'sub.vec.test. vec.test.',
    'unproved',
  ],
  [
    'DNSSEC-43 DV10.6 a signed delegation',
    'vec.test.',
    'www.sec.vec.test. A',
    'NXDOMAIN',
    'sec.vec.test. sub.vec.test. vec.test.',
    'unproved',
  ],
  [
    'DNSSEC-43 DV10.7 a DNAME above',
    'vec.test.',
    'www.dn.vec.test. A',
    'NXDOMAIN',
    'dn.vec.test. vec.test.',
    'unproved',
  ],
  ['DNSSEC-44 the delegation itself', 'vec.test.', 'sub.vec.test. A', 'NOERROR', 'sub.vec.test.', 'unproved'],
  ['DNSSEC-44 the delegation itself', 'test.', 'vec.test. TXT', 'NOERROR', 'vec.test.', 'unproved'],
  ['DNSSEC-47', 'vec.test.', 'sub.vec.test. DS', 'NOERROR', 'sub.vec.test.', 'secure nodata'],
  ['DNSSEC-47', 'vec.test.', 'mx2.vec.test. DS', 'NOERROR', 'mx2.vec.test.', 'secure nodata'],
  ['DNSSEC-47', 'test.', 'unsigned.test. DS', 'NOERROR', 'unsigned.test.', 'secure nodata'],
  ['DNSSEC-47 DS that are there', 'vec.test.', 'sec.vec.test. DS', 'NOERROR', 'sec.vec.test.', 'unproved'],
  ['DNSSEC-47 DV12.4 the apex of the child', 'vec.test.', 'vec.test. DS', 'NOERROR', 'vec.test.', 'unproved'],
  ['DNSSEC-02 no proof', 'vec.test.', 'mx2.vec.test. AAAA', 'NOERROR', '', 'unproved'],
  [
    'DNSSEC-43 a name outside of the zone',
    'vec.test.',
    'zz.test. A',
    'NXDOMAIN',
    'host.wild.vec.test. vec.test.',
    'unproved',
  ],
  ['DNSSEC-54', 'n3.test.', 'mx1.n3.test. AAAA', 'NOERROR', '4l70ao', 'secure nodata'],
  ['DNSSEC-54 empty non-terminal', 'n3.test.', '_tcp.mx1.n3.test. TLSA', 'NOERROR', '5erpek', 'secure nodata'],
  ['DNSSEC-54 a name beside a wildcard', 'n3.test.', 'host.wild.n3.test. TXT', 'NOERROR', '30mpq3', 'secure nodata'],
  ['DNSSEC-54 the parent of a wildcard', 'n3.test.', 'wild.n3.test. A', 'NOERROR', '842t23', 'secure nodata'],
  ['DNSSEC-54 a type that is there', 'n3.test.', 'mx1.n3.test. A', 'NOERROR', '4l70ao', 'unproved'],
  ['DNSSEC-54 a stripped alias', 'n3.test.', 'alias.n3.test. TLSA', 'NOERROR', 'b067so', 'unproved'],
  ['DNSSEC-54 an unsigned delegation itself', 'n3.test.', 'sub.n3.test. A', 'NOERROR', '6r1u9p', 'insecure nodata'],
  ['DNSSEC-54 a signed delegation itself', 'oo.test.', 'sec.oo.test. A', 'NOERROR', '986sds', 'unproved'],
  ['DNSSEC-53', 'n3.test.', 'nx.n3.test. A', 'NXDOMAIN', 'vquh3b b067so 30mpq3', 'secure nxdomain'],
  ['DNSSEC-53 deeper', 'n3.test.', '_25._tcp.nx.n3.test. TLSA', 'NXDOMAIN', 'vquh3b b067so 30mpq3', 'secure nxdomain'],
  ['DNSSEC-48 RCODE says otherwise', 'n3.test.', 'nx.n3.test. A', 'NOERROR', 'vquh3b b067so 30mpq3', 'unproved'],
  ['DNSSEC-52 DV10.15 without the next closer', 'n3.test.', 'nx.n3.test. A', 'NXDOMAIN', 'vquh3b 30mpq3', 'unproved'],
  ['DNSSEC-52 without the closest encloser', 'n3.test.', 'nx.n3.test. A', 'NXDOMAIN', 'b067so 30mpq3', 'unproved'],
  ['DNSSEC-53 DV10.16 without the wildcard', 'n3.test.', 'nx.n3.test. A', 'NXDOMAIN', 'vquh3b b067so', 'unproved'],
  [
    'DNSSEC-52 below a delegation',
    'n3.test.',
    'www.sub.n3.test. A',
    'NXDOMAIN',
    '6r1u9p b067so 30mpq3 842t23 aervn7 sbq431 teamnr',
    'unproved',
  ],
  ['DNSSEC-56', 'n3.test.', 'foo.wild.n3.test. TLSA', 'NOERROR', '842t23 b067so sbq431', 'secure nodata'],
  [
    'DNSSEC-56 a type of the wildcard',
    'n3.test.',
    'foo.wild.n3.test. TXT',
    'NOERROR',
    '842t23 b067so sbq431',
    'unproved',
  ],
  ['DNSSEC-56 without the next closer', 'n3.test.', 'foo.wild.n3.test. TLSA', 'NOERROR', '842t23 sbq431', 'unproved'],
  ['DNSSEC-56 without the wildcard', 'n3.test.', 'foo.wild.n3.test. TLSA', 'NOERROR', '842t23 b067so', 'unproved'],
  ['DNSSEC-55', 'n3.test.', 'sub.n3.test. DS', 'NOERROR', '6r1u9p', 'secure nodata'],
  ['DNSSEC-55 the apex of the child', 'n3.test.', 'n3.test. DS', 'NOERROR', 'vquh3b', 'unproved'],
  ['DNSSEC-55 without opt-out', 'n3.test.', 'nx.n3.test. DS', 'NOERROR', 'vquh3b b067so', 'unproved'],
  ['DNSSEC-55 opt-out', 'oo.test.', 'sub.oo.test. DS', 'NOERROR', 'nbsq2s cn7onm', 'insecure nodata'],
  ['DNSSEC-55 without the encloser', 'oo.test.', 'sub.oo.test. DS', 'NOERROR', 'cn7onm', 'unproved'],
  ['DNSSEC-55 DS that are there', 'oo.test.', 'sec.oo.test. DS', 'NOERROR', '986sds', 'unproved'],
  ['DNSSEC-53 opt-out', 'oo.test.', 'nx.oo.test. A', 'NXDOMAIN', 'nbsq2s cn7onm', 'insecure nxdomain'],
  ['DNSSEC-53 opt-out', 'oo.test.', 'nx.oo.test. DS', 'NXDOMAIN', 'nbsq2s cn7onm', 'insecure nxdomain'],
  ['DNSSEC-56 opt-out', 'oo.test.', 'foo.wild.oo.test. A', 'NOERROR', '95399s cn7onm nbsq2s', 'insecure nodata'],
  ['DNSSEC-54 opt-out does not weaken a match', 'oo.test.', 'wild.oo.test. A', 'NOERROR', '95399s', 'secure nodata'],
  ['DNSSEC-54 opt-out does not weaken a match', 'oo.test.', 'ns1.oo.test. MX', 'NOERROR', '8d7uai', 'secure nodata'],
]

for (const [claim, zone, question, rcode, owners, expected] of denials) {
  test(`${claim}: ${question} ${rcode} by ${owners === '' ? 'nothing' : owners} is ${expected}`, () => {
    const [name = '', type = ''] = question.split(' ')
    const options = { ...optionsFor(zone, name, owners), type: parseType(type) ?? 0, isNameError: rcode === 'NXDOMAIN' }
    assert.equal(show(proveDenial(options)), expected)
  })
}

const cuts: [claim: string, zone: string, name: string, owners: string, expected: string][] = [
  ['DNSSEC-47', 'vec.test.', 'sub.vec.test.', 'sub.vec.test.', 'insecure-delegation'],
  ['DNSSEC-47', 'test.', 'unsigned.test.', 'unsigned.test.', 'insecure-delegation'],
  ['DNSSEC-47', 'vec.test.', 'mx2.vec.test.', 'mx2.vec.test.', 'no-cut'],
  ['DNSSEC-47 an alias is no cut', 'vec.test.', 'alias.vec.test.', 'alias.vec.test.', 'no-cut'],
  ['DNSSEC-47 DS that are there', 'vec.test.', 'sec.vec.test.', 'sec.vec.test.', 'unproved'],
  ['DNSSEC-47 DV12.4', 'vec.test.', 'vec.test.', 'vec.test.', 'unproved'],
  ['DNSSEC-11 empty non-terminal', 'vec.test.', 'ent.vec.test.', 'dn.vec.test.', 'no-cut'],
  ['DNSSEC-11 a name that is not there', 'vec.test.', 'nx.vec.test.', 'ns1.vec.test. vec.test.', 'nothing-below'],
  ['DNSSEC-11 the wildcard left open', 'vec.test.', 'nx.vec.test.', 'ns1.vec.test.', 'unproved'],
  ['DNSSEC-11 a wildcard', 'vec.test.', 'foo.wild.vec.test.', '*.wild.vec.test.', 'no-cut'],
  ['DNSSEC-02 no proof', 'vec.test.', 'sub.vec.test.', '', 'unproved'],
  ['DNSSEC-47 of the neighbour', 'vec.test.', 'mx2.vec.test.', 'sub.vec.test. mx1.vec.test.', 'unproved'],
  ['DNSSEC-55', 'n3.test.', 'sub.n3.test.', '6r1u9p', 'insecure-delegation'],
  ['DNSSEC-55', 'n3.test.', 'mx1.n3.test.', '4l70ao', 'no-cut'],
  ['DNSSEC-55 an alias', 'n3.test.', 'alias.n3.test.', 'b067so', 'unproved'],
  ['DNSSEC-55 the apex of the child', 'n3.test.', 'n3.test.', 'vquh3b', 'unproved'],
  ['DNSSEC-11 a name that is not there', 'n3.test.', 'nx.n3.test.', 'vquh3b b067so 30mpq3', 'nothing-below'],
  ['DNSSEC-11 a wildcard', 'n3.test.', 'foo.wild.n3.test.', '842t23 b067so sbq431', 'no-cut'],
  ['DNSSEC-55 without opt-out', 'n3.test.', 'nx.n3.test.', 'vquh3b b067so', 'unproved'],
  ['DNSSEC-55', 'oo.test.', 'sub.oo.test.', 'nbsq2s cn7onm', 'opt-out'],
  ['DNSSEC-55 opt-out before a wildcard', 'oo.test.', 'foo.wild.oo.test.', '95399s cn7onm nbsq2s', 'opt-out'],
  ['DNSSEC-55 DS that are there', 'oo.test.', 'sec.oo.test.', '986sds', 'unproved'],
]
for (const [claim, zone, name, owners, expected] of cuts) {
  test(`${claim}: no DS of ${name} by ${owners === '' ? 'nothing' : owners} is ${expected}`, () => {
    assert.equal(show(judgeDsDenial(optionsFor(zone, name, owners))), expected)
  })
}

const wildcards: [claim: string, zone: string, name: string, encloser: string, owners: string, expected: string][] = [
  ['DNSSEC-40', 'vec.test.', 'foo.wild.vec.test.', 'wild.vec.test.', '*.wild.vec.test.', 'secure proved'],
  ['DNSSEC-40', 'vec.test.', 'a.b.wild.vec.test.', 'wild.vec.test.', '*.wild.vec.test.', 'secure proved'],
  ['DNSSEC-40 DV10.2 no proof', 'vec.test.', 'w2.wild.vec.test.', 'wild.vec.test.', '', 'unproved'],
  [
    'DNSSEC-40 DV10.8 a name that is there',
    'vec.test.',
    'host.wild.vec.test.',
    'wild.vec.test.',
    'host.wild.vec.test. *.wild.vec.test.',
    'unproved',
  ],
  ['DNSSEC-40 another encloser', 'vec.test.', 'foo.wild.vec.test.', 'vec.test.', '*.wild.vec.test.', 'unproved'],
  [
    'DNSSEC-40 below a name that is there',
    'vec.test.',
    'x.host.wild.vec.test.',
    'wild.vec.test.',
    'host.wild.vec.test.',
    'unproved',
  ],
  ['DNSSEC-40 empty non-terminal', 'vec.test.', 'ent.vec.test.', 'vec.test.', 'dn.vec.test.', 'unproved'],
  ['DNSSEC-56', 'n3.test.', 'foo.wild.n3.test.', 'wild.n3.test.', 'b067so', 'secure proved'],
  ['DNSSEC-56 another record', 'n3.test.', 'foo.wild.n3.test.', 'wild.n3.test.', '842t23', 'unproved'],
  ['DNSSEC-56 a name that is there', 'n3.test.', 'host.wild.n3.test.', 'wild.n3.test.', '30mpq3 vquh3b', 'unproved'],
  ['DNSSEC-56 no ancestor', 'n3.test.', 'foo.wild.n3.test.', 'mx1.n3.test.', 'b067so', 'unproved'],
  ['DNSSEC-56 the name itself', 'n3.test.', 'foo.wild.n3.test.', 'foo.wild.n3.test.', 'b067so', 'unproved'],
  ['DNSSEC-56 above the zone', 'n3.test.', 'nx.n3.test.', 'test.', 'b067so', 'unproved'],
  ['DNSSEC-40 opt-out', 'oo.test.', 'foo.wild.oo.test.', 'wild.oo.test.', 'nbsq2s', 'insecure proved'],
]
for (const [claim, zone, name, encloser, owners, expected] of wildcards) {
  test(`${claim}: ${name} from *.${encloser} by ${owners === '' ? 'nothing' : owners} is ${expected}`, () => {
    assert.equal(
      show(proveWildcard({ ...optionsFor(zone, name, owners), closestEncloser: nameOf(encloser) })),
      expected,
    )
  })
}
