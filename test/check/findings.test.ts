// Each finding where its fault is planted, and nowhere else: one lab, a domain for each fault.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Verdict } from '../../src/core/check/report.ts'
import { type CheckLab, idsOf, startCheckLab } from '../support/check-lab.ts'

/** A fault in a domain of its own: `D` stands for it in the lines, which come in the place of those of `whole`. */
interface Case {
  readonly what: string
  readonly verdict: Verdict
  readonly ids: readonly string[]
  readonly world: string
}

/** What a domain has where nothing is wrong. Lines that a case gives of the same beginning take their place. */
const whole = [
  'zone D',
  'zone D MX 10 mx.D',
  'zone _25._tcp.mx.D 3600 TLSA 3 1 1 {mx.D.spki.sha256}',
  'zone _25._tcp.mx.D 3600 TLSA 3 1 1 {zeros.32}',
  'host mx.D address=192.0.2.%,2001:db8::%',
  'policy D mode=enforce mx=mx.D max_age=2592000',
  'zone _smtp._tls.D TXT "v=TLSRPTv1; rua=mailto:reports@D"',
]

const cases: readonly Case[] = [
  { what: 'nothing wrong', verdict: 'protected', ids: [], world: '' },
  {
    what: 'a self-signed certificate that TLSA matches, which aykevl/mta-sts fails, without a policy',
    ...{ verdict: 'protected', ids: ['sts-missing'] },
    world: 'host mx.D address=192.0.2.%,2001:db8::% certificate=self-signed\n-policy',
  },
  {
    what: 'TLSA records that do not match',
    ...{ verdict: 'broken', ids: ['dane-sts-disagree', 'tlsa-mismatch'] },
    world: 'zone _25._tcp.mx.D 3600 TLSA 3 1 1 {zeros.32}',
  },
  {
    what: 'a TLSA lookup that is bogus',
    ...{ verdict: 'broken', ids: ['tlsa-lookup-bogus'] },
    world: 'zone _25._tcp.mx.D 3600 TLSA 3 1 1 {mx.D.spki.sha256} bogus',
  },
  {
    what: 'SERVFAIL for TLSA in a signed zone, which is no absence',
    ...{ verdict: 'broken', ids: ['tlsa-lookup-failed'] },
    world: 'zone _25._tcp.mx.D 3600 TLSA 3 1 1 {mx.D.spki.sha256} servfail',
  },
  {
    what: 'SERVFAIL for TLSA in an unsigned zone, which hurts nobody',
    ...{ verdict: 'protected-partly', ids: ['tlsa-failure-harmless'] },
    world: 'zone D signed=no\nzone _25._tcp.mx.D 3600 TLSA 3 1 1 {mx.D.spki.sha256} servfail',
  },
  {
    what: 'TLSA records of usage 1 alone, which mecsa takes for usable',
    ...{ verdict: 'protected-partly', ids: ['tlsa-none-usable'] },
    world: 'zone _25._tcp.mx.D 3600 TLSA 1 1 1 {mx.D.spki.sha256}',
  },
  {
    what: 'no STARTTLS under DANE and a policy',
    ...{ verdict: 'broken', ids: ['starttls-missing', 'sts-without-starttls', 'tlsa-without-starttls'] },
    world: 'host mx.D address=192.0.2.%,2001:db8::% starttls=no',
  },
  {
    what: 'no STARTTLS, and nothing that asks for it',
    ...{ verdict: 'cleartext', ids: ['starttls-missing', 'sts-missing', 'tlsa-missing'] },
    world: 'host mx.D address=192.0.2.%,2001:db8::% starttls=no\n-policy\n-zone _25._tcp',
  },
  {
    what: 'no TLSA records and no policy',
    ...{ verdict: 'opportunistic', ids: ['sts-missing', 'tlsa-missing'] },
    world: '-policy\n-zone _25._tcp',
  },
  {
    what: 'a policy that does not list the host',
    ...{ verdict: 'broken', ids: ['dane-sts-disagree', 'sts-mx-stale', 'sts-mx-unlisted'] },
    world: 'policy D mode=enforce mx=nmx.D max_age=2592000',
  },
  {
    what: 'a wildcard of the policy that would have to stand for two labels, which checkdmarc lets pass',
    ...{ verdict: 'broken', ids: ['dane-sts-disagree', 'sts-mx-stale', 'sts-mx-unlisted'] },
    world: 'policy D mode=enforce mx=*.example max_age=2592000',
  },
  {
    what: 'a policy in mode testing that lists another host',
    ...{ verdict: 'protected', ids: ['sts-mode-testing', 'sts-mx-stale', 'sts-mx-unlisted-testing'] },
    world: 'policy D mode=testing mx=other.D max_age=2592000',
  },
  {
    what: 'a policy in mode testing alone',
    ...{ verdict: 'opportunistic', ids: ['sts-mode-testing', 'tlsa-missing'] },
    world: 'policy D mode=testing mx=mx.D max_age=2592000\n-zone _25._tcp',
  },
  {
    what: 'a policy alone',
    ...{ verdict: 'protected-partly', ids: ['tlsa-missing'] },
    world: '-zone _25._tcp',
  },
  {
    what: 'a certificate for another name under a policy, and DANE matches',
    ...{ verdict: 'broken', ids: ['dane-sts-disagree', 'sts-certificate-name'] },
    world: 'host mx.D address=192.0.2.%,2001:db8::% certificate=wrong-name',
  },
  {
    what: 'a policy that redirects, which checkdmarc and mecsa follow',
    ...{ verdict: 'protected', ids: ['sts-policy-redirect'] },
    world: 'policy D mode=enforce mx=mx.D status=301 location=https://www.D/',
  },
  {
    what: 'a policy that is not there',
    ...{ verdict: 'protected', ids: ['sts-policy-not-found'] },
    world: 'policy D mode=enforce mx=mx.D status=404',
  },
  {
    what: 'a policy host with an expired certificate',
    ...{ verdict: 'protected', ids: ['sts-policy-certificate-expired'] },
    world: 'policy D mode=enforce mx=mx.D certificate=expired',
  },
  {
    what: 'a policy host with a certificate for another name',
    ...{ verdict: 'protected', ids: ['sts-policy-certificate-name'] },
    world: 'policy D mode=enforce mx=mx.D certificate=wrong-name',
  },
  {
    what: 'a policy host that nobody can connect to',
    ...{ verdict: 'protected', ids: ['sts-policy-connect'] },
    world: 'policy D mode=enforce mx=mx.D down',
  },
  {
    what: 'a policy of another media type',
    ...{ verdict: 'protected', ids: ['sts-policy-media-type'] },
    world: 'policy D mode=enforce mx=mx.D type=text/html',
  },
  {
    what: 'a policy without max_age, which checkdmarc never sees',
    ...{ verdict: 'protected', ids: ['sts-policy-max-age'] },
    world: 'policy D body="version: STSv1\\nmode: enforce\\nmx: mx.D\\n"',
  },
  {
    what: 'an id with a hyphen',
    ...{ verdict: 'protected', ids: ['sts-record-id'] },
    world: 'policy D mode=enforce mx=mx.D max_age=2592000 txt="v=STSv1; id=2026-01-01"',
  },
  {
    what: 'a policy that nothing announces',
    ...{ verdict: 'protected', ids: ['sts-policy-without-record'] },
    world: 'policy D mode=enforce mx=mx.D max_age=2592000 txt=none',
  },
  {
    what: 'no TLSRPT record',
    ...{ verdict: 'protected', ids: ['tlsrpt-missing'] },
    world: '-zone _smtp._tls',
  },
  {
    what: 'a TLSRPT record without rua, at which aykevl/mta-sts crashes',
    ...{ verdict: 'protected', ids: ['tlsrpt-no-target'] },
    world: 'zone _smtp._tls.D TXT "v=TLSRPTv1;"',
  },
  {
    what: 'reports to a domain that does not exist',
    ...{ verdict: 'protected', ids: ['tlsrpt-mailbox-unreachable'] },
    world: 'zone _smtp._tls.D TXT "v=TLSRPTv1; rua=mailto:reports@nowhere.D"',
  },
  {
    what: 'a null MX',
    ...{ verdict: 'protected', ids: ['null-mx'] },
    world: 'zone D MX 0 .\n-zone _25._tcp\n-host\n-zone _smtp',
  },
  {
    what: 'a host that greylists at its greeting, which is not "no STARTTLS"',
    ...{ verdict: 'undetermined', ids: ['host-busy', 'sts-missing', 'tlsa-missing'] },
    world: 'host mx.D address=192.0.2.%,2001:db8::% greeting="421 4.7.0 try again later"\n-policy\n-zone _25._tcp',
  },
]

/** The lines of `whole`, with those of the case in their places, and with numbers for its addresses. */
function worldOf({ world }: Case, at: number): string {
  const given = world.split('\n').filter((line) => line !== '')
  const gone = given.flatMap((line) => (line.startsWith('-') ? [line.slice(1)] : []))
  const own = given.filter((line) => !line.startsWith('-'))
  const keyOf = (line: string) =>
    line.replace(/ (?:3600 )?(?:address|signed|mode|mx|body|txt|TLSA|TXT|MX|certificate)\b.*$/, '')
  const replaced = new Set(own.map((line) => keyOf(line) + (/ MX /.test(line) ? ' MX' : '')))
  const kept = whole.filter((line) => {
    const key = keyOf(line) + (/ MX /.test(line) ? ' MX' : '')
    return !replaced.has(key) && !gone.some((one) => line.startsWith(one))
  })
  const lines = [...kept, ...own].toSorted((one, other) => rank(one) - rank(other))
  return lines
    .join('\n')
    .replaceAll(/\bD\b/g, `d${at}.example`)
    .replaceAll('%', String(at + 100))
}

/** Zones first, so that records have one to stand in. */
function rank(line: string): number {
  return /^zone D( signed=\S+)?$/.test(line) ? 0 : 1
}

let lab: CheckLab

before(async () => {
  lab = await startCheckLab(cases.map(worldOf).join('\n\n'))
})
after(() => lab.close())

for (const [at, { what, verdict, ids }] of cases.entries()) {
  test(`${what}: ${verdict}`, async () => {
    const report = await lab.check(`d${at}.example`)
    assert.deepEqual(idsOf(report), [...ids].sort(), JSON.stringify(report.findings, undefined, 1))
    assert.equal(report.verdict, verdict, report.why.join('; '))
    for (const { title, rfc, help, id } of report.findings) {
      assert.match(title, /[^.]$/)
      assert.match(rfc, /^RFC \d+ §/)
      assert.equal(help, `docs/findings/${id}.md`)
    }
  })
}
