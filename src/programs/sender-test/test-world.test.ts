import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Lab, startLab } from '../lab/lab.ts'
import { createSenders, type LabSenders } from '../lab/play/sender.ts'
import type { SenderOptions } from '../lab/world/world.ts'
import { observeRound, planRound } from './round.ts'
import { labBase, readTestWorld } from './test-world.ts'
import { type Findings, judge, judgeRound } from './verdict.ts'

const world = readTestWorld()
const usual: SenderOptions = {
  ...{ as: 'enforced', dane: 'usual', insecureMx: 'dane', requireBoth: false, audit: false, tls: 'usual' },
  ...{ requireTls: false, tlsRequiredNo: false, deferOnTxtError: false, lastAttempt: false },
}
let lab: Lab
let senders: LabSenders

before(async () => {
  lab = await startLab(world)
  senders = createSenders(lab)
})

after(async () => {
  await senders.close()
  await lab.close()
})

async function play(token: string, as: SenderOptions['as']): Promise<Findings> {
  const round = planRound(world, labBase, token)
  for (const { address } of round.trials) {
    await senders.send({ kind: 'send', mailbox: address, options: { ...usual, as } }, token)
  }
  return judgeRound(observeRound(round, lab.received))
}

test('a sender that enforces both does everything right at the test domains', async () => {
  const { dane, sts, leaked, refused } = await play('strict', 'enforced')
  assert.deepEqual([leaked, refused], [[], []])
  assert.deepEqual([dane.answer, sts.answer], ['yes', 'yes'])
})

test('a sender that enforces nothing does what is said of one, and leaks at every fault', async () => {
  const { judged, dane, sts, refused } = await play('lax', 'opportunistic')
  const otherwise = judged.filter(({ trial: { test: one }, outcome, verdict }) => {
    // In the lab TLS that fails is tried again in clear, and bogus answers are believed.
    return !['delivered', 'held'].includes(judge(outcome, one, one.opportunistic)) && verdict !== 'held'
  })
  assert.deepEqual(otherwise, [])
  assert.deepEqual([dane.answer, sts.answer], ['no', 'no'])
  assert.deepEqual(refused, [])
})

test('each mechanism has good domains, faults and a set of two MX hosts, and every test names its section', () => {
  for (const by of ['dane', 'sts'] as const) {
    const dues = world.tests.map((one) => one[by])
    assert.ok(dues.filter((due) => due === 'tls').length >= 2, by)
    assert.ok(dues.filter((due) => due === 'hold').length >= 7, by)
    assert.ok(dues.includes('second'), by)
  }
  for (const { domain, fault, rfc } of world.tests) {
    assert.match(rfc, /^RFC \d{4} §\d/, domain)
    assert.notEqual(fault, '', domain)
  }
})

test('hosts at which mail is due stand in the world, and every domain of the world is tested', () => {
  const hosts = new Set(world.setting.flatMap((one) => (one.kind === 'host' ? [one.name] : [])))
  for (const { via } of world.tests) assert.ok(via === undefined || hosts.has(via), via)
  const tested = new Set(world.tests.map(({ domain }) => domain))
  const withMail = world.setting.flatMap((one) => (one.kind === 'record' && / MX /.test(one.text) ? [one.owner] : []))
  assert.deepEqual(
    withMail.filter((domain) => !tested.has(domain)).filter((domain) => domain !== `return.${labBase}`),
    [],
  )
})

test('the test domains stand below whatever name an operator has', () => {
  const own = readTestWorld('tests.example.net')
  assert.equal(own.tests.length, world.tests.length)
  assert.ok(own.tests.every(({ domain }) => domain.endsWith('.tests.example.net')))
})
