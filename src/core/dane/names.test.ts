import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { TYPE } from '../dns/types.ts'
import { nameOfDomain } from '../name/domain.ts'
import { baseDomains, type NamesOptions, referenceIdentifiers } from './names.ts'

/** Candidates for h.example in a world of text. */
async function candidates(world: string, types: readonly number[] = [TYPE.A, TYPE.AAAA]): Promise<string[]> {
  const resolver = fakeResolver(world)
  const host = domain('h.example')
  const lookups = await Promise.all(types.map((type) => resolver.resolve(nameOfDomain(host), type)))
  return baseDomains(host, lookups)
}

const worlds: [why: string, world: string, candidates: string[]][] = [
  ['V-CAND 1: no alias, secure addresses', 'secure h.example. A 192.0.2.1', ['h.example']],
  ['V-CAND 2: no alias, insecure addresses', 'insecure h.example. A 192.0.2.1\ninsecure example. *', []],
  [
    'V-CAND 3: a secure alias of a secure host',
    'secure h.example. CNAME f.example.\nsecure f.example. A 192.0.2.1',
    ['f.example', 'h.example'],
  ],
  [
    'V-CAND 5: names in the middle are no candidates',
    'secure h.example. CNAME m.example.\nsecure m.example. CNAME f.example.\nsecure f.example. A 192.0.2.1',
    ['f.example', 'h.example'],
  ],
  [
    'V-CAND 6: a secure alias of an insecure host',
    'secure h.example. CNAME f.test.\ninsecure f.test. A 192.0.2.1\ninsecure test. *',
    ['h.example'],
  ],
  [
    'DANE-26: the first alias decides when a later one is insecure',
    'secure h.example. CNAME m.test.\ninsecure m.test. CNAME f.example.\nsecure f.example. A 192.0.2.1',
    ['h.example'],
  ],
  [
    'V-CAND 7: an insecure alias of a secure host',
    'insecure h.example. CNAME f.test.\nsecure f.test. A 192.0.2.1\ninsecure example. *',
    [],
  ],
  [
    'V-CAND 7: an insecure alias of an insecure host',
    'insecure h.example. CNAME f.test.\ninsecure f.test. A 192.0.2.1\ninsecure example. *\ninsecure test. *',
    [],
  ],
  ['DANE-28: both families secure', 'secure h.example. A 192.0.2.1\nsecure h.example. AAAA 2001:db8::1', ['h.example']],
  ['DANE-28: one family insecure', 'secure h.example. A 192.0.2.1\ninsecure h.example. AAAA 2001:db8::1', []],
  ['DANE-28: the other family insecurely denied', 'secure h.example. A 192.0.2.1\ninsecure example. *', []],
  ['DANE-28: only IPv6', 'secure h.example. AAAA 2001:db8::1', ['h.example']],
  [
    'an alias whose target is no host name',
    'secure h.example. CNAME -.example.\nsecure -.example. A 192.0.2.1',
    ['h.example'],
  ],
]

for (const [why, world, expected] of worlds) {
  test(`DANE-35, ${why}`, async () => assert.deepEqual(await candidates(world), expected))
}

test('DANE-35, no lookups, no candidates', async () => {
  assert.deepEqual(await candidates('secure h.example. A 192.0.2.1', []), [])
})

test('DANE-35, one family alone decides where the other is not looked up', async () => {
  const world = 'secure h.example. A 192.0.2.1\ninsecure h.example. AAAA 2001:db8::1'
  assert.deepEqual(await candidates(world, [TYPE.A]), ['h.example'])
})

interface Situation extends Partial<Omit<NamesOptions, 'nextHop' | 'expanded' | 'host' | 'baseDomain'>> {
  readonly nextHop?: string
  readonly expanded?: string
  readonly host: string
  readonly base?: string
}

function identifiers({ nextHop, expanded, host, base = host, mx }: Situation): string[] {
  return referenceIdentifiers({
    nextHop: nextHop === undefined ? undefined : domain(nextHop),
    expanded: expanded === undefined ? undefined : domain(expanded),
    mx,
    host: domain(host),
    baseDomain: domain(base),
  })
}

const orders = { nextHop: 'orders.example', expanded: 'hub.example', mx: 'secure' } as const

const accepted: [why: string, situation: Situation, names: string[]][] = [
  ['V-REF mxa', { ...orders, host: 'mxa.hub.example' }, ['mxa.hub.example', 'orders.example', 'hub.example']],
  [
    'V-REF mxb: an alias with TLSA records at the alias',
    { ...orders, host: 'mxb.hub.example' },
    ['mxb.hub.example', 'orders.example', 'hub.example'],
  ],
  [
    'V-REF mxc: an alias with TLSA records at its target',
    { ...orders, host: 'mxc.hub.example', base: 'back.provider.test' },
    ['back.provider.test', 'orders.example', 'hub.example'],
  ],
  [
    'V-REF: insecure MX records, the MX host alone',
    { ...orders, mx: 'insecure', host: 'mxa.hub.example' },
    ['mxa.hub.example'],
  ],
  [
    'insecure MX records, and an alias: the host as the record names it',
    { ...orders, mx: 'insecure', host: 'mxc.hub.example', base: 'back.provider.test' },
    ['mxc.hub.example'],
  ],
  [
    'V-REF solo: an alias without MX records',
    { nextHop: 'solo.example', expanded: 'srv.example', mx: 'secure', host: 'srv.example' },
    ['srv.example', 'solo.example'],
  ],
  [
    'secure MX records, no alias',
    { nextHop: 'example.org', mx: 'secure', host: 'mx.example.org' },
    ['mx.example.org', 'example.org'],
  ],
  ['no MX records and no alias', { nextHop: 'example.org', mx: 'secure', host: 'example.org' }, ['example.org']],
  ['a relay', { nextHop: 'relay.example', host: 'relay.example' }, ['relay.example']],
  [
    'a relay behind an alias',
    { nextHop: 'relay.example', host: 'relay.example', base: 'back.example' },
    ['back.example', 'relay.example'],
  ],
  ['an address', { host: 'mx.example.org' }, ['mx.example.org']],
]

for (const [why, situation, names] of accepted) {
  test(`DANE-60, ${why}`, () => assert.deepEqual(identifiers(situation), names))
}
