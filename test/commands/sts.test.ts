// `waxseal sts policy`, `sts ramp` and `sts retire` in a lab, with a real policy host over HTTPS: the web server takes what
// lies in the file, and the zone what was printed.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import type { PolicyDeclaration } from '../../src/programs/lab/world/world.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'
import { reportText } from '../support/tls-report.ts'

const day = 86_400_000

let lab: Lab
let commands: LabCommands

const plain = (name: string, host = '') => `zone ${name}\nzone ${name} MX 10 mx.${name}\nhost mx.${name} ${host}`

before(async () => {
  lab = await startLab(`
clock 2026-11-02T12:00:00Z
${plain('good.example')}
${plain('clear.example', 'starttls=no')}
${plain('named.example', 'certificate=wrong-name')}
${plain('busy.example', 'down')}
zone null.example
zone null.example MX 0 .
zone new.example
host mx1.new.example
host bad.new.example certificate=untrusted
${plain('served.example')}
policy served.example mode=enforce mx=mx.served.example max_age=1209600 id=a1
${plain('unlisted.example')}
policy unlisted.example mode=enforce mx=other.unlisted.example max_age=1209600
${plain('ramp.example')}
policy ramp.example txt=none status=404
${plain('out.example')}
policy out.example mode=enforce mx=mx.out.example max_age=1209600 id=a1
`)
  commands = commandsIn(lab)
})

after(async () => {
  commands.close()
  await lab.close()
})

const run = (...args: readonly string[]) => commands.run(['sts', ...args, ...commands.iterate])
const json = async (...args: readonly string[]) => {
  const { stdout, status, stderr } = await run(...args, '--json')
  assert.notEqual(stdout, '', stderr)
  return { status, stderr, result: JSON.parse(stdout) as Record<string, unknown> }
}

test('sts policy: a policy to begin with, its record, and how hosts fare', async () => {
  const { stdout, status, stderr } = await run('policy', 'good.example')
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(stdout, /^ {4}version: STSv1\n {4}mode: testing\n {4}mx: mx\.good\.example\n {4}max_age: 604800$/m)
  assert.match(stdout, /^ {4}_mta-sts\.good\.example\. 3600 IN TXT "v=STSv1; id=20261102120000Z[0-9a-f]{16};"$/m)
  assert.match(stdout, /^ {2}mx\.good\.example {2}passes/m)
})

test('STS-116, STS-117: what is written is CRLF to the end, and the same again has the same id', async () => {
  const output = join(commands.folder, 'good.txt')
  const first = await json('policy', '--mode', 'enforce', '--output', output, 'good.example')
  assert.equal(
    readFileSync(output, 'latin1'),
    'version: STSv1\r\nmode: enforce\r\nmx: mx.good.example\r\nmax_age: 2419200\r\n',
  )
  const state = join(commands.folder, 'good.json')
  const ids: unknown[] = []
  for (const mode of ['testing', 'testing', 'enforce', 'testing']) {
    const { result } = await json('policy', '--mode', mode, '--state', state, 'good.example')
    ids.push(result.id)
  }
  assert.equal(ids[0], ids[1])
  assert.equal(new Set(ids).size, 3)
  assert.equal(first.result.isRefused, false)
})

const refused: [domain: string, status: number, why: RegExp][] = [
  ['clear.example', 1, /mx\.clear\.example {2}FAILS {4}the server does not offer STARTTLS/],
  ['named.example', 1, /mx\.named\.example {2}FAILS /],
  ['busy.example', 75, /could not be told whether mail would be held back/],
]
for (const [name, status, why] of refused) {
  test(`STS-90: a policy in mode enforce is refused for ${name}, and nothing is written; mode testing is not`, async () => {
    const output = join(commands.folder, `${name}.txt`)
    const ended = await run('policy', '--mode', 'enforce', '-o', output, name)
    assert.equal(ended.status, status)
    assert.match(ended.stdout, /^Refused: in mode enforce/)
    assert.match(ended.stdout, why)
    assert.equal(existsSync(output), false)
    assert.equal((await run('policy', '-o', output, name)).status, 0)
    assert.match(readFileSync(output, 'latin1'), /mode: testing/)
  })
}

test('a host of which nothing can be said passes when that is asked for, and one that fails never', async () => {
  assert.equal((await run('policy', '--mode', 'enforce', '--unchecked', 'busy.example')).status, 0)
  assert.equal((await run('policy', '--mode', 'enforce', '--unchecked', 'clear.example')).status, 1)
})

test('STS-112: sts ramp writes nothing while it cannot be told whether there is a policy', async () => {
  const output = join(commands.folder, 'unknown.txt')
  const files = ['--state', join(commands.folder, 'unknown.json'), '--output', output]
  const nobody = ['--engine', 'forward', '--server', '192.0.2.250', '--trust-anchor', join(commands.folder, 'anchors')]
  const ended = await commands.run(['sts', 'ramp', ...nobody, ...files, 'served.example'])
  assert.match(
    ended.stdout,
    /^served\.example: not begun\.\nNothing was done:\n {2}• whether there is a policy already/,
  )
  assert.doesNotMatch(ended.stdout, /If nothing goes wrong/)
  assert.deepEqual([ended.status, existsSync(output)], [1, false])
})

test('a domain without mail has no policy to write', async () => {
  assert.equal((await run('policy', 'null.example')).status, 68)
  assert.equal((await run('policy', 'nobody.example')).status, 69)
})

test('STS-110: MX hosts that change: the union, and dated steps in their order', async () => {
  const { status, result } = await json('policy', '--mx', 'mx1.new.example', 'served.example')
  // Neither mode nor max_age changes with the hosts.
  assert.deepEqual([status, result.mode, result.maxAge], [0, 'enforce', 1_209_600])
  assert.deepEqual(result.mx, ['mx1.new.example', 'mx.served.example'])
  assert.deepEqual(
    (result.steps as { kind: string; at: string }[]).map(({ kind, at }) => `${kind} ${at}`),
    [
      'serve-union 2026-11-02T12:00:00.000Z',
      'announce 2026-11-02T12:00:00.000Z',
      'add-hosts 2026-11-02T13:00:00.000Z',
      'remove-hosts 2026-11-16T12:00:00.000Z',
      'drop-hosts 2026-11-16T13:00:00.000Z',
    ],
  )
})

test('STS-115: a host that is to come is connected to as well', async () => {
  const { status, stdout } = await run('policy', '--mode', 'enforce', '--mx', 'bad.new.example', 'served.example')
  assert.equal(status, 1)
  assert.match(stdout, /bad\.new\.example {4}FAILS/)
  assert.match(stdout, /mx\.served\.example {2}passes/)
})

test('STS-114: a wildcard that is not needed is told of', async () => {
  const { stdout } = await run('policy', '--mx', '*.good.example', 'good.example')
  assert.match(stdout, /mx: \*\.good\.example/)
  assert.match(
    stdout.replace(/\s+/g, ' '),
    /Note: \*\.good\.example lets every host below good\.example with a certificate/,
  )
})

test('sts policy --live: what is served, and who holds mail back', async () => {
  const sound = await run('policy', '--live', 'served.example')
  assert.deepEqual([sound.status, sound.stderr], [0, ''])
  const broken = await run('policy', '--live', 'unlisted.example')
  assert.equal(broken.status, 1)
  assert.match(broken.stdout, /mx\.unlisted\.example {2}FAILS {4}the policy does not list it/)
  assert.match(broken.stdout, /mail is held back by:\n {2}MTA-STS only \(as Gmail\): /)
  assert.equal((await run('policy', '--live', 'good.example')).status, 69)
})

test('sts policy --check: a file that is no policy, and one that is', async () => {
  const file = join(commands.folder, 'check.txt')
  writeFileSync(file, 'version: STSv1\nmode: enforce\nmx: mx.good.example, mx2.good.example\nmax_age: 60\n')
  const bad = await run('policy', '--check', file, 'good.example')
  assert.equal(bad.status, 1)
  assert.match(bad.stdout, /no policy: line 3 \(mx\)/)
  writeFileSync(file, 'version: STSv1\nmode: enforce\nmx: mx.good.example\nmax_age: 60\n')
  const good = await run('policy', '--check', file, 'good.example')
  assert.equal(good.status, 0)
  assert.match(good.stdout.replace(/\s+/g, ' '), /Note: senders forget this policy within a day/)
  assert.equal((await run('policy', '--check', join(commands.folder, 'nowhere'), 'good.example')).status, 66)
})

/** The web server takes the file, and the zone the id that was printed. */
async function deploy(name: string, output: string, announced?: unknown): Promise<void> {
  const declared = lab.world.setting.find((one) => one.kind === 'policy' && one.domain === name) as PolicyDeclaration
  const body = existsSync(output) ? readFileSync(output, 'latin1') : declared.body
  const txt = announced === undefined ? undefined : `v=STSv1; id=${announced};`
  await lab.change({ ...declared, status: 200, body, txt })
}

test('sts ramp: from nothing to weeks of enforcing, and back at once', async () => {
  const name = 'ramp.example'
  const state = join(commands.folder, 'ramp.json')
  const output = join(commands.folder, 'ramp.txt')
  const reports = join(commands.folder, 'reports')
  mkdirSync(reports)
  const ramp = (...args: readonly string[]) => {
    return json('ramp', '--state', state, '-o', output, '--reports', reports, ...args, name)
  }
  const dry = await ramp('--dry-run')
  assert.deepEqual([dry.result.step, existsSync(output), existsSync(state)], ['serve', false, false])

  // STS-110: while nobody serves the file, nothing is announced.
  const first = await ramp()
  assert.deepEqual([first.status, first.result.stage, first.result.step], [75, 'none', 'serve'])
  assert.match(readFileSync(output, 'latin1'), /mode: none/)
  assert.equal((await ramp()).result.step, 'serve')

  let id: unknown
  let announced: unknown
  const settle = async (...args: readonly string[]) => {
    for (let round = 0; round < 8; round++) {
      const { status, result } = await ramp(...args)
      if (result.step !== 'serve' && result.step !== 'announce') return { status, result }
      if (result.step === 'announce') announced = result.id
      id = result.id
      await deploy(name, output, announced)
    }
    throw new Error('it never settles')
  }
  const stages: string[] = []
  for (let week = 0; week < 4; week++) {
    const { status, result } = await settle()
    stages.push(`${result.stage} ${result.step} ${status}`)
    if (week === 1) {
      writeFileSync(
        join(reports, 'failed.json'),
        reportText({
          domain: name,
          day: new Date(lab.clock.now()).toISOString().slice(0, 10),
          failures: 2,
          details: [
            {
              'result-type': 'certificate-expired',
              'receiving-mx-hostname': 'mx\u001b[31m',
              'failed-session-count': 2,
            },
          ],
        }),
      )
      lab.move({ to: undefined, byMs: 7 * day, stale: false })
      const held = await ramp()
      assert.deepEqual([held.status, held.result.stage, held.result.step], [1, 'testing-week', 'hold'])
      const shown = await run('ramp', '--state', state, '-o', output, '--reports', reports, name)
      assert.match(
        shown.stdout.replace(/\s+/g, ' '),
        /Sender Inc\. reports 2 failed sessions with mx.*: certificate-expired/,
      )
      assert.ok(!shown.stdout.includes('\u001b'))
      lab.move({ to: undefined, byMs: day, stale: false })
    } else lab.move({ to: undefined, byMs: 7 * day, stale: false })
  }
  assert.deepEqual(stages, ['testing-day hold 0', 'testing-week hold 0', 'enforce-day hold 0', 'enforce-weeks done 0'])
  assert.match(readFileSync(output, 'latin1'), /mode: enforce\r\nmx: mx\.ramp\.example\r\nmax_age: 2419200\r\n$/)
  assert.equal(id, announced)

  const back = await settle('--to', 'testing')
  assert.deepEqual([back.result.stage, back.result.step], ['testing-week', 'done'])
  assert.match(readFileSync(output, 'latin1'), /mode: testing/)
})

test('sts retire: refused before its time, with the date, until the domain has left', async () => {
  const name = 'out.example'
  const state = join(commands.folder, 'out.json')
  const output = join(commands.folder, 'out.txt')
  const args = ['retire', '--state', state, '-o', output, name]
  const first = await json(...args)
  assert.deepEqual([first.status, first.result.step], [75, 'serve'])
  await deploy(name, output, 'a1')
  const second = await json(...args)
  assert.equal(second.result.step, 'announce')
  await deploy(name, output, second.result.id)
  const waits = await json(...args)
  assert.deepEqual([waits.status, waits.result.step], [0, 'wait'])
  const until = Date.parse(String(waits.result.until))
  const said = await run(...args)
  assert.match(
    said.stdout.replace(/\s+/g, ' '),
    /Too early before .* What was served before .* is not known: until .* at least/,
  )
  lab.move({ to: undefined, byMs: until - lab.clock.now() - 1000, stale: false })
  assert.equal((await json(...args)).result.step, 'wait')
  lab.move({ to: undefined, byMs: 1000, stale: false })
  const gone = await run(...args)
  assert.equal(gone.status, 75)
  assert.match(gone.stdout, /; Take out:\n {4}; {3}_mta-sts\.out\.example\. 3600 IN TXT "v=STSv1; id=/)
  await deploy(name, output, undefined)
  const host = await json(...args)
  assert.deepEqual([host.status, host.result.step], [0, 'wait'])
  lab.move({ to: undefined, byMs: 3_600_000, stale: false })
  const last = await run(...args)
  assert.match(last.stdout, /; Take out:\n {4}; {3}mta-sts\.out\.example\. 3600 IN A /)
})

const wrong: [what: string, args: string[], message: RegExp][] = [
  ['no state', ['ramp', 'good.example'], /missing --state/],
  [
    'a mode that there is not',
    ['policy', '--mode', 'report', 'good.example'],
    /"report" is none of none, testing, enforce/,
  ],
  ['a time that there is not', ['policy', '--max-age', '2y', 'good.example'], /option --max-age/],
  ['more than a year', ['policy', '--max-age', '31557601', 'good.example'], /option --max-age/],
  ['a pattern that is none', ['policy', '--mx', 'a b', 'good.example'], /option --mx: not a host/],
  ['hosts in mode none', ['policy', '--mode', 'none', '--mx', 'a.example', 'good.example'], /lists no hosts/],
  ['writing and checking', ['policy', '--live', '--mode', 'none', 'good.example'], /option --mode is for writing/],
  ['two checks', ['policy', '--live', '--check', 'x', 'good.example'], /either --check or --live/],
  ['a target that there is not', ['ramp', '--state', 'x', '--to', 'strict', 'good.example'], /option --to/],
  ['half days', ['ramp', '--state', 'x', '--days', '1.5', 'good.example'], /option --days/],
  ['a day for the end', ['ramp', '--state', 'x', '--max-age', '1d', 'good.example'], /for more than a day/],
  ['reports that nobody gave', ['ramp', '--state', 'x', '--require-reports', 'good.example'], /needs --reports/],
]
for (const [what, args, message] of wrong) {
  test(`the command line is refused for ${what}`, async () => {
    const { status, stderr } = await run(...args)
    assert.equal(status, 64)
    assert.match(stderr, message)
  })
}
