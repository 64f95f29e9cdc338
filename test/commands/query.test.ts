// `waxseal query` against a service in a lab, calm and under attack.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { schemas } from '../../src/programs/daemon/http/schemas.ts'
import type { Attack, AttackKind } from '../../src/programs/lab/world/world.ts'
import { serveDemo, serveIn } from '../support/served.ts'

const demo = serveDemo()

const attack = (kind: AttackKind, target: string, how?: Attack['how']) =>
  demo.lab.attack({ kind, target, how, type: undefined, certificate: 'untrusted' })

const query = (...args: readonly string[]) => demo.commands.run(['query', ...demo.served.options, ...args])

test('the decision in force is shown as explain shows one, with what Postfix is told', async () => {
  const { status, stdout, stderr } = await query('info@clinic.example')
  assert.deepEqual([status, stderr], [0, ''])
  const explained = await demo.commands.run([
    'explain',
    ...demo.commands.iterate,
    '--store',
    ':memory:',
    'clinic.example',
  ])
  assert.ok(stdout.startsWith(`${explained.stdout}\n`), stdout)
  assert.match(stdout, /\nPostfix is told "OK dane-only"\. Decided /)
  assert.doesNotMatch(stdout, /Decided otherwise before/)
})

test('--json prints the evidence as the interface gives it', async () => {
  const { status, stdout } = await query('--json', '[mx.clinic.example]')
  assert.equal(status, 0)
  schemas.Evidence?.type.parse(JSON.parse(stdout))
})

test('why mail was held back is told afterwards, and the log had its alarm', async () => {
  assert.equal(await demo.served.lookUp('court.example'), 'OK dane-only')
  await attack('forge-dnssec', 'court.example')
  demo.lab.move({ to: undefined, byMs: 7_200_000, stale: false })
  assert.match(await demo.served.lookUp('court.example'), /^TEMP /)
  await demo.served.hear('downgrade-attempt: court.example, protected by DANE: ')
  const during = await query('court.example')
  assert.match(during.stdout, /^Mail to court\.example waits: /)
  demo.lab.calm()
  demo.lab.move({ to: undefined, byMs: 7_200_000, stale: false })
  const afterwards = await query('--refresh', 'court.example')
  assert.match(afterwards.stdout, /^Mail to court\.example goes only to mx\.court\.example, /)
  assert.match(afterwards.stdout, /\nDecided otherwise before\n {2}• .*: TEMP\. Mail to court\.example waits: /s)
  await demo.served.hear('downgrade-ended: court.example: all is well again after 7200 s')
  const { json } = await demo.served.ask('/v1/destinations/court.example/evidence')
  const { history } = json as { history: { explanation: { mx: { status: string } } }[] }
  assert.equal(history[0]?.explanation.mx.status, 'bogus', 'the evidence of that time is there')
  const metrics = (await demo.served.ask('/metrics')).text
  assert.match(metrics, /^waxseal_downgrade_attempts_total\{kind="bogus"\} 1$/m)
  assert.match(metrics, /^waxseal_events_total\{event="downgrade-attempt"\} 1$/m)
})

test('a policy whose record is suppressed is told of while it still protects', async () => {
  assert.match(await demo.served.lookUp('bakery.example'), /^OK secure /)
  await attack('suppress-txt', 'bakery.example', 'nxdomain')
  demo.lab.move({ to: undefined, byMs: 7_200_000, stale: false })
  assert.match(await demo.served.lookUp('bakery.example'), /^OK secure /)
  await demo.served.hear('downgrade-attempt: bakery.example, protected by MTA-STS: the TXT record is gone')
  demo.lab.calm()
})

test('--list lists, --forget forgets one or all', async () => {
  for (const name of ['friends.example', 'choir.example']) await demo.served.lookUp(name)
  const listed = (await query('--list')).stdout
  assert.match(listed, /^friends\.example +dane-only +until \d{4}-/m)
  const lines = (await query('--list', '--json')).stdout.trimEnd().split('\n')
  for (const line of lines) schemas.Destination?.type.parse(JSON.parse(line))
  assert.equal(lines.length, listed.trimEnd().split('\n').length)
  assert.deepEqual(await query('--forget', 'choir.example'), {
    status: 0,
    stdout: '1 decision is forgotten\n',
    stderr: '',
  })
  assert.equal((await query('--forget', 'choir.example')).status, 1)
  assert.equal((await query('--forget')).status, 0)
  assert.deepEqual(await query('--list'), { status: 0, stdout: '', stderr: '' })
})

const mistaken: [args: readonly string[], words: RegExp][] = [
  [[], /missing DOMAIN/],
  [['--refresh', '--forget', 'a.example'], /only one of/],
  [['--list', 'a.example'], /--list takes no DOMAIN/],
  [['192.0.2.1'], /no policy can be about this: it is an address/],
]
for (const [args, words] of mistaken) {
  test(`a command line that cannot be meant: query ${args.join(' ')}`, async () => {
    const { status, stderr, stdout } = await query(...args)
    assert.match(stderr, words)
    assert.deepEqual([status, stdout], [64, ''])
  })
}

test('it says in one line that no service is there, and exits as sysexits', async () => {
  const socket = join(demo.commands.folder, 'none')
  const gone = await demo.commands.run(['query', '--http', socket, 'a.example'])
  assert.deepEqual(gone, {
    status: 69,
    stdout: '',
    stderr: `waxseal: no service answers at ${socket}: no such socket\n`,
  })
  const free = createServer()
  free.listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as AddressInfo // it listens
  free.close()
  await once(free, 'close')
  const { status, stderr } = await demo.commands.run(['query', '--http', `127.0.0.1:${port}`, '--list'])
  assert.deepEqual([status, stderr], [69, `waxseal: no service answers at 127.0.0.1:${port}: connection refused\n`])
  const off = await demo.commands.run(['query', '--http', 'off', 'a.example'])
  assert.equal(off.status, 78)
})

test('what is no service is told apart, whatever it answers', async () => {
  const bodies = ['<html>', '{}', '[]', 'null', '{"schema":"waxseal.evidence/2"}']
  const other = createServer((_, response) => response.end(bodies.shift()))
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo // it listens
  while (bodies.length > 0)
    assert.equal((await demo.commands.run(['query', '--http', `127.0.0.1:${port}`, 'a.example'])).status, 76)
  other.close()
})

test('a token is shown where one is wanted', async () => {
  const file = join(demo.commands.folder, 'token')
  writeFileSync(file, 'correct.horse-battery_staple', { mode: 0o600 })
  const own = await serveIn(demo.commands, { args: ['--http-token-file', file] })
  const without = await demo.commands.run(['query', ...own.options, '--list'])
  assert.deepEqual(
    [without.status, without.stderr],
    [77, 'waxseal: the service refuses: the token is missing or wrong\n'],
  )
  const config = join(demo.commands.folder, 'query.toml')
  writeFileSync(config, `http = "127.0.0.1:${own.port}"\nhttp-token-file = ${JSON.stringify(file)}\n`)
  assert.equal((await demo.commands.run(['query', '--config', config, '--list'])).status, 0)
  await own.stop()
})
