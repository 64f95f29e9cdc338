import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { nameOfText } from '../../../test/support/records.ts'
import type { Denial } from '../dnssec/resolution.ts'
import type { CheckFacts, ServersFinding } from './check-facts.ts'
import { ownersIn } from './owners.ts'

function asked(name: string, zone: string, ...servers: readonly string[]): ServersFinding {
  const says = servers.map((server) => ({
    ...({
      server,
      address: '192.0.2.1',
      serial: 1,
      says: 'answer',
      status: 'secure',
      records: [],
      ttl: 60,
      reason: undefined,
    } as const),
  }))
  return { topic: 'mx', name, type: 'MX', zone, failed: undefined, servers: says, left: 0 }
}

function factsWith(servers: readonly ServersFinding[] | undefined, policyTarget?: string): CheckFacts {
  const name = nameOfText('mta-sts.example.org.')
  const target = policyTarget === undefined ? name : nameOfText(policyTarget)
  const evidence = { chain: [], signer: undefined, server: undefined, cached: false, reason: undefined }
  const aliases = policyTarget === undefined ? [] : [{ owner: name, target, via: 'CNAME', status: 'secure' } as const]
  const lookup: Denial = {
    ...{ kind: 'nodata', name, type: 1, status: 'secure', canonicalName: target, aliases, ttl: 60, evidence },
  }
  return {
    ...{ domain: domain('example.org'), at: 0, smtpPort: 25, tlsProfile: 'rfc9325', overTcp: [], leftOut: [] },
    ...{ mail: undefined, reporting: undefined, hosts: undefined, servers },
    sts: {
      ...{ policyHost: domain('mta-sts.example.org'), record: undefined, apex: lookup, beside: undefined },
      ...{ addresses: [lookup], fetches: [], remembered: undefined },
    },
  }
}

const own = asked('example.org', 'example.org', 'ns1.example.org', 'ns2.example.org')

test('a host in the domain’s own zone is yours, and one in another your mail provider’s', () => {
  const owners = ownersIn(
    factsWith([own, asked('mx.example.org', 'example.org'), asked('mx1.mail.provider.net', 'provider.net')]),
  )
  assert.deepEqual(owners.host('mx.example.org'), { who: 'you', whoseName: null })
  assert.deepEqual(owners.host('mx1.mail.provider.net'), { who: 'your mail provider', whoseName: 'provider.net' })
})

test('a zone below or above the domain’s is of the same owner, and one that only ends alike is not', () => {
  const owners = ownersIn(
    factsWith([own, asked('a.mail.example.org', 'mail.example.org'), asked('mx.notexample.org', 'notexample.org')]),
  )
  assert.equal(owners.host('a.mail.example.org').who, 'you')
  assert.equal(owners.host('mx.notexample.org').who, 'your mail provider')
})

test('name servers elsewhere are your DNS host’s, who must mend signatures, and not records', () => {
  const owners = ownersIn(factsWith([asked('example.org', 'example.org', 'ns1.dns.example', 'ns2.dns.example')]))
  assert.deepEqual(owners.dns('example.org'), { who: 'your DNS host', whoseName: 'ns1.dns.example' })
  assert.deepEqual(owners.records, { who: 'you', whoseName: null })
  assert.deepEqual(ownersIn(factsWith([own])).dns('example.org').who, 'you')
})

test('what is wrong with the zone of somebody else’s host, somebody else must mend', () => {
  const owners = ownersIn(factsWith([own, asked('mx.provider.net', 'provider.net', 'ns.provider.net')]))
  assert.equal(owners.dns('mx.provider.net').who, 'your mail provider')
})

test('RFC 8461 §8.2: a policy host that is an alias is whom it leads to', () => {
  assert.deepEqual(ownersIn(factsWith([own], 'policies.host.example.')).policyHost, {
    ...{ who: 'your web host', whoseName: 'policies.host.example' },
  })
  assert.equal(ownersIn(factsWith([own])).policyHost.who, 'you')
  assert.equal(ownersIn(factsWith([own], 'www.example.org.')).policyHost.who, 'you')
})

test('where no zone is known, names decide', () => {
  const owners = ownersIn(factsWith(undefined))
  assert.equal(owners.host('mx.example.org').who, 'you')
  assert.equal(owners.host('mx.provider.net').who, 'your mail provider')
})
