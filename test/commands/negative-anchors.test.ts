// What every command says of a negative trust anchor that its result rests on.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createWaxseal } from '../../src/index.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'

let lab: Lab
let commands: LabCommands

before(async () => {
  lab = await startLab(`world  a zone with a wrong DS record
clock  2026-07-01T00:00:00Z
zone   broken.example ds=wrong
zone   broken.example MX 10 mx.broken.example
zone   _25._tcp.mx.broken.example TLSA 3 1 1 {mx.spki.sha256}
host   mx.broken.example certificate=self-signed
zone   good.example
zone   good.example MX 10 mx.broken.example
`)
  commands = commandsIn(lab)
})

after(async () => {
  commands.close()
  await lab.close()
})

const until = '2026-07-04T00:00:00Z'
const line = `broken.example ${until} ticket 4711`
const says = `broken.example. is not validated until ${until}, by a negative trust anchor: ticket 4711`
const report = [{ name: 'broken.example.', until: '2026-07-04T00:00:00.000Z', reason: 'ticket 4711' }]
const warning = `${says}; hosts at and below it have no DANE`

function run(args: readonly string[], input = '') {
  const [command = '', ...rest] = args
  const options = [command, ...commands.iterate, '--negative-trust-anchor', line, ...rest]
  return commands.run(options, { input, columns: 400 })
}

test('DNSSEC-10 dns says which negative trust anchor its result rests on, and so does the chain', async () => {
  const { status, stdout, stderr } = await run(['dns', 'broken.example', 'MX'])
  assert.equal(status, 0)
  const [first] = stdout.split('\n')
  assert.equal(first, `broken.example. MX: 1 record, insecure: ${says}`)
  assert.match(stdout, /broken\.example\. insecure: a negative trust anchor has it that nothing is validated here/)
  assert.match(stderr, new RegExp(warning.replaceAll('.', '\\.')))
})

test('DNSSEC-10 dns --json says so too, and nothing of what is validated', async () => {
  const { stdout } = await run(['dns', '--json', 'mx.broken.example', 'A'])
  const found = JSON.parse(stdout)
  assert.deepEqual([found.status, found.reason, found.negativeTrustAnchors], ['insecure', says, report])
  assert.deepEqual(
    found.chain.map(({ zone, by }: { zone: string; by: string }) => `${zone} ${by}`),
    ['broken.example. negative-trust-anchor'],
  )
  const untouched = JSON.parse((await run(['dns', '--json', 'good.example', 'MX'])).stdout)
  assert.deepEqual([untouched.status, untouched.negativeTrustAnchors], ['secure', []])
})

test('DNSSEC-10 dns --all-servers judges by it', async () => {
  const { status, stdout } = await run(['dns', '--all-servers', '--json', 'broken.example', 'MX'])
  assert.equal(status, 0)
  const { servers } = JSON.parse(stdout)
  assert.deepEqual([...new Set(servers.map((server: { status: string }) => server.status))], ['insecure'])
})

for (const domain of ['broken.example', 'good.example']) {
  test(`DNSSEC-10 explain ${domain} gives the negative trust anchor as a reason, and DANE does not apply`, async () => {
    const { status, stdout } = await run(['explain', domain])
    assert.equal(status, 0)
    assert.ok(
      stdout.split('\n').some((one) => one.endsWith(` no DANE: ${says}`)),
      stdout,
    )
    const explained = JSON.parse((await run(['explain', '--json', domain])).stdout)
    assert.deepEqual(explained.negativeTrustAnchors, report)
    assert.deepEqual([explained.protection, explained.hosts[0].tls], ['opportunistic', 'may'])
    assert.ok(Date.parse(explained.validUntil) <= Date.parse(until))
  })
}

test('DNSSEC-10 send says that what it did rests on a negative trust anchor', async () => {
  const message = 'Subject: hello\r\n\r\nhello\r\n'
  const args = ['send', '--store', ':memory:', '--from', 'me@sender.example', 'you@broken.example']
  const { status, stdout } = await run(args, message)
  assert.equal(status, 0, stdout)
  assert.ok(stdout.split('\n').includes(`${says}.`), stdout)
  const sent = JSON.parse((await run([...args, '--json'], message)).stdout)
  assert.deepEqual(sent.domains[0].negativeTrustAnchors, report)
})

test('DNSSEC-10 a negative trust anchor that is none, or lasts too long, ends the command', async () => {
  const faults: [text: string, status: number, words: RegExp][] = [
    ['broken.example 2026-07-04', 64, /has no reason behind its end/],
    ['. 2026-07-04 all of it', 64, /would leave everything unvalidated/],
    ['broken.example 2026-08-04 too long', 78, /ends more than 7 days from now/],
  ]
  for (const [text, expected, words] of faults) {
    const args = ['dns', ...commands.iterate, '--negative-trust-anchor', text, 'good.example']
    const { status, stderr } = await commands.run(args, { columns: 400 })
    assert.equal(status, expected, stderr)
    assert.match(stderr, words)
  }
})

test('DNSSEC-10 the library takes negative trust anchors, and decisions carry those that they rest on', async () => {
  const { network, clock, rootHints, trustAnchors, ca } = lab
  const warnings: string[] = []
  const negativeTrustAnchors = [{ name: 'broken.example', until: Date.parse(until), reason: 'ticket 4711' }]
  const mail = createWaxseal({
    ...{ engine: 'iterate', network, clock, rootHints, trustAnchors, ca, negativeTrustAnchors },
    onWarning: (text) => warnings.push(text),
  })
  try {
    const { decision } = await mail.explain('good.example')
    assert.deepEqual(
      decision.negativeAnchors.map(({ reason }) => reason),
      ['ticket 4711'],
    )
    assert.deepEqual(warnings, [warning])
  } finally {
    await mail.close()
  }
  const refused = [
    { name: 'a', until: Number.NaN, reason: 'x' },
    { name: 'a', until: 0, reason: '' },
    { name: '.', until: 0, reason: 'x' },
  ]
  for (const one of refused) {
    assert.throws(() => createWaxseal({ negativeTrustAnchors: [one] }), { name: 'ConfigError' }, JSON.stringify(one))
  }
})
