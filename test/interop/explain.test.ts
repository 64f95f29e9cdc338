// What `waxseal explain` says of domains whose records, mail hosts and policies are served by other people's programs.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ExplainReport, HostReport } from '../../src/programs/cli/explain-report.ts'
import { addresses as at } from './addresses.ts'
import { openStage, run } from './servers.ts'
import { iterateIn, type Run, waxseal } from './waxseal.ts'
import { buildWorld, type InteropWorld } from './world.ts'

const stage = openStage()
let world: InteropWorld
let store: string

before(async () => {
  world = await buildWorld(stage, { mail: true })
  store = join(stage.folder, 'policies.db')
})

after(() => stage.stop())

function explain(domain: string, ...more: readonly string[]): Promise<Run> {
  return waxseal(['explain', ...iterateIn(world), '--ca-file', world.authority, ...more, domain])
}

type Report = ExplainReport & { readonly exit: number | null }

async function report(domain: string, ...more: readonly string[]): Promise<Report> {
  return read(await explain(domain, '--json', ...more))
}

function read({ status, stdout, stderr }: Run): Report {
  assert.equal(stderr, '')
  assert.match(stdout, /^[^\n]+\n$/)
  return { ...(JSON.parse(stdout) as ExplainReport), exit: status }
}

interface Expectation {
  readonly domain: string
  readonly exit: number
  readonly outcome: ExplainReport['outcome']
  readonly protection: string
  /** Of the domain, of each host, of the policy. */
  readonly rows: readonly string[]
  readonly tls: readonly HostReport['tls'][]
  /** The sentence, without the time to which it holds. */
  readonly summary: string
  readonly reason?: RegExp
  readonly advice?: RegExp
}

const opportunistic = 'encrypted where TLS is offered, which an attacker on the way can prevent'

const expectations: readonly Expectation[] = [
  {
    ...{ domain: 'dane.example', exit: 0, outcome: 'deliver', protection: 'authenticated' },
    ...{ rows: ['M5', 'H5', 'S1'], tls: ['dane'] },
    summary: 'Mail to dane.example goes only to mx.dane.example, authenticated by DANE.',
  },
  {
    ...{ domain: 'anchored.example', exit: 0, outcome: 'deliver', protection: 'authenticated' },
    ...{ rows: ['M5', 'H5', 'S1'], tls: ['dane'] },
    summary: 'Mail to anchored.example goes only to mx.anchored.example, authenticated by DANE.',
  },
  {
    ...{ domain: 'forged.example', exit: 75, outcome: 'defer', protection: 'none' },
    ...{ rows: ['M5', '1', 'S1'], tls: [null] },
    summary: 'Mail to forged.example waits: no MX host may be used now.',
    reason: /TLSA lookup failed: signature 13\/\d+ over TLSA of _25\._tcp\.mx\.forged\.example\. does not verify/,
    advice: /zone forged\.example\. must mend its signatures/,
  },
  {
    ...{ domain: 'unusable.example', exit: 0, outcome: 'deliver', protection: 'encrypted' },
    ...{ rows: ['M5', 'H6', 'S1'], tls: ['encrypt'] },
    summary: 'Mail to unusable.example goes only to mx.unusable.example, always encrypted, not always authenticated.',
    advice: /mx\.unusable\.example must publish a TLSA record that senders can use/,
  },
  {
    ...{ domain: 'hosted.example', exit: 0, outcome: 'deliver', protection: 'host-authenticated' },
    ...{ rows: ['M6', 'H5', 'S1'], tls: ['dane'] },
    summary:
      'Mail to hosted.example goes only to mx.dane.example, each host authenticated by DANE, though nothing proves that the domain names it.',
  },
  {
    ...{ domain: 'sts.example', exit: 0, outcome: 'deliver', protection: 'authenticated' },
    ...{ rows: ['M6', 'H4', 'S4'], tls: ['pkix'] },
    summary: 'Mail to sts.example goes only to mx.sts.example, authenticated by MTA-STS.',
  },
  {
    ...{ domain: 'unlisted.example', exit: 75, outcome: 'defer', protection: 'none' },
    ...{ rows: ['M6', '17', 'S4'], tls: [null] },
    summary: 'Mail to unlisted.example waits: no MX host may be used now.',
    reason: /^mx\.unlisted\.example: the MTA-STS policy of id 1 does not list it$/,
    advice: /unlisted\.example must list mx\.unlisted\.example in its MTA-STS policy/,
  },
  {
    ...{ domain: 'trial.example', exit: 0, outcome: 'deliver', protection: 'opportunistic' },
    ...{ rows: ['M6', 'H4', 'S4'], tls: ['may'] },
    summary: `Mail to trial.example goes to mx.trial.example, ${opportunistic}.`,
  },
  {
    ...{ domain: 'missing.example', exit: 0, outcome: 'deliver', protection: 'opportunistic' },
    ...{ rows: ['M6', 'H4', 'S5'], tls: ['may'] },
    summary: `Mail to missing.example goes to mx.missing.example, ${opportunistic}.`,
    advice: /missing\.example must see to its MTA-STS policy/,
  },
  {
    ...{ domain: 'unsigned.example', exit: 0, outcome: 'deliver', protection: 'opportunistic' },
    ...{ rows: ['M6', 'H4', 'S1'], tls: ['may'] },
    summary: `Mail to unsigned.example goes to mx.unsigned.example, ${opportunistic}.`,
  },
  {
    ...{ domain: 'null.example', exit: 68, outcome: 'bounce', protection: 'none', rows: ['M3', 'S1'], tls: [] },
    summary: 'Mail to null.example is returned: the domain takes no mail (null MX).',
  },
  {
    ...{ domain: 'nosuch.example', exit: 69, outcome: 'bounce', protection: 'none', rows: ['M2', 'S1'], tls: [] },
    summary: 'Mail to nosuch.example is returned: there is no such domain.',
    advice: /check the spelling/,
  },
]

for (const expected of expectations) {
  test(`explain of ${expected.domain}: ${expected.outcome}, ${expected.protection}, rows ${expected.rows.join(' ')}`, async () => {
    const found = await report(expected.domain, '--store', ':memory:')
    assert.equal(found.exit, expected.exit)
    assert.equal(found.outcome, expected.outcome)
    assert.equal(found.protection, expected.protection)
    assert.deepEqual([found.row, ...found.hosts.map(({ row }) => row), found.policy.row], expected.rows)
    assert.deepEqual(
      found.hosts.map(({ tls }) => tls),
      expected.tls,
    )
    assert.equal(found.summary.replace(/, until [-\d: ]+ UTC/, ''), expected.summary)
    assertList(found.reasons, expected.reason)
    assertList(found.advice, expected.advice)
  })
}

/** One text that matches, or none at all. */
function assertList(texts: readonly string[], expected: RegExp | undefined): void {
  assert.equal(texts.length, expected === undefined ? 0 : 1, texts.join('; '))
  if (expected !== undefined) assert.match(texts.join(), expected)
}

test('the text of explain begins with the sentence, shows the rows, and ends with what to do', async () => {
  const { status, stdout, stderr } = await explain('forged.example', '--store', ':memory:')
  assert.deepEqual({ status, stderr }, { status: 75, stderr: '' })
  const words = stdout.replaceAll(/[\s│├└─]+/g, ' ')
  assert.match(words, /^Mail to forged\.example waits: no MX host may be used now\. • mx\.forged\.example: its TLSA/)
  assert.match(words, /forged\.example\. MX secure, signed by forged\.example\., for 59 min \[M5\]/)
  assert.match(words, /_25\._tcp\.mx\.forged\.example\. TLSA bogus: signature/)
  assert.match(words, /MTA-STS: no policy \[S1\]/)
  assert.match(words, /What to do • whoever runs the DNS of the zone forged\.example\. must mend its signatures;/)
  assert.ok(
    stdout.split('\n').every((line) => line.length <= 80),
    stdout,
  )
})

test('DANE-60 a trust anchor makes names count, and a host key does not', async () => {
  const anchored = await report('anchored.example', '--store', ':memory:')
  assert.deepEqual(anchored.hosts[0]?.names, ['mx.anchored.example', 'anchored.example'])
  const dane = await report('dane.example', '--store', ':memory:')
  assert.deepEqual(dane.hosts[0]?.names, [])
})

const keys = {
  report:
    'schema domain outcome protection summary row reasons negativeTrustAnchors validUntil mx hosts policy overrides advice',
  host: 'host preference action tls row reason mustShow names addresses addressLookups tlsaBaseDomain tlsa tlsaLookups',
  tlsa: 'record usable reason',
  policy: 'state row mode id mx cached fetchedAt expiresAt reason record',
}

test('explain --json has every key of waxseal.explain/1, absent things as null', async () => {
  const namesOf = (value: object | undefined) => Object.keys(value ?? {}).join(' ')
  for (const domain of ['dane.example', 'sts.example', 'forged.example', 'null.example']) {
    const { exit: _, ...found } = await report(domain, '--store', ':memory:')
    assert.equal(found.schema, 'waxseal.explain/1')
    assert.equal(namesOf(found), keys.report)
    for (const host of found.hosts) assert.equal(namesOf(host), keys.host)
    for (const record of found.hosts.flatMap(({ tlsa }) => tlsa)) assert.equal(namesOf(record), keys.tlsa)
    assert.equal(namesOf(found.policy), keys.policy)
  }
})

test('explain --json carries the evidence: secure lookups, their signers and the TLSA record', async () => {
  const { mx, hosts, validUntil } = await report('dane.example', '--store', ':memory:')
  assert.ok(mx?.result === 'answer')
  assert.deepEqual([mx.status, mx.signer], ['secure', 'dane.example.'])
  assert.match(mx.records.join(), /^dane\.example\. \d+ IN MX 10 mx\.dane\.example\.$/)
  const [host] = hosts
  assert.deepEqual(host?.addresses, [at.dane])
  assert.deepEqual(
    host?.addressLookups.map(({ type, result, status }) => [type, result, status]),
    [
      ['A', 'answer', 'secure'],
      ['AAAA', 'nodata', 'secure'],
    ],
  )
  assert.equal(host?.tlsaBaseDomain, 'mx.dane.example')
  assert.match(host?.tlsa[0]?.record ?? '', /^3 1 1 [0-9a-f]{64}$/)
  assert.match(validUntil ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
})

for (const engine of ['forward', 'trust-ad'] as const) {
  test(`explain through Unbound with engine ${engine} decides as from the root`, async () => {
    const through = ['--engine', engine, '--server', at.unbound, '--allow-private', '--ca-file', world.authority]
    const anchor = engine === 'forward' ? ['--trust-anchor', world.anchors] : []
    for (const domain of ['dane.example', 'forged.example', 'hosted.example', 'sts.example', 'null.example']) {
      const found = read(await waxseal(['explain', '--json', ...through, ...anchor, '--store', ':memory:', domain]))
      assert.deepEqual(decisionOf(found), decisionOf(await report(domain, '--store', ':memory:')), domain)
    }
  })
}

function decisionOf({ exit, outcome, protection, row, hosts, policy }: Report) {
  return { exit, outcome, protection, rows: [row, ...hosts.map((host) => host.row), policy.row] }
}

test('S6 without --ca-file the policy host of the private authority is not believed', async () => {
  const { status, stdout } = await waxseal([
    ...['explain', '--json', ...iterateIn(world), '--store', ':memory:'],
    'sts.example',
  ])
  const { policy, protection } = JSON.parse(stdout) as ExplainReport
  assert.deepEqual([status, policy.state, policy.row, protection], [0, 'failed', 'S6', 'opportunistic'])
})

test('S4 S8 a policy is fetched from nginx once, kept in the store, and holds when its host is gone', async () => {
  const first = await report('sts.example', '--store', store)
  assert.deepEqual([first.policy.row, first.policy.cached, first.policy.id], ['S4', false, '1'])
  assert.deepEqual([first.policy.mode, first.policy.mx], ['enforce', ['mx.sts.example']])
  const { fetchedAt, expiresAt } = first.policy
  assert.equal(Number(expiresAt) - Number(fetchedAt), 86_400_000)
  const second = await report('sts.example', '--store', store)
  assert.deepEqual([second.policy.row, second.policy.cached], ['S8', true])
  assert.ok(Number(second.policy.fetchedAt) <= Number(fetchedAt), 'remembering made the policy younger')
  run('ip', ['address', 'del', `${at.policies}/32`, 'dev', 'lo'])
  try {
    const kept = await report('sts.example', '--store', store)
    assert.deepEqual([kept.exit, kept.protection, kept.hosts[0]?.tls], [0, 'authenticated', 'pkix'])
    const unknown = await report('sts.example', '--store', ':memory:')
    assert.deepEqual([unknown.policy.row, unknown.policy.state, unknown.hosts[0]?.tls], ['S5', 'failed', 'may'])
  } finally {
    run('ip', ['address', 'add', `${at.policies}/32`, 'dev', 'lo'])
  }
})

test('explain --file looks at a whole list, each line as it would be alone', async () => {
  const domains = expectations.map(({ domain }) => domain)
  const { status, stdout } = await waxseal(
    ['explain', '--file', '-', ...iterateIn(world), '--ca-file', world.authority, '--store', ':memory:'],
    `# a list\n${domains.join('\n')}\n\nnot a domain\n`,
  )
  assert.equal(status, 65)
  const lines = stdout.trim().split('\n')
  const found = lines.map((line) => JSON.parse(line) as ExplainReport & { line: number; error?: string })
  const outcomes = new Map(found.map(({ domain, outcome }) => [domain, outcome]))
  for (const { domain, outcome } of expectations) assert.equal(outcomes.get(domain), outcome, domain)
  assert.equal(found.filter(({ error }) => error !== undefined).length, 1)
})
