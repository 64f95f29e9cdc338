// What Postfix, Exim and `waxseal send` do with mail to the test domains, in the lab on real ports. The comparison stands in
// docs/sender-test.md; WAXSEAL_WRITE_TABLE=1 writes it anew.
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { limits } from '../../src/core/limits.ts'
import { systemClock } from '../../src/io/clock.ts'
import { openTestLab, type TestLab } from '../../src/programs/sender-test/open-test-lab.ts'
import { summarize } from '../../src/programs/sender-test/report-text.ts'
import { makeToken, observeRound, planRound } from '../../src/programs/sender-test/round.ts'
import { labBase } from '../../src/programs/sender-test/test-world.ts'
import { type Findings, judgeRound } from '../../src/programs/sender-test/verdict.ts'
import { type Exim, installExim, openFolder, recipeRules } from './exim.ts'
import { type PolicyService, startPolicyService } from './policy-service.ts'
import { eximBy, plainRules, postfixBy, type Sender } from './sender-test/senders.ts'
import { compare, documentedTable, writeTable } from './sender-test/table.ts'
import { type SendingPostfix, startSendingPostfix } from './sending-postfix.ts'
import { openStage } from './servers.ts'
import { waxseal } from './waxseal.ts'

const stage = openStage()
const socketmap = 'socketmap:inet:127.0.0.1:8461:QUERY'
let world: TestLab
let postfix: SendingPostfix
let exim: Exim
let lines: string
let service: PolicyService
const results = new Map<string, Findings>()

function iterate(): string[] {
  const { hints, anchors, authority } = world.files
  const roots = ['--engine', 'iterate', '--root-hints', hints, '--trust-anchor', anchors]
  return [...roots, '--ca-file', authority, '--allow-private']
}

before(async () => {
  world = await openTestLab(join(stage.folder, 'lab'), systemClock)
  stage.onStop(() => world.close())
  lines = join(openFolder(stage, 'run'), 'lines')
  const { resolver, authority } = world.files
  postfix = await startSendingPostfix(stage, {
    ...{ resolver, authorities: authority, routes: [], settings: ['minimal_backoff_time = 1s'] },
    transports: {
      may: ['smtp_tls_security_level=may'],
      dane: ['smtp_tls_security_level=dane'],
      waxseal: [`smtp_tls_policy_maps=${socketmap}`, 'smtp_tls_security_level=dane'],
    },
  })
  exim = installExim(stage, { socket: lines, authority, resolver })
  // The lab answers nobody while other servers are started, and what did not answer is left alone for a while.
  service = await startPolicyService(stage, [
    ...[...iterate(), '--store', join(stage.folder, 'policies.sqlite')],
    ...['--socketmap', '127.0.0.1:8461', '--lines', lines],
  ])
  await service.hear(/ready: the root is secure/)
})

after(() => stage.stop())

/** Has a server write to every test domain, and notes what came of it. */
async function put(name: string, send: Sender): Promise<Findings> {
  const round = planRound(world.lab.world, labBase, makeToken())
  const returned = await send(round)
  const findings = judgeRound(observeRound(round, world.lab.received, returned))
  results.set(name, findings)
  return findings
}

/** One process for all recipients, who says in JSON what came of each. */
const sendByCommand: Sender = async ({ from, trials }) => {
  const store = ['--store', join(stage.folder, 'send.sqlite')]
  const addresses = trials.map(({ address }) => address)
  const { stdout } = await waxseal(['send', '--json', ...iterate(), ...store, '-f', from, ...addresses], letter)
  const { recipients } = JSON.parse(stdout) as { recipients: { recipient: string; outcome: string }[] } // our own
  const permanent = recipients.filter(({ outcome }) => outcome === 'permanent').map(({ recipient }) => recipient)
  return new Set(trials.filter(({ address }) => permanent.includes(address)))
}

const letter = 'Subject: a test\n\nHello.\n'

/** A decision that could not be taken is kept for less than that. */
const keptSeconds = limits.decisions.leastKeptMs / 1000 + 2

interface Expected {
  /** The heading of its column in docs/sender-test.md. */
  readonly name: string
  readonly sender: () => Sender
  readonly dane: Findings['dane']['answer']
  readonly sts: Findings['sts']['answer']
  /** Good mail that it does not deliver. */
  readonly refused?: readonly string[]
}

const authority = () => world.files.authority

const expected: readonly Expected[] = [
  { name: 'Postfix `may`', sender: () => postfixBy(postfix, 'may'), dane: 'no', sts: 'no' },
  { name: 'Postfix `dane`', sender: () => postfixBy(postfix, 'dane'), dane: 'yes', sts: 'no' },
  { name: 'Postfix, Waxseal', sender: () => postfixBy(postfix, 'waxseal', keptSeconds), dane: 'yes', sts: 'yes' },
  // Its default is hosts_try_dane = *.
  { name: 'Exim', sender: () => eximBy(exim, plainRules(authority())), dane: 'partly', sts: 'no' },
  {
    name: 'Exim `hosts_try_dane =`',
    sender: () => eximBy(exim, plainRules(authority(), ['hosts_try_dane ='])),
    ...{ dane: 'no', sts: 'no' },
  },
  {
    name: 'Exim `hosts_require_dane = *`',
    sender: () => eximBy(exim, plainRules(authority(), ['hosts_require_dane = *'])),
    ...{ dane: 'partly', sts: 'unknown' },
    refused:
      'sts sts-wildcard plain clear dane-unsigned sts-testing sts-none sts-redirect sts-untrusted sts-second'.split(
        ' ',
      ),
  },
  {
    name: 'Exim, Waxseal',
    sender: () => eximBy(exim, recipeRules({ socket: lines, authority: authority() })),
    ...{ dane: 'yes', sts: 'yes' },
  },
  { name: '`waxseal send`', sender: () => sendByCommand, dane: 'yes', sts: 'yes' },
]

/** What Postfix says of good mail that it does not deliver. */
function deferred({ refused }: Findings): string {
  const addresses = new Set(refused.map(({ address }) => address))
  const lines = postfix.attempts().filter(({ to }) => addresses.has(to))
  return lines.map(({ at, to, dsn, text }) => `${at} ${to}: ${dsn} ${text}`).join('\n')
}

for (const { name, sender, dane, sts, refused = [] } of expected) {
  test(`${name} enforces DANE: ${dane}, MTA-STS: ${sts}`, async () => {
    const findings = await put(name, sender())
    assert.deepEqual(
      [findings.dane.answer, findings.sts.answer, findings.refused.map((trial) => trial.name)],
      [dane, sts, refused],
      `${summarize(findings)}\n${deferred(findings)}\n${service.said()}`,
    )
  })
}

test('the script of share/sender-test has a Postfix of the machine write to all, and sees what is returned', async () => {
  const config = join(stage.folder, 'configuration')
  mkdirSync(config)
  for (const file of ['master.cf.proto', 'postfix-files', 'dynamicmaps.cf', 'post-install']) {
    if (existsSync(`/etc/postfix/${file}`)) cpSync(`/etc/postfix/${file}`, join(config, file.replace(/\.proto$/, '')))
  }
  // Debian's own settings, and DANE.
  const settings = [
    'smtp_tls_security_level = dane',
    'smtp_dns_support_level = dnssec',
    'smtp_tls_CApath = /etc/ssl/certs',
  ]
  writeFileSync(join(config, 'main.cf'), `compatibility_level = 3.6\n${settings.join('\n')}\n`)
  const script = join(import.meta.dirname, '..', '..', 'share', 'sender-test', 'postfix')
  const command = ['env', 'WAXSEAL_TEST_PAUSE=3', script, config]
  const ran = await waxseal(['sender-test', 'lab', '--json', '--wait', '5', '--', ...command])
  assert.equal(ran.status, 1, ran.stderr)
  const { tests } = JSON.parse(ran.stdout) as { tests: { domain: string; outcome: string }[] } // our own
  const column = documentedTable()[0]?.indexOf('Postfix `dane`') ?? -1
  assert.deepEqual(
    tests.map(({ domain, outcome }) => `${domain.replace(`.${labBase}`, '')} ${outcome}`),
    documentedTable()
      .filter((row) => row[1] !== '' && row[0] !== 'domain')
      .map((row) => `${row[0]} ${(row[column] ?? '').replaceAll('*', '').replace('in clear', 'arrived')}`),
  )
})

test('docs/sender-test.md says of each server at each test domain what it does', () => {
  assert.equal(results.size, expected.length)
  const found = compare(results)
  if (process.env.WAXSEAL_WRITE_TABLE === '1') writeTable(found)
  assert.deepEqual(documentedTable(), found)
})
