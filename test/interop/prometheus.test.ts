// Prometheus judges what the service serves: its metrics, its alert rules, and the questions of its dashboard.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'
import { type Served, serveIn } from '../support/served.ts'
import { openStage, run } from './servers.ts'

const root = join(import.meta.dirname, '..', '..')
const world = readFileSync(join(root, 'worlds', 'demo.txt'), 'utf8').split(/^drop/m)[0] ?? ''
const rules = join(root, 'share', 'prometheus', 'waxseal-rules.yml')
const stage = openStage()

let lab: Lab
let commands: LabCommands
let served: Served

before(async () => {
  lab = await startLab(world)
  commands = commandsIn(lab)
  // Nothing is there: what is served has the metrics of a shared store all the same.
  served = await serveIn(commands, { args: ['--shared-store', `unix:${join(stage.folder, 'none')}`] })
})

after(async () => {
  await served.stop()
  commands.close()
  await lab.close()
  await stage.stop()
})

test('promtool check metrics finds nothing to say, before and after there was work', async () => {
  const check = async () => {
    const { text } = await served.ask('/metrics')
    // It warns on standard error and exits 3; the output of both must be empty.
    assert.equal(run('sh', ['-c', 'promtool check metrics 2>&1'], { input: text }), '')
  }
  await check()
  for (const name of ['friends.example', 'bakery.example', 'nobody.example', '.example']) await served.lookUp(name)
  await check()
})

test('promtool check rules takes the alert rules', () => {
  assert.match(run('promtool', ['check', 'rules', rules]), /SUCCESS: 13 rules found/)
})

test('alerts are raised when they should be, and not otherwise', () => {
  const file = join(stage.folder, 'rules-test.yml')
  writeFileSync(
    file,
    `rule_files: [${JSON.stringify(rules)}]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - { series: 'up{job="waxseal",instance="a"}', values: '1x30 0x30' }
      - { series: 'waxseal_ready{instance="a"}', values: '1x60' }
      - { series: 'waxseal_downgrade_attempts_total{instance="a",kind="bogus"}', values: '0x20 1x100' }
      - { series: 'waxseal_downgrade_attempts_total{instance="a",kind="lookup-failed"}', values: '0x120' }
      - { series: 'waxseal_decisions_total{instance="a",level="TEMP",outcome="defer"}', values: '0+5x120' }
      - { series: 'waxseal_decisions_total{instance="a",level="dane",outcome="deliver"}', values: '0+5x120' }
      - { series: 'waxseal_shared_store_up{instance="a"}', values: '1x20 0x8 1x12 0x80' }
      - { series: 'waxseal_policy_lapse_warnings_total{instance="a"}', values: '0x120' }
      - { series: 'waxseal_resolver_near_misses_total{instance="a",mark="id"}', values: '0x30 1+2x60' }
      - { series: 'waxseal_resolver_near_misses_total{instance="b",mark="id"}', values: '0x30 1x60' }
      - { series: 'waxseal_resolver_near_misses_total{instance="b",mark="case"}', values: '0+9x120' }
    alert_rule_test:
      - { eval_time: 29m, alertname: WaxsealDown }
      - eval_time: 40m
        alertname: WaxsealDown
        exp_alerts:
          - exp_labels: { severity: critical, job: waxseal, instance: a }
            exp_annotations:
              summary: Waxseal on a does not answer
              description: Mail servers that ask it keep all mail until it does.
      - { eval_time: 50m, alertname: WaxsealNotReady }
      - { eval_time: 19m, alertname: WaxsealDowngradeAttempt }
      - eval_time: 30m
        alertname: WaxsealDowngradeAttempt
        exp_alerts:
          - exp_labels: { severity: warning, instance: a, kind: bogus }
            exp_annotations:
              summary: Protected destinations fail as under attack (bogus) on a
              description: Their mail waits or goes by what is known of them. The log has the event downgrade-attempt with the destination.
      - { eval_time: 110m, alertname: WaxsealDowngradeAttempt }
      - { eval_time: 110m, alertname: WaxsealPolicyLapsing }
      - { eval_time: 35m, alertname: WaxsealSharedStoreAway }
      - eval_time: 60m
        alertname: WaxsealSharedStoreAway
        exp_alerts:
          - exp_labels: { severity: warning, instance: a }
            exp_annotations:
              summary: The store that Waxseal on a shares does not do what it is asked
              description: The machine goes on by what it has, and fetches for itself. The log has the reason.
      - { eval_time: 30m, alertname: WaxsealForgedAnswers }
      - eval_time: 60m
        alertname: WaxsealForgedAnswers
        exp_alerts:
          - exp_labels: { severity: warning, instance: a }
            exp_annotations:
              summary: Somebody guesses answers to the DNS queries of Waxseal on a
              description: Datagrams came from addresses of name servers with our question and a wrong ID. Each such question was put again over TCP.
      - eval_time: 60m
        alertname: WaxsealMailHeldBack
        exp_alerts:
          - exp_labels: { severity: warning, instance: a }
            exp_annotations:
              summary: Waxseal on a holds back 50% of all destinations
              description: That is more than broken domains explain. Look at the resolver and the way to the network.
`,
  )
  assert.match(run('promtool', ['test', 'rules', file]), /SUCCESS/)
})

test('every question of the dashboard and the rules is about series that are served', async () => {
  const { text } = await served.ask('/metrics')
  const known = new Set([...text.matchAll(/^([a-z_]+)(?:\{| )/gm)].map(([, name]) => name))
  const dashboard = JSON.parse(readFileSync(join(root, 'share', 'grafana', 'waxseal.json'), 'utf8')) as {
    panels: { targets: { expr: string }[] }[]
  }
  const asked = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
  for (const expression of [...asked, readFileSync(rules, 'utf8')]) {
    for (const [name] of expression.matchAll(/\b(?:waxseal|process)_[a-z_]+\b/g)) assert.ok(known.has(name), name)
  }
  // As a rule each of them must parse: Grafana's own words are put in as it would.
  const expressions = asked.map((expression) =>
    expression.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*').replaceAll('$job', 'waxseal'),
  )
  const lines = expressions.map(
    (expression, at) => `      - record: panel:${at}\n        expr: ${JSON.stringify(expression)}`,
  )
  const file = join(stage.folder, 'panels.yml')
  writeFileSync(
    file,
    `groups:\n  - name: panels\n    rules:\n${lines.join('\n').replace(/panel:(\d+)/g, 'panel:number$1')}\n`,
  )
  assert.match(run('promtool', ['check', 'rules', file]), /SUCCESS/)
})
