// What `waxseal explain` and `waxseal dns` say in a lab, calm and under attack.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemServers } from '../../src/io/resolver/system-servers.ts'
import type { ExplainReport } from '../../src/programs/cli/explain-report.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { parseWorld } from '../../src/programs/lab/world/parse.ts'
import type { Attack, Event, PolicyDeclaration } from '../../src/programs/lab/world/world.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'

const day = 86_400_000
const text = readFileSync(join(import.meta.dirname, '..', '..', 'worlds', 'demo.txt'), 'utf8')
let lab: Lab
let commands: LabCommands

before(async () => {
  lab = await startLab(text)
  commands = commandsIn(lab)
})

after(async () => {
  commands.close()
  await lab.close()
})

/** The event that a line stands for behind a world. */
function eventOf(line: string, world = text): Event {
  const parsed = parseWorld(`${world}\n${line}\n`)
  const event = parsed.ok ? parsed.value.events.at(-1) : undefined
  assert.ok(event !== undefined, line)
  return event
}

function attackOf(line: string, world?: string): Attack {
  const event = eventOf(line, world)
  assert.ok(event.kind === 'attack', line)
  return event.attack
}

function policyOf(line: string): PolicyDeclaration {
  const event = eventOf(line)
  assert.ok(event.kind === 'policy', line)
  return event
}

async function explain(domain: string, now?: number): Promise<ExplainReport & { readonly exit: number }> {
  const clock = now === undefined ? lab.clock : { now: () => now }
  const { status, stdout, stderr } = await commands.run(['explain', '--json', ...commands.iterate, domain], { clock })
  assert.equal(stderr, '')
  return { ...(JSON.parse(stdout) as ExplainReport), exit: status }
}

for (const [what, by] of [
  ['behind', -60 * day],
  ['ahead', 60 * day],
] as const) {
  test(`a clock that is ${what} is told as such, and no domain is blamed`, async () => {
    const now = lab.clock.now() + by
    const { exit, summary, advice } = await explain('clinic.example', now)
    const said = new Date(now).toISOString().slice(0, 16).replace('T', ' ')
    assert.equal(exit, 75)
    assert.match(summary, /^Mail to clinic\.example waits: /)
    assert.deepEqual(advice, [`see whether the clock of this machine is right: it says ${said} UTC`])
    const dns = await commands.run(['dns', ...commands.iterate, 'clinic.example', 'MX'], { clock: { now: () => now } })
    assert.equal(dns.status, 75)
    assert.match(dns.stdout.replaceAll('\n', ' '), new RegExp(`Please see whether the clock .* says ${said} UTC\\. $`))
  })
}

test('DNSSEC-28: a clock before this software was made is named in the sentence itself', async () => {
  const { summary, advice } = await explain('clinic.example', 0)
  assert.match(summary, /the clock says 1970-01-01T00:00:00Z, which the keys of \. rule out/)
  assert.deepEqual(advice, ['see whether the clock of this machine is right: it says 1970-01-01 00:00 UTC'])
})

test('a forged answer is blamed on the zone, and not on the clock', async () => {
  await lab.attack(attackOf('attack forge-dnssec clinic.example type=MX'))
  try {
    const { exit, advice, protection } = await explain('clinic.example')
    assert.deepEqual([exit, protection], [75, 'none'])
    assert.equal(advice.length, 1)
    assert.match(
      advice.join(),
      /^whoever runs the DNS of the zone clinic\.example\. must mend its signatures; "waxseal dns/,
    )
    assert.doesNotMatch(advice.join(), /clock/)
  } finally {
    lab.calm()
  }
})

test('signatures of a zone that ran out are its own fault, or that of the clock', async () => {
  const world = 'world  x\nzone example.org\nzone example.org MX 10 mx.example.org\nhost mx.example.org\n'
  const own = await startLab(world)
  const elsewhere = commandsIn(own)
  try {
    await own.attack(attackOf('attack replay example.org', world))
    own.move({ to: undefined, byMs: 40 * day, stale: false })
    const { stdout } = await elsewhere.run(['explain', '--json', ...elsewhere.iterate, 'example.org'])
    const { advice } = JSON.parse(stdout) as ExplainReport
    assert.match(
      advice[0] ?? '',
      /^whoever runs the DNS of the zone example\.org\. must mend .*; if others see no fault, see whether the clock/,
    )
  } finally {
    elsewhere.close()
    await own.close()
  }
})

test('a resolver that cannot be reached is our own trouble, and nobody’s policy', async () => {
  const args = ['explain', '--json', '--engine', 'forward', '--server', '203.0.113.99', 'clinic.example']
  const { status, stdout } = await commands.run(args)
  const { summary, advice, policy } = JSON.parse(stdout) as ExplainReport
  assert.equal(status, 75)
  assert.match(summary, /203\.0\.113\.99 takes no DNS queries/)
  assert.equal(policy.state, 'failed')
  assert.equal(advice.length, 1)
  assert.match(advice.join(), /^try again later, and if all domains wait, see to the network and the resolver of/)
})

test('trust anchors that match nothing are ours to look at, not the root’s', async () => {
  const wrong = join(commands.folder, 'wrong')
  writeFileSync(wrong, `. IN DS 12345 13 2 ${'0'.repeat(64)}\n`)
  const iterate = commands.iterate.map((word, at) => (commands.iterate[at - 1] === '--trust-anchor' ? wrong : word))
  const { stdout } = await commands.run(['explain', '--json', ...iterate, 'clinic.example'])
  const { summary, advice } = JSON.parse(stdout) as ExplainReport
  assert.match(summary, /no key matches the trust anchors of \.$/)
  assert.equal(advice.length, 1)
  assert.match(advice.join(), /^nothing could be verified from the trust anchors down: /)
})

test('a policy on trial says which hosts it leaves out', async () => {
  await lab.change(policyOf('policy bakery.example mode=testing mx=other.example'))
  try {
    const { hosts, protection } = await explain('bakery.example')
    assert.equal(protection, 'opportunistic')
    assert.equal(hosts[0]?.reason, 'MTA-STS in mode testing, which does not list it')
  } finally {
    await lab.change(policyOf('policy bakery.example mx=mx.bakery.example'))
  }
})

test('a policy that can no longer be fetched is the domain’s to mend, before what is remembered ends', async () => {
  const store = ['--store', join(commands.folder, 'policies.sqlite')]
  const first = await commands.run(['explain', '--json', ...commands.iterate, ...store, 'bakery.example'])
  assert.equal((JSON.parse(first.stdout) as ExplainReport).policy.state, 'in-force')
  await lab.attack(attackOf('attack suppress-txt bakery.example how=nodata'))
  try {
    const again = await commands.run(['explain', '--json', ...commands.iterate, ...store, 'bakery.example'])
    const { advice, policy, hosts } = JSON.parse(again.stdout) as ExplainReport
    assert.deepEqual([policy.row, policy.cached, hosts[0]?.tls], ['S11', true, 'pkix'])
    assert.match(
      advice.join(),
      /^whoever runs bakery\.example must see to .* TXT record; what is remembered ends 20\d\d-/,
    )
  } finally {
    lab.calm()
  }
})

test('lines keep to 40, 80 and 200 columns, in UTF-8 and in ASCII, but for words that are longer', async () => {
  for (const domain of ['clinic.example', 'bakery.example', 'choir.example']) {
    for (const columns of [40, 80, 200]) {
      for (const command of [['explain'], ['dns']]) {
        for (const unicode of [true, false]) {
          const { stdout } = await commands.run([...command, ...commands.iterate, domain], { columns, unicode })
          const long = stdout
            .split('\n')
            .filter((line) => line.length > columns && /\S\s+\S/.test(line.replace(/^[^\w]*/, '')))
          assert.deepEqual(long, [], `${command.join(' ')} ${domain} at ${columns}`)
          if (!unicode) assert.match(stdout, /^[\0-\x7f]*$/)
        }
      }
    }
  }
})

test('a domain in its own script is shown in it where the locale allows', async () => {
  const utf8 = await commands.run(['explain', ...commands.iterate, 'bücher.example'])
  assert.match(utf8.stdout, /^Mail to xn--bcher-kva\.example \(bücher\.example\) is returned/)
  const ascii = await commands.run(['explain', ...commands.iterate, 'bücher.example'], { unicode: false })
  assert.match(ascii.stdout, /^Mail to xn--bcher-kva\.example \(b\\u00fccher\.example\) is returned/)
})

test('the demo fits 40, 80 and 200 columns, in ASCII where it must', async () => {
  for (const columns of [40, 80, 200]) {
    const { status, stdout } = await commands.run(['demo'], { columns, unicode: columns !== 80 })
    assert.equal(status, 0)
    const long = stdout.split('\n').filter((line) => line.length > columns && !line.startsWith('  waxseal '))
    assert.deepEqual(long, [])
    if (columns === 80) assert.match(stdout, /^[\0-\x7f]*$/)
  }
})

test('an interrupted lookup says nothing that looks like a result', async () => {
  for (const args of [
    ['dns', 'clinic.example'],
    ['explain', 'clinic.example'],
  ]) {
    const ended = await commands.run([...args, ...commands.iterate], { signal: AbortSignal.abort() })
    assert.deepEqual(ended, { status: 130, stdout: '', stderr: '' })
  }
})

test('--trace says which engine auto took, and why', async () => {
  const [, , ...files] = commands.iterate
  const { stderr } = await commands.run(['dns', '--trace', ...files, 'clinic.example', 'MX'])
  assert.match(stderr, /^# engine iterate: root servers answer$/m)
})

test('auto takes the resolvers of the system where no root server answers, and says so without being asked', async (t) => {
  if (systemServers().length === 0) return t.skip('this machine has no resolver')
  const hints = join(commands.folder, 'nowhere')
  writeFileSync(hints, '. NS r.\nr. A 198.51.100.250\n')
  const [, , , , ...files] = commands.iterate
  const { status, stderr } = await commands.run(['dns', '--root-hints', hints, ...files, 'clinic.example', 'MX'])
  assert.equal(status, 75)
  assert.match(stderr, /^waxseal: engine auto took forward: no root server answers: port 53 may be closed; asking /m)
})

test('--trace shows every query with its answer, on standard error', async () => {
  const { stdout, stderr } = await commands.run(['dns', '--trace', ...commands.iterate, 'clinic.example', 'MX'])
  assert.doesNotMatch(stdout, /^[<>]/m)
  const queries = stderr.split('\n').filter((line) => line.startsWith('> '))
  const replies = stderr.split('\n').filter((line) => line.startsWith('< '))
  assert.ok(queries.length >= 4)
  assert.deepEqual(
    queries.map((line) => line.slice(2).replace(/ \(.*$/, '')).sort(),
    replies.map((line) => line.slice(2)).sort(),
  )
  assert.match(stderr, /^ {4}clinic\.example\. \d+ IN MX 10 mx\.clinic\.example\.$/m)
})
