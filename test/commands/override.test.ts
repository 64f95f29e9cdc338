// What operators decide otherwise, from the command that says so to what explain, send, serve and the library do.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { createWaxseal } from '../../src/index.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type Ended, type LabCommands } from '../support/lab-commands.ts'
import { type MovedClock, movedClock } from '../support/moved-clock.ts'

const world = `world  what operators decide otherwise
zone   clinic.example
zone   clinic.example MX 10 mx.clinic.example
zone   _25._tcp.mx.clinic.example TLSA 3 1 1 {zeros.32}
host   mx.clinic.example
zone   shared.example
zone   shared.example MX 10 mx.clinic.example
zone   plain.example signed=no
zone   plain.example MX 10 mx.plain.example
host   mx.plain.example starttls=no
zone   named.example signed=no
zone   named.example MX 10 mx.named.example
host   mx.named.example
`

let lab: Lab
let commands: LabCommands
let stores = 0

before(async () => {
  lab = await startLab(world)
  commands = commandsIn(lab)
})

after(async () => {
  commands.close()
  await lab.close()
})

interface Bed {
  readonly store: string
  readonly clock: MovedClock
  run(...args: readonly string[]): Promise<Ended>
  /** `override add`, which must go well. */
  add(...args: readonly string[]): Promise<string>
  explain(domain: string): Promise<Explained>
  send(to: string): Promise<Ended>
}

interface Explained {
  readonly outcome: string
  readonly reasons: readonly string[]
  readonly overrides: readonly { readonly rule: string; readonly author: string }[]
  readonly hosts: readonly { readonly tls: string | null; readonly reason: string }[]
}

function bed(): Bed {
  const store = join(commands.folder, `store${stores++}.db`)
  const clock = movedClock(lab.clock.now())
  const run = (...args: readonly string[]) => commands.run([...args, '--store', store], { clock, columns: 400 })
  const network = commands.iterate
  return {
    ...{ store, clock, run },
    async add(...args) {
      const { status, stdout, stderr } = await run('override', 'add', '--author', 'alice', ...args)
      assert.deepEqual([status, stderr], [0, ''])
      return stdout
    },
    explain: async (domain) => JSON.parse((await run('explain', '--json', ...network, domain)).stdout) as Explained,
    send: (to) =>
      commands.run(['send', ...network, '--store', store, to], { clock, input: 'a: b\n\nc\n', columns: 400 }),
  }
}

test('a relaxed domain gets its mail, and explain and send say by whose override; another domain of the host does not', async () => {
  const { add, explain, send } = bed()
  assert.equal((await send('you@clinic.example')).status, 75)
  const said = await add(
    '--domain',
    'clinic.example',
    '--relax',
    'encrypt',
    '--until',
    '2d',
    '--reason',
    'rolled wrongly',
  )
  assert.match(said, /^mail to clinic\.example: relax encrypt, by override of alice until .* UTC: rolled wrongly\n$/)
  const { hosts, overrides, reasons } = await explain('clinic.example')
  assert.deepEqual([hosts[0]?.tls, overrides[0]?.rule, overrides[0]?.author], ['encrypt', 'relax encrypt', 'alice'])
  assert.match(hosts[0]?.reason ?? '', /by override of alice until .*: rolled wrongly \(in the place of: DANE\)/)
  assert.match(reasons[0] ?? '', /^mail to clinic\.example: relax encrypt, by override of alice /)
  const sent = await send('you@clinic.example')
  assert.equal(sent.status, 0)
  assert.match(sent.stdout, /by override of alice until .*: rolled wrongly, although dane-no-match/)
  assert.equal((await send('you@shared.example')).status, 75)
  assert.equal((await explain('shared.example')).hosts[0]?.tls, 'dane')
})

test('what is required holds mail back that would have gone in the clear, until it ends', async () => {
  const { add, explain, send, clock } = bed()
  await add('--domain', '.example', '--require', 'encrypt', '--until', '1h', '--reason', 'law')
  const { status, stdout } = await send('you@plain.example')
  assert.equal(status, 75)
  assert.match(stdout, /451 4\.7\.5 \[override\] TLS is required, by override of alice until .*: law/)
  assert.equal((await explain('plain.example')).hosts[0]?.tls, 'encrypt')
  clock.move(3600)
  assert.equal((await explain('plain.example')).hosts[0]?.tls, 'may')
  assert.equal((await send('you@plain.example')).status, 0)
})

test('a certificate must bear a name that is asked for, or that of the host', async () => {
  const { add, send } = bed()
  await add('--domain', 'named.example', '--require', 'pkix', '--name', 'mail.other.example', '--reason', 'contract')
  const wrong = await send('you@named.example')
  assert.equal(wrong.status, 75)
  assert.match(wrong.stdout, /\[override\] the certificate is not of this host, by override of alice: contract/)
  await add('--domain', 'named.example', '--require', 'pkix', '--name', 'mx.named.example', '--reason', 'contract')
  const right = await send('you@named.example')
  assert.equal(right.status, 0)
  assert.match(
    right.stdout,
    /over TLS, verified .*\n.*\n.*\n *the certificate is as asked by override of alice: contract/,
  )
  await add('--host', '.named.example', '--require', 'pkix', '--reason', 'ours')
  assert.equal((await send('you@named.example')).status, 0)
})

test('a host that is barred is never connected to', async () => {
  const { add, send } = bed()
  await add('--host', 'mx.plain.example', '--skip', '--until', '2w', '--reason', 'taken over')
  const { status, stdout } = await send('you@plain.example')
  assert.equal(status, 75)
  assert.match(stdout, /451 4\.4\.4 \[override\] it is never used, by override of alice until .*: taken over/)
})

test('the library decides as the commands do', async () => {
  const { store, add, clock } = bed()
  const { network, rootHints, trustAnchors, ca } = lab
  const waxseal = createWaxseal({ network, rootHints, trustAnchors, ca, clock, store, engine: 'iterate' })
  try {
    assert.equal((await waxseal.explain('clinic.example')).decision.overrides, undefined)
    await add('--domain', 'clinic.example', '--relax', 'may', '--until', '2d', '--reason', 'x')
    const { decision } = await waxseal.explain('clinic.example')
    assert.equal(decision.overrides?.[0]?.author, 'alice')
    const { recipients } = await waxseal.deliver({
      ...{ from: null, to: ['you@clinic.example'], message: Buffer.from('a: b\n\nc\n') },
    })
    assert.deepEqual([recipients[0]?.status.kind, recipients[0]?.row], ['delivered', '34'])
  } finally {
    await waxseal.close()
  }
})

test('list, remove and audit show what there is and what was, for people and programs', async () => {
  const { run, add, clock } = bed()
  assert.equal((await run('override', 'list')).stdout, 'No overrides.\n')
  await add('--domain', 'clinic.example', '--skip', '--until', '1h', '--reason', 'first')
  await add('--host', 'mx.plain.example', '--require', 'dane', '--reason', 'second')
  clock.move(3600)
  const list = await run('override', 'list')
  assert.match(list.stdout, /^mail by way of mx\.plain\.example: require dane, by override of alice: second$/m)
  assert.match(list.stdout, /^ended: mail to clinic\.example: skip, by override of alice until .* UTC: first$/m)
  const shown = JSON.parse((await run('override', 'list', '--json')).stdout)
  assert.equal(shown.schema, 'waxseal.overrides/1')
  assert.deepEqual(
    shown.overrides.map((one: { host: string; domain: string; ended: boolean }) => [one.domain, one.host, one.ended]),
    [
      [null, 'mx.plain.example', false],
      ['clinic.example', null, true],
    ],
  )
  const gone = ['override', 'remove', '--host', 'mx.plain.example', '--author', 'bob', '--reason', 'third']
  assert.equal((await run(...gone)).status, 0)
  assert.equal((await run(...gone)).status, 1)
  const audit = await run('override', 'audit')
  assert.equal(audit.status, 0)
  assert.match(
    audit.stdout,
    /UTC bob: mail by way of mx\.plain\.example: require dane taken away: third\n.*: second\n.*: first\n$/,
  )
  const lines = (await run('override', 'audit', '--json')).stdout.trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ schema, author, action, intact }) => [schema, author, action, intact]),
    [
      ['waxseal.audit/1', 'bob', 'remove', true],
      ['waxseal.audit/1', 'alice', 'add', true],
      ['waxseal.audit/1', 'alice', 'add', true],
    ],
  )
})

const wrong: [args: readonly string[], message: RegExp][] = [
  [['--require', 'dane', '--reason', 'x'], /give --domain, --host or both/],
  [['--domain', 'a.example', '--reason', 'x'], /give one of --require, --relax and --skip/],
  [['--domain', 'a.example', '--skip', '--relax', 'may', '--reason', 'x'], /give one of --require, --relax and --skip/],
  [['--domain', 'a.example', '--relax', 'dane', '--reason', 'x'], /option --relax: "dane" is none of may, encrypt/],
  [['--domain', 'a.example', '--require', 'may', '--reason', 'x'], /option --require: "may" is none of/],
  [['--domain', 'a.example', '--relax', 'may', '--reason', 'x'], /options --relax and --skip need --until/],
  [['--host', 'mx.a.example', '--relax', 'may', '--until', '1d', '--reason', 'x'], /option --relax needs --domain/],
  [['--domain', 'a.example', '--relax', 'may', '--until', '91d', '--reason', 'x'], /may last 90 days/],
  [['--domain', 'a.example', '--relax', 'may', '--until', '2020-01-01', '--reason', 'x'], /that is over already/],
  [['--domain', 'a.example', '--relax', 'may', '--until', 'soon', '--reason', 'x'], /"soon" is no moment/],
  [['--domain', 'a.example', '--require', 'pkix', '--reason', 'x'], /option --require pkix needs --name/],
  [['--domain', 'a.example', '--require', 'dane', '--name', 'b', '--reason', 'x'], /only with --require pkix/],
  [['--domain', 'a.example', '--require', 'dane'], /option --reason: one line/],
  [['--domain', '*.example', '--require', 'dane', '--reason', 'x'], /option --domain: not a name: "\*\.example"/],
]
for (const [args, message] of wrong) {
  test(`override add is refused: ${args.join(' ')}`, async () => {
    const { run, store } = bed()
    const { status, stderr } = await run('override', 'add', '--author', 'alice', ...args)
    assert.equal(status, 64)
    assert.match(stderr, message)
    assert.ok(!existsSync(store), 'it wrote all the same')
  })
}

test('without a name of the user an author must be given', async () => {
  const { run } = bed()
  const { status, stderr } = await run('override', 'add', '--domain', 'a.example', '--require', 'dane', '--reason', 'x')
  assert.deepEqual([status, /nobody knows who you are: give --author/.test(stderr)], [64, true])
})

test('a damaged override stops what would go by it, and can be taken away', async () => {
  const { run, add, store, explain } = bed()
  await add('--domain', 'plain.example', '--require', 'dane', '--reason', 'x')
  const database = new DatabaseSync(store)
  database.exec('UPDATE overrides SET rule = \'{"kind":"skip"}\'')
  database.close()
  const { status, stderr } = await run('explain', ...commands.iterate, 'plain.example')
  assert.equal(status, 78)
  assert.match(stderr, /cannot be used: the override of plain\.example is damaged/)
  const gone = ['override', 'remove', '--domain', 'plain.example', '--author', 'bob', '--reason', 'damaged']
  assert.equal((await run(...gone)).status, 0)
  assert.equal((await explain('plain.example')).hosts[0]?.tls, 'may')
})

interface Serving {
  ask(key: string): Promise<string>
  hear(words: string): Promise<void>
  stop(): Promise<Ended>
}

async function serve({ store, clock }: Bed, ...options: readonly string[]): Promise<Serving> {
  const path = `${store}.socket`
  const stopping = new AbortController()
  let heard = ''
  let ended: Ended | undefined
  const over = commands.run(
    ['serve', '--socketmap', path, '--http', 'off', '--store', store, ...commands.iterate, ...options],
    {
      ...{ clock, signal: stopping.signal },
      onOutput: (words) => {
        heard += words
      },
    },
  )
  const watched = over.then((found) => {
    ended = found
  })
  while (!existsSync(path)) {
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(ended, undefined)
  }
  const socket = connect(path)
  await once(socket, 'connect')
  return {
    async ask(key) {
      const answered = once(socket, 'data')
      const request = `QUERY ${key}`
      socket.write(`${request.length}:${request},`)
      const [octets] = (await answered) as [Buffer] // `data` comes with nothing else
      return /^\d+:(.*),$/s.exec(octets.toString())?.[1] ?? ''
    },
    async hear(words) {
      while (!heard.includes(words)) await new Promise((resolve) => setImmediate(resolve))
    },
    async stop() {
      socket.destroy()
      stopping.abort()
      await watched
      return over
    },
  }
}

test('a running service follows overrides as they are put, changed, taken away and end, and says whose they are', async () => {
  const at = bed()
  const { add, run, clock } = at
  const serving = await serve(at)
  assert.equal(await serving.ask('clinic.example'), 'OK dane-only')
  assert.equal(await serving.ask('plain.example'), 'NOTFOUND ')
  await add('--domain', 'clinic.example', '--relax', 'may', '--until', '1d', '--reason', 'broken')
  await serving.hear('overrides changed: mail to clinic.example; decisions to be made anew: 1')
  assert.equal(await serving.ask('clinic.example'), 'OK may')
  assert.equal(await serving.ask('shared.example'), 'OK dane-only')
  await add('--host', 'mx.plain.example', '--require', 'encrypt', '--reason', 'law')
  while ((await serving.ask('plain.example')) !== 'OK encrypt') await new Promise((resolve) => setImmediate(resolve))
  await run('override', 'remove', '--host', 'mx.plain.example', '--author', 'bob', '--reason', 'x')
  while ((await serving.ask('plain.example')) !== 'NOTFOUND ') await new Promise((resolve) => setImmediate(resolve))
  clock.move(86_400)
  assert.equal(await serving.ask('clinic.example'), 'OK dane-only')
  const { stdout } = await serving.stop()
  assert.match(
    stdout,
    /^clinic\.example: may\. .* mail to clinic\.example: relax may, by override of alice until .*: broken\./m,
  )
})

test('a dry run asks nothing of Postfix, and logs what it would', async () => {
  const at = bed()
  const config = join(commands.folder, 'dry.toml')
  writeFileSync(config, 'dry-run = [".shared.example", "plain.example"]\nlog-format = "json"\n')
  await at.add('--domain', 'plain.example', '--require', 'dane', '--reason', 'x')
  const serving = await serve(at, '--config', config)
  assert.equal(await serving.ask('shared.example'), 'NOTFOUND ')
  assert.equal(await serving.ask('plain.example'), 'NOTFOUND ')
  assert.equal(await serving.ask('clinic.example'), 'OK dane-only')
  const { stdout } = await serving.stop()
  const decisions = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; destination: string; wouldAnswer: string | null })
    .filter(({ event }) => event === 'decision')
  const would = Object.fromEntries(decisions.map(({ destination, wouldAnswer }) => [destination, wouldAnswer]))
  assert.deepEqual([would['shared.example'], would['clinic.example']], ['OK dane-only', null])
  assert.match(would['plain.example'] ?? '', /^TEMP no MX host may be used now/)
})

test('a dry run of everything says so in text', async () => {
  const serving = await serve(bed(), '--dry-run', 'all')
  assert.equal(await serving.ask('clinic.example'), 'NOTFOUND ')
  const { stdout } = await serving.stop()
  assert.match(
    stdout,
    /^clinic\.example: NOTFOUND\. Dry run: would answer OK dane-only\. Mail to clinic\.example goes /m,
  )
})

test('docs/overrides.md shows only options that there are', () => {
  const docs = join(import.meta.dirname, '..', '..', 'docs')
  const text = readFileSync(join(docs, 'overrides.md'), 'utf8')
  const pages = ['override-add', 'serve', 'send'].map((name) =>
    readFileSync(join(docs, 'man', `waxseal-${name}.1`), 'utf8'),
  )
  for (const [option] of text.matchAll(/--[a-z][a-z-]+/g)) {
    const escaped = option.replaceAll('-', '\\-')
    assert.ok(
      pages.some((page) => page.includes(escaped)),
      option,
    )
  }
})
