// `waxseal tlsa doctor` as a command line: its first line, JSON, statuses, and the state of a rollover.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { DoctorReport } from '../../src/core/publish/doctor/report.ts'
import { newRollover } from '../../src/core/publish/rollover/rollover.ts'
import { formatRollover } from '../../src/io/publish/rollover-state.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { domain } from '../support/domain.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'

let lab: Lab
let commands: LabCommands

before(async () => {
  lab = await startLab(`
zone good.example
host mx.good.example
zone _25._tcp.mx.good.example TLSA 3 1 1 {mx.good.example.spki.sha256}
zone _25._tcp.mx.good.example TLSA 3 1 1 {zeros.32}
zone lost.example
host mx.lost.example
zone _25._tcp.mx.lost.example TLSA 3 1 1 {zeros.32}
zone none.example
host mx.none.example
zone mixed.example
zone mixed.example MX 10 mx.good.example
zone mixed.example MX 20 mx.none.example
zone forged.example
zone forged.example MX 10 mx.good.example bogus
zone nomail.example
zone nomail.example MX 0 .
`)
  commands = commandsIn(lab)
})
after(async () => {
  commands.close()
  await lab.close()
})

test('the command goes by the state that tlsa apply keeps, and does without one that cannot be used', async () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const octets = publicKey.export({ type: 'spki', format: 'der' })
  const host = domain('mx.good.example')
  const next = { kind: 'ecdsa', octets, role: 'next', since: 0, file: undefined, isCompromised: false } as const
  const state = join(commands.folder, 'state.json')
  const write = (text: string) => writeFileSync(state, text, { mode: 0o600 })
  const run = async (...args: string[]) => {
    const line = ['tlsa', 'doctor', '--json', ...args, ...commands.iterate]
    const { stdout, stderr } = await commands.run(line)
    const [visited] = (JSON.parse(stdout) as DoctorReport).hosts // our own text
    return { stderr, role: visited?.records.find(({ record: text }) => text.endsWith('00'.repeat(32)))?.role }
  }
  assert.deepEqual(await run('mx.good.example'), { stderr: '', role: 'maybe-next' })
  write(formatRollover({ ...newRollover(host, 25), keys: [next] }))
  assert.deepEqual(await run('--state', state, 'mx.good.example'), { stderr: '', role: 'matches-nothing' })
  write('{}')
  const without = await run('--state', state, 'mx.good.example')
  assert.equal(without.role, 'maybe-next')
  assert.match(without.stderr, /^waxseal: cannot use the state /)
  write(formatRollover({ ...newRollover(domain('mx.lost.example'), 25), keys: [next] }))
  assert.match((await run('--state', state, 'mx.good.example')).stderr, /the state is of mx\.lost\.example/)
})

test('the command: what to do first in the first line, JSON, and a status for each verdict', async () => {
  const run = (...args: string[]) => commands.run(['tlsa', 'doctor', ...args, ...commands.iterate])
  const lost = await run('mx.lost.example')
  assert.equal(lost.status, 4)
  assert.match(lost.stdout, /^Do this first: publish this record now, or put the old key back on\nmx\.lost\.example:/)
  assert.match(lost.stdout, /^ {2}_25\._tcp\.mx\.lost\.example\. IN TLSA 3 1 1 [0-9a-f]{64}$/m)
  const json = await run('--json', 'mx.lost.example')
  const report = JSON.parse(json.stdout) as DoctorReport // our own text
  assert.deepEqual([report.schema, report.kind, report.verdict], ['waxseal.doctor/1', 'host', 'broken'])
  const statuses = await Promise.all(
    [['mx.none.example'], ['mx.good.example'], ['--domain', 'mixed.example'], ['--domain', 'nomail.example']].map(
      async (args) => (await run(...args)).status,
    ),
  )
  assert.deepEqual(statuses, [2, 0, 2, 68])
  const gone = await run('nowhere.good.example')
  assert.deepEqual([gone.status, gone.stdout], [69, ''])
  assert.match(gone.stderr, /^waxseal: nowhere\.good\.example has no address\n$/)
  const forged = await run('--domain', 'forged.example')
  assert.deepEqual([forged.status, forged.stdout], [75, ''])
  assert.match(forged.stderr, /^waxseal: forged\.example: the MX records cannot be looked up: /)
  assert.equal((await run()).status, 64)
  assert.equal((await run('mx.good.example', '--domain', 'good.example')).status, 64)
})
