import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../../test/support/domain.ts'
import { limits } from '../../../core/limits.ts'
import { type AgentKind, createFetchLedger, networkOf } from './fetch-ledger.ts'

const a = domain('a.example')

const agents: [agent: string | undefined, kind: AgentKind][] = [
  [undefined, 'none'],
  ['Mozilla/5.0 (compatible; Google-SMTP-STS/1.0)', 'google'],
  ['waxseal/0.1.0', 'waxseal'],
  ['postfix-mta-sts-resolver/1.4.0', 'postfix-mta-sts-resolver'],
  ['mox/v0.0.15', 'mox'],
  ['curl/8.5.0', 'curl'],
  ['Go-http-client/1.1', 'go'],
  ['Mozilla/5.0 (X11; Linux x86_64)', 'browser'],
  ['\u0000"\\n', 'other'],
]
for (const [agent, kind] of agents) {
  test(`a client that calls itself ${JSON.stringify(agent)} counts as ${kind}`, () => {
    const ledger = createFetchLedger(() => 0)
    ledger.fetched(a, '192.0.2.1', agent)
    assert.equal(ledger.byAgent.get(kind), 1)
  })
}

const networks: [client: string, network: string][] = [
  ['192.0.2.77', '192.0.2.0/24'],
  ['::ffff:192.0.2.77', '192.0.2.0/24'],
  ['2001:db8:1:2::3', '2001:db8:1::/48'],
  ['20010db800010002::/64', '2001:db8:1::/48'],
  ['unix', 'unix'],
]
for (const [client, network] of networks)
  test(`${client} is of ${network}`, () => assert.equal(networkOf(client), network))

test('domains beyond so many are counted together, and networks beyond so many forgotten: memory stays flat', () => {
  const { countedDomains, networks: most } = limits.policyServer
  let now = 0
  const ledger = createFetchLedger(() => ++now)
  for (let number = 0; number < countedDomains + 5; number++)
    ledger.fetched(domain(`d${number}.example`), '192.0.2.1', 'x')
  assert.equal(ledger.byDomain.size, countedDomains + 1)
  assert.equal(ledger.byDomain.get('other'), 5)
  ledger.fetched(domain('d0.example'), '192.0.2.1', 'x')
  assert.equal(ledger.byDomain.get('d0.example'), 2)
  for (let number = 0; number < most + 5; number++) {
    ledger.fetched(a, `10.${number >> 8}.${number & 255}.1`, `agent ${number}`)
  }
  const list = ledger.networks()
  assert.equal(list.length, most)
  assert.deepEqual(list[0], {
    ...{ network: `10.${(most + 4) >> 8}.${(most + 4) & 255}.0/24`, fetches: 1, lastAt: now },
    ...{ lastDomain: a, lastAgent: 'other' },
  })
  assert.equal(
    [...ledger.byAgent.values()].reduce((sum, count) => sum + count),
    countedDomains + 6 + most + 5,
  )
})
