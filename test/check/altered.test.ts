// Findings whose faults a lab cannot plant: facts of a domain with which nothing is wrong, and then something is.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { CheckFacts } from '../../src/core/check/check-facts.ts'
import { checkReport } from '../../src/core/check/check-report.ts'
import { findingRegistry } from '../../src/core/check/findings/registry.ts'
import type { Verdict } from '../../src/core/check/report.ts'
import { type CheckLab, idsOf, startCheckLab } from '../support/check-lab.ts'
import {
  type Alter,
  denialFor,
  failedKey,
  failing,
  failureFor,
  isSix,
  notConnected,
  parameters,
  remembered,
  reply,
  served,
  slowKey,
  stranger,
  withHostLookups,
  withLook,
  withProbes,
  withServers,
  withSts,
  withTalk,
} from './alter.ts'
import { whole } from './faults/fault.ts'
import { faults } from './faults.ts'

let lab: CheckLab
let facts: CheckFacts
/** Of a domain whose TLSA records are of its own authority. */
let ownAuthority: CheckFacts

before(async () => {
  const lines = whole.map((line) => line.replaceAll(/\bD\b/g, 'a.example').replaceAll('%', '1'))
  const own = [
    ...['zone b.example', 'zone b.example MX 10 mx.b.example', 'host mx.b.example certificate=dane-ta'],
    'zone _25._tcp.mx.b.example TLSA 2 0 1 {mx.b.example.root.cert.sha256}',
  ]
  lab = await startCheckLab([...lines, ...own].join('\n'))
  facts = await lab.gather('a.example')
  ownAuthority = await lab.gather('b.example')
})
after(() => lab.close())

const altered: [what: string, verdict: Verdict, ids: string, alter: Alter][] = [
  ['nothing', 'protected', '', (whole1) => whole1],
  [
    'name servers that cannot be found from here',
    'protected',
    'servers-unanswered',
    ({ servers = [], ...rest }) => ({
      ...rest,
      servers: servers.map((one) => ({ ...one, servers: [], zone: undefined, failed: 'no root server answers' })),
    }),
  ],
  [
    'an answer that needs TCP',
    'protected',
    'answer-over-tcp',
    (whole1) => ({ ...whole1, overTcp: [{ name: 'a.example.', type: 'TXT' }] }),
  ],
  [
    'a name server with other TLSA records',
    'protected',
    'tlsa-differs-between-servers',
    withServers('tlsa', () => [{ records: ['3 1 1 00'] }]),
  ],
  [
    'a name server with other MX records',
    'protected',
    'servers-differ',
    withServers('mx', () => [{ records: ['10 old.a.example.'] }]),
  ],
  [
    'a name server whose signatures are wrong',
    'protected',
    'server-bogus',
    withServers('mx', () => [{ says: 'bogus', records: [], reason: 'it ended' }]),
  ],
  [
    'a name server that refuses',
    'protected',
    'server-useless',
    withServers('mx', () => [{ says: 'useless', records: [], reason: 'answers REFUSED' }]),
  ],
  [
    'a name server without an address',
    'protected',
    'server-without-address',
    withServers('mx', () => [{ says: 'no-address', address: undefined, records: [] }]),
  ],
  [
    'a name server that is silent, and others are not',
    'protected',
    'server-silent',
    withServers('mx', () => [{ says: 'silent', records: [], reason: 'timeout' }]),
  ],
  [
    'name servers that are all silent, since port 53 is closed here',
    ...(['protected', 'servers-unanswered'] as const),
    ({ servers = [], ...rest }) => ({
      ...rest,
      servers: servers.map((one) => ({
        ...one,
        servers: one.servers.map((says) => ({ ...says, says: 'silent', records: [] }) as const),
      })),
    }),
  ],
  [
    'a policy host that turns libraries away',
    'protected',
    'sts-policy-user-agent',
    withLook(failing('http-status'), 'library'),
  ],
  [
    'a policy host that serves browsers alone',
    ...(['protected', 'sts-policy-http-status sts-policy-user-agent'] as const),
    withSts(({ fetches }) => ({
      fetches: fetches.map((look) =>
        look.as === 'library' ? { ...look, as: 'browser' } : { ...look, ...failing('http-status'), status: 403 },
      ),
    })),
  ],
  [
    'addresses of the policy host that serve different policies',
    ...(['protected', 'sts-policy-addresses-differ'] as const),
    withSts(({ fetches }) => ({
      fetches: [
        ...fetches,
        ...fetches.map((look) => ({
          ...look,
          address: '2001:db8::5',
          ...served('version: STSv1\nmode: enforce\nmx: mx.a.example\nmx: x.a.example\nmax_age: 2592000\n'),
        })),
      ],
    })),
  ],
  ['a policy that is over 64 KiB', 'protected', 'sts-policy-too-large', withLook(failing('too-large'))],
  ['a policy that is cut short', 'protected', 'sts-policy-http', withLook(failing('truncated'))],
  ['a policy host that is slow', 'protected', 'sts-policy-timeout', withLook(failing('timeout'))],
  ['a policy host without TLS', 'protected', 'sts-policy-tls', withLook(failing('tls'))],
  [
    'a policy host that cannot be looked up',
    ...(['protected', 'sts-policy-host-lookup-failed'] as const),
    withSts(({ addresses }) => ({ fetches: [], addresses: addresses.map((lookup) => failureFor(lookup, 'servfail')) })),
  ],
  [
    'a policy kept from before that does not list the host',
    'broken',
    'sts-cached-policy-mx',
    remembered('old.a.example', 'before'),
  ],
  ['a policy that changed under the same id', 'protected', 'sts-id-unchanged', remembered('*.a.example')],
  [
    'a TLSA lookup that timed out here',
    ...(['undetermined', 'tlsa-lookup-unanswered'] as const),
    ({ mail, ...rest }) => ({
      ...rest,
      mail: mail && {
        ...mail,
        hosts: mail.hosts.map(
          (host) =>
            ({
              ...host,
              tlsa: {
                row: 'H8',
                reason: 'timeout',
                lookups: host.tlsa.lookups.map((one) => failureFor(one, 'timeout')),
              },
            }) as const,
        ),
      },
    }),
  ],
  [
    'SERVFAIL for the addresses of a host',
    ...(['broken', 'mx-host-lookup-failed'] as const),
    ({ mail, ...rest }) => ({
      ...rest,
      mail: mail && {
        ...mail,
        hosts: mail.hosts.map(
          (host) =>
            ({
              ...host,
              tlsa: { row: 'H2', lookups: [] },
              addresses: {
                kind: 'failed',
                reason: 'servfail',
                lookups: host.addresses.lookups.map((one) => failureFor(one, 'servfail')),
              },
            }) as const,
        ),
      },
    }),
  ],
  [
    'name servers that deny what stands above the TLSA records',
    ...(['protected', 'tlsa-parent-denied'] as const),
    ({ hosts = [], ...rest }) => ({
      ...rest,
      hosts: hosts.map((host) => ({ ...host, parent: host.parent && denialFor(host.parent) })),
    }),
  ],
  [
    'signatures that end in an hour',
    ...(['protected', 'signatures-end-soon'] as const),
    (whole1, now) =>
      withHostLookups((lookup) =>
        lookup.kind === 'failure'
          ? lookup
          : { ...lookup, evidence: { ...lookup.evidence, expiration: Math.floor(now / 1000) + 3600 } },
      )(whole1, now),
  ],
  [
    'keys that the parent vouches for by SHA-1',
    ...(['protected', 'dnssec-ds-sha1'] as const),
    (whole1, now) =>
      withHostLookups((lookup) => {
        if (lookup.kind === 'failure') return lookup
        const chain = lookup.evidence.chain.map((link) => ({
          ...link,
          ds: link.ds.map((ds) => ({ ...ds, digestType: 1 })),
        }))
        return { ...lookup, evidence: { ...lookup.evidence, chain } }
      })(whole1, now),
  ],
  [
    'a host that nobody answers at over IPv6, refused',
    'protected',
    'ipv6-unreachable host-refuses-connections',
    withProbes((probe) => (isSix(probe) ? notConnected('refused') : probe.outcome)),
  ],
  [
    'no IPv6 where this runs',
    'protected',
    'vantage-without-ipv6',
    withProbes((probe) => (isSix(probe) ? notConnected('unreachable') : probe.outcome)),
  ],
  [
    'a private address',
    'protected',
    'host-private-address',
    withProbes((probe) => (isSix(probe) ? notConnected('forbidden') : probe.outcome)),
  ],
  [
    'a connection that times out, which is never "no TLS"',
    'undetermined',
    'vantage-without-smtp',
    withProbes(() => notConnected('timeout')),
  ],
  [
    'one address that times out',
    'protected',
    'host-unanswered',
    withProbes((probe) => (isSix(probe) ? notConnected('timeout') : probe.outcome)),
  ],
  [
    'an injection that is obeyed',
    ...(['protected', 'caa-missing ehlo-extensions starttls-injection'] as const),
    withTalk((talk) => ({
      parameters: {
        ...parameters(talk),
        commandInjection: { kind: 'told', value: { kind: 'answered-inside', reply: reply(250, 'ok') } },
      },
    })),
  ],
  [
    'offers that come and go',
    'protected',
    'starttls-offer-changes',
    withTalk(() => ({ offers: ['offered', 'absent', 'unknown'] })),
  ],
  [
    'a command that was changed on the way',
    ...(['protected', 'starttls-command-changed'] as const),
    withTalk(({ startTls }) => ({
      startTls: { ...startTls, answer: { kind: 'mangled', reply: reply(500, 'XXXXXXXX?'), received: 'XXXXXXXX' } },
    })),
  ],
  [
    'TLS that is not offered and works',
    'broken',
    'starttls-hidden starttls-missing sts-without-starttls tlsa-without-starttls',
    withTalk(({ startTls }) => ({ startTls: { ...startTls, offer: { kind: 'absent' } } })),
  ],
  [
    'a host that calls itself localhost, and one that knows no EHLO',
    ...(['protected', 'ehlo-name ehlo-refused'] as const),
    withTalk(({ ehlo }) => ({
      ehlo: ehlo.kind === 'answered' ? { ...ehlo, verb: 'HELO', name: 'localhost', nameFault: 'localhost' } : ehlo,
    })),
  ],
  [
    'a handshake that fails under both',
    'broken',
    'starttls-handshake-fails sts-without-handshake tlsa-without-handshake',
    withTalk(() => ({ keys: { rsa: failedKey, ecdsa: failedKey } })),
  ],
  [
    'a handshake that nobody waited for',
    'undetermined',
    'host-unanswered',
    withTalk(() => ({ keys: { rsa: slowKey, ecdsa: slowKey } })),
  ],
  [
    'another certificate at one address',
    ...(['protected-partly', 'sts-certificate-name tlsa-mismatch-on-some-addresses'] as const),
    (whole1) =>
      withProbes((probe) => {
        const { outcome } = probe
        if (!isSix(probe) || outcome.kind !== 'talked' || outcome.keys.ecdsa.kind !== 'presented') return outcome
        const { handshake } = outcome.keys.ecdsa
        const ecdsa = { kind: 'presented', handshake: { ...handshake, chain: [stranger(whole1)] } } as const
        return { ...outcome, keys: { ...outcome.keys, ecdsa } }
      })(whole1, 0),
  ],
  [
    'one address without TLS',
    ...([
      'protected-partly',
      'starttls-missing starttls-on-some-addresses sts-without-starttls tlsa-without-starttls',
    ] as const),
    withProbes((probe) => {
      const { outcome } = probe
      if (!isSix(probe) || outcome.kind !== 'talked') return outcome
      const none = { offer: { kind: 'absent' }, answer: { kind: 'refused', reply: reply(502, 'no') } } as const
      return {
        ...outcome,
        startTls: none,
        keys: { rsa: { kind: 'no-tls', startTls: none }, ecdsa: { kind: 'no-tls', startTls: none } },
      }
    }),
  ],
]

/** Where each case says how facts are altered, and this one needs others. */
test('dane-ta-chain: a chain that does not lead to the authority of the TLSA records', () => {
  const { hosts = [] } = ownAuthority
  const anchored = hosts.map((host) => ({
    ...host,
    anchored: host.anchored.map((chain) => ({ ...chain, chainError: 'CERT_SIGNATURE_FAILURE' })),
  }))
  const report = checkReport({ ...ownAuthority, hosts: anchored }, lab.lab.clock.now())
  assert.equal(report.findings[0]?.id, 'dane-ta-chain')
  assert.equal(report.verdict, 'broken')
})

for (const [what, verdict, ids, alter] of altered) {
  test(`${what}: ${verdict}`, () => {
    const now = lab.lab.clock.now()
    const report = checkReport(alter(facts, now), now)
    assert.deepEqual(
      idsOf(report),
      ids === '' ? [] : ids.split(' ').sort(),
      JSON.stringify(report.findings, undefined, 1),
    )
    assert.equal(report.verdict, verdict, report.why.join('; '))
    assert.deepEqual(JSON.parse(JSON.stringify(report)), report)
  })
}

test('every finding that there is is found in some test', () => {
  const found = new Set(['dane-ta-chain', ...[...faults, ...altered].flatMap(([, , ids]) => ids.split(' '))])
  // Those about TLS have a test of their own.
  const missing = findingRegistry.filter(({ id, section }) => section !== 'tls' && !found.has(id)).map(({ id }) => id)
  assert.deepEqual(missing, [])
})

test('every finding has a title without a full stop and a section of an RFC, and ids are each other’s no doubles', () => {
  const ids = findingRegistry.map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
  for (const { id, title, rfc } of findingRegistry) {
    assert.match(id, /^[a-z0-9]+(-[a-z0-9]+)*$/)
    assert.match(title, /^[A-Z].*[^.]$/)
    assert.match(rfc, /^RFC \d+ §\d+(\.\d+)*$/)
  }
})
