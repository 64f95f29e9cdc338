import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordsFrom, zoneName } from '../../../test/support/changes.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { keyOf } from '../../../test/support/tsig.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { Resolution } from '../../core/dnssec/resolution.ts'
import { createNetwork } from '../network-node.ts'
import type { Resolver } from '../resolver/resolver.ts'
import { Stop } from '../stop.ts'
import { findUpdateServer } from './update-server.ts'
import { updateWriter } from './update-writer.ts'

const zone = zoneName('example.org.')
const signal = new Stop()

/** A world whose zones have these SOA records. */
function resolverOf(text: string, soa = 'example.org. 60 SOA ns1.example.org. hostmaster. 1 2 3 4 5'): Resolver {
  const resolver = fakeResolver(text)
  return {
    ...resolver,
    async resolve(name, type, options): Promise<Resolution> {
      const found = await resolver.resolve(name, type, options)
      if (type !== TYPE.SOA || found.kind === 'failure' || soa === '') return found
      const [record] = recordsFrom(soa)
      return { ...found, kind: 'answer', records: [record], canonicalName: record.name }
    },
  }
}

test('updates go to the primary server of the SOA record, at all its addresses, chosen by a stranger', async () => {
  const resolver = resolverOf('insecure ns1.example.org. A 192.0.2.1\ninsecure ns1.example.org. AAAA 2001:db8::1')
  assert.deepEqual(await findUpdateServer(zone, undefined, { resolver, signal }), {
    kind: 'found',
    endpoints: [
      { address: '2001:db8::1', port: 53 },
      { address: '192.0.2.1', port: 53 },
    ],
    chosenBy: 'stranger',
  })
})

test('updates go to the server that our operator names, by name or by address, whatever the SOA record says', async () => {
  const resolver = resolverOf('insecure hidden.example.net. A 10.0.0.1')
  const named = await findUpdateServer(zone, { host: 'hidden.example.net', port: 5353 }, { resolver, signal })
  const expected = { kind: 'found', endpoints: [{ address: '10.0.0.1', port: 5353 }], chosenBy: 'operator' }
  assert.deepEqual(named, expected)
  assert.deepEqual(await findUpdateServer(zone, { host: '10.0.0.1', port: 5353 }, { resolver, signal }), expected)
})

const none: [what: string, resolver: Resolver, reason: RegExp, host?: string][] = [
  ['a zone that is none', resolverOf('', ''), /^example\.org\. is no zone: it has no SOA record$/],
  [
    'a name that is an alias to a zone',
    resolverOf('', 'example.net. 60 SOA ns1.example.net. h. 1 2 3 4 5'),
    /is no zone: it has no SOA record$/,
  ],
  ['a primary server that is nobody', resolverOf('', 'example.org. 60 SOA . . 1 2 3 4 5'), /names no server$/],
  ['a primary server that is no host', resolverOf('', 'example.org. 60 SOA a\\032b. . 1 2 3 4 5'), /names no server$/],
  ['a primary server without address', resolverOf(''), /ns1\.example\.org has no address/],
  ['a primary server that cannot be looked up', resolverOf('servfail ns1.example.org. A'), /no address of .* found: /],
  ['a lookup that is bogus', resolverOf('bogus example.org. SOA', ''), /is not known: .*bogus/],
  ['a named host that is none', resolverOf(''), /^"a\\x1bb" is no server$/, 'a\x1bb'],
  ['a named host without address', resolverOf(''), /ns9\.example\.org has no address/, 'ns9.example.org'],
]
for (const [what, resolver, reason, host] of none) {
  test(`nobody is asked for ${what}`, async () => {
    const named = host === undefined ? undefined : { host, port: 53 }
    const found = await findUpdateServer(zone, named, { resolver, signal })
    assert.ok(found.kind === 'none')
    assert.match(found.reason, reason)
    assert.match(found.advice, /--update-server/)
  })
}

test('an SOA record does not lead to private addresses', async () => {
  const writer = updateWriter({
    ...{ network: createNetwork(), resolver: resolverOf('insecure ns1.example.org. A 127.0.0.1') },
    ...{ clock: { now: () => 0 }, randomId: () => 1, key: keyOf(), server: undefined },
  })
  const outcome = await writer.write({ zone, remove: [], add: recordsFrom('example.org. 60 TXT "x"') })
  assert.ok(outcome.kind === 'failed')
  assert.deepEqual([outcome.why, outcome.mayBeWritten], ['no-server', false])
  assert.match(outcome.reason, /^127\.0\.0\.1 is no public address$/)
})
