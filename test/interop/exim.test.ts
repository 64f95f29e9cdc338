// Exim 4 with the recipe of share/exim as it is, in the lab's world on real ports, calm and under attack.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { wasReadByAttacker } from '../../src/programs/lab/diary.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { parseWorld } from '../../src/programs/lab/world/parse.ts'
import { type Exim, installExim, openFolder } from './exim.ts'
import { openStage, startUnbound } from './servers.ts'

const root = join(import.meta.dirname, '..', '..')

/** The demo's domains, and what it has none of. */
const demo = readFileSync(join(root, 'worlds', 'demo.txt'), 'utf8')
const world = `${demo.split(/^drop/m)[0] ?? ''}
zone   null.example MX 0 .
zone   null.example

zone   mismatch.example
zone   mismatch.example MX 10 mx.mismatch.example
zone   _25._tcp.mx.mismatch.example TLSA 3 1 1 {zeros.32}
host   mx.mismatch.example

zone   forged.example
zone   forged.example MX 10 mx.forged.example
zone   _25._tcp.mx.forged.example TLSA 3 1 1 {mx.forged.example.spki.sha256} bogus
host   mx.forged.example

zone   unusable.example
zone   unusable.example MX 10 mx.unusable.example
zone   _25._tcp.mx.unusable.example TLSA 1 1 1 {zeros.32}
host   mx.unusable.example certificate=self-signed

zone   unusable-clear.example
zone   unusable-clear.example MX 10 mx.unusable-clear.example
zone   _25._tcp.mx.unusable-clear.example TLSA 1 1 1 {zeros.32}
host   mx.unusable-clear.example starttls=no

zone   cleartext.example signed=no
zone   cleartext.example MX 10 mx.cleartext.example
host   mx.cleartext.example starttls=no

zone   expired.example signed=no
zone   expired.example MX 10 mx.expired.example
host   mx.expired.example certificate=expired
policy expired.example mx=mx.expired.example

zone   other-name.example signed=no
zone   other-name.example MX 10 mx.other-name.example
host   mx.other-name.example certificate=wrong-name
policy other-name.example mx=mx.other-name.example

zone   untrusted.example signed=no
zone   untrusted.example MX 10 mx.untrusted.example
host   mx.untrusted.example certificate=untrusted
policy untrusted.example mx=mx.untrusted.example

zone   unlisted.example signed=no
zone   unlisted.example MX 10 mx.unlisted.example
host   mx.unlisted.example
policy unlisted.example mx=mx.elsewhere.example

zone   partly.example signed=no
zone   partly.example MX 10 rogue.partly.example
zone   partly.example MX 20 mx.partly.example
host   rogue.partly.example
host   mx.partly.example
policy partly.example mx=mx.partly.example

zone   trial.example signed=no
zone   trial.example MX 10 mx.trial.example
host   mx.trial.example certificate=self-signed
policy trial.example mode=testing mx=mx.trial.example

zone   second.example
zone   second.example MX 10 down.second.example
zone   second.example MX 20 mx.second.example
zone   _25._tcp.down.second.example TLSA 3 1 1 {mx.second.example.spki.sha256}
zone   _25._tcp.mx.second.example TLSA 3 1 1 {mx.second.example.spki.sha256}
host   down.second.example down
host   mx.second.example

zone   alias.example signed=no
zone   alias.example MX 10 mx.alias.example
zone   mx.alias.example CNAME mx.postcard.example
policy alias.example mx=mx.alias.example

# Versions of TLS that nobody should believe.
zone   old.example signed=no
zone   old.example MX 10 mx.old.example
host   mx.old.example tls=1.1
policy old.example mx=mx.old.example

# The same where nothing is asked of the host, by whose name in the MX record Exim goes.
zone   nickname.example signed=no
zone   nickname.example MX 10 mx.nickname.example
zone   mx.nickname.example CNAME mx.trial.example

# Two names of one address: what the first must show is not what the second must.
zone   shared.example signed=no
zone   shared.example MX 10 mx.shared.example
host   mx.shared.example address=192.0.2.200 certificate=wrong-name
policy shared.example mx=mx.shared.example
zone   neighbour.example signed=no
zone   neighbour.example MX 10 mx.neighbour.example
zone   mx.neighbour.example A 192.0.2.200
# A domain without a policy at the very host of one with: a connection for the first must not carry mail for the second.
zone   guest.example signed=no
zone   guest.example MX 10 mx.shared.example

# What one host must show is not what the next must.
zone   mixed.example
zone   mixed.example MX 10 mx1.mixed.example
zone   mixed.example MX 20 mx2.mixed.example
zone   _25._tcp.mx1.mixed.example TLSA 3 1 1 {zeros.32}
host   mx1.mixed.example
host   mx2.mixed.example starttls=no
zone   mixed-up.example
zone   mixed-up.example MX 10 mx1.mixed-up.example
zone   mixed-up.example MX 20 mx2.mixed-up.example
zone   _25._tcp.mx2.mixed-up.example TLSA 3 1 1 {mx2.mixed-up.example.spki.sha256}
host   mx1.mixed-up.example down
host   mx2.mixed-up.example certificate=self-signed
`

const stage = openStage()
let lab: Lab
let exim: Exim
let stopService: () => Promise<void>
let socket: string

before(async () => {
  lab = await startLab(world, { place: 'namespace' })
  const folder = openFolder(stage, 'run')
  socket = join(folder, 'lines')
  const hints = lab.rootHints.map(({ address }, at) => `. 3600 IN NS r${at}.\nr${at}. 3600 IN A ${address}\n`).join('')
  writeFileSync(join(folder, 'hints'), hints)
  writeFileSync(join(folder, 'anchors'), lab.trustAnchors)
  writeFileSync(join(folder, 'ca.pem'), lab.ca)
  await startUnbound(stage, '127.0.0.53', {
    anchors: lab.trustAnchors,
    hints,
    more: ['cache-max-ttl: 0', 'cache-max-negative-ttl: 0', 'infra-host-ttl: 0'],
  })
  await startUnbound(stage, '127.0.0.54', { anchors: '', hints })
  exim = installExim(stage, { socket, authority: join(folder, 'ca.pem'), resolver: '127.0.0.53' })
  stopService = await startService()
})

after(async () => {
  await stopService()
  await stage.stop()
  await lab.close()
})

/** `waxseal serve` as an operator starts it, with what it learnt before. */
async function startService(): Promise<() => Promise<void>> {
  const folder = dirname(socket)
  const file = (name: string) => join(folder, name)
  const args = [
    ...['--engine', 'iterate', '--root-hints', file('hints'), '--trust-anchor', file('anchors'), '--allow-private'],
    ...['--ca-file', file('ca.pem'), '--store', file('policies.sqlite'), '--socketmap', file('socketmap')],
    ...['--lines', socket],
  ]
  const main = join(root, 'src', 'programs', 'cli', 'main.ts')
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', NO_COLOR: '1', LANG: 'C.UTF-8' }
  const child = spawn(process.execPath, [main, 'serve', '--http', 'off', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  await new Promise<void>((resolve, reject) => {
    let said = ''
    child.stdout.on('data', (octets: Buffer) => {
      said += octets.toString()
      if (said.includes('for questions of one line')) resolve()
    })
    closed.then(() => reject(new Error(`the service ended early: ${said}`)), reject)
  })
  return async () => {
    child.kill('SIGTERM')
    await closed
  }
}

function receivedBy(mark: string) {
  return lab.received.filter(({ text }) => text.includes(`Subject: ${mark}\r\n`))
}

/** Runs the queue until each of these has arrived: the resolver may hold on to an answer until its second is over. */
async function deliverAll(marks: readonly string[]): Promise<void> {
  const deadline = AbortSignal.timeout(30_000)
  while (!marks.every((mark) => receivedBy(mark).length > 0)) {
    assert.ok(!deadline.aborted, exim.log())
    await exim.runQueue()
  }
}

interface Expected {
  readonly domain: string
  readonly outcome: 'delivered' | 'deferred' | 'bounced'
  /** Who has it, if anybody. */
  readonly host?: string
  /** What stands in Exim's log. */
  readonly says: RegExp
}

async function sendTo({ domain, outcome, host, says }: Expected, when: string): Promise<void> {
  const mark = `${domain} ${when}`
  const { outcome: found, line } = await exim.send(`user@${domain}`, mark)
  assert.equal(found, outcome, line)
  assert.match(line, says)
  const received = receivedBy(mark)
  assert.deepEqual(
    received.map((message) => message.host),
    host === undefined ? [] : [host],
  )
}

const mx = (domain: string) => `mx.${domain}`
const dane = (domain: string, host = mx(domain)): Expected => ({
  ...{ domain, outcome: 'delivered', host, says: / X=TLS1\.\S+ CV=dane / },
})
const pkix = (domain: string, host = mx(domain)): Expected => ({
  ...{ domain, outcome: 'delivered', host, says: / X=TLS1\.\S+ CV=yes / },
})
const encrypted = (domain: string): Expected => ({
  ...{ domain, outcome: 'delivered', host: mx(domain), says: / X=TLS1\.\S+ CV=no / },
})
const held = (domain: string, says: RegExp): Expected => ({ domain, outcome: 'deferred', says })

const calm: readonly Expected[] = [
  dane('friends.example'),
  dane('clinic.example'),
  dane('court.example'),
  dane('embassy.example'),
  dane('press.example'),
  dane('bank.example', 'old.bank.example'),
  // Its own records are not signed; Exim alone would not use the TLSA records of the provider.
  dane('choir.example', 'in.provider.example'),
  dane('second.example'),
  pkix('bakery.example'),
  pkix('lawyers.example'),
  pkix('school.example'),
  pkix('insurer.example'),
  pkix('hospital.example'),
  pkix('partly.example'),
  encrypted('library.example'),
  encrypted('postcard.example'),
  encrypted('unusable.example'),
  encrypted('trial.example'),
  { domain: 'cleartext.example', outcome: 'delivered', host: 'mx.cleartext.example', says: /T=waxseal_smtp H=\S+ \[/ },
  held('mismatch.example', /DANE|TLS|certificate/i),
  held('forged.example', /R=waxseal_ask defer .*its TLSA lookup failed/),
  held('unusable-clear.example', /TLS/),
  held('expired.example', /certificate/i),
  held('other-name.example', /certificate/i),
  held('untrusted.example', /certificate/i),
  held('unlisted.example', /R=waxseal_ask defer .*does not list it/),
  held('shared.example', /certificate/i),
  held('old.example', /TLS/),
  held('alias.example', /certificate/i),
  held('nickname.example', /certificate/i),
  { domain: 'neighbour.example', outcome: 'delivered', host: 'mx.shared.example', says: / X=TLS1\.\S+ CV=no / },
  {
    ...{ domain: 'mixed.example', outcome: 'delivered', host: 'mx2.mixed.example' },
    says: /T=waxseal_smtp H=mx2\.mixed\.example \[[^ ]+\] C=/,
  },
  dane('mixed-up.example', 'mx2.mixed-up.example'),
  { domain: 'null.example', outcome: 'bounced', says: /R=waxseal_ask: / },
  { domain: 'missing.example', outcome: 'bounced', says: /R=waxseal_ask: / },
]

for (const expected of calm) {
  const { domain, outcome } = expected
  test(`calm: mail to ${domain} is ${outcome}`, () => sendTo(expected, 'in calm'))
}

test('mail for a domain with a policy goes over no connection that was made for another', async () => {
  // It waits for its host, which Exim remembers; so does the other, until the host may be tried again.
  await exim.send('user@guest.example', 'guest.example in calm')
  await deliverAll(['guest.example in calm'])
  assert.deepEqual(receivedBy('shared.example in calm'), [])
})

test('a service that does not answer holds mail back, whatever protects the destination', async () => {
  await stopService()
  try {
    for (const domain of ['friends.example', 'library.example']) {
      await sendTo(held(domain, /R=waxseal_ask defer .*the policy service does not answer/), 'without the service')
    }
  } finally {
    stopService = await startService()
  }
})

test('TLSA records that are gone since the decision make mail wait: it is not returned', async () => {
  const { domain } = dane('press.example')
  const owner = `_25._tcp.${mx(domain)}`
  const declared = world.split('\n').filter((line) => /_tcp\.mx\.(?:press|court)\./.test(line))
  await sendTo(dane(domain), 'decided') // the service keeps the decision as long as the records may be kept
  await sendTo(dane('court.example'), 'decided')
  await change(`drop ${owner} TLSA`)
  await change('drop _25._tcp.mx.court.example TLSA')
  try {
    await sendTo(held(domain, /certificate/i), 'without records')
    await sendTo(held('court.example', /certificate/i), 'without records')
  } finally {
    for (const line of declared) await change(line)
  }
  await deliverAll([domain, 'court.example'].map((name) => `${name} without records`))
})

/** Lets the world be otherwise, by a line of its language. */
async function change(line: string): Promise<void> {
  const parsed = parseWorld(`${world}\ncalm\n${line}`)
  assert.ok(parsed.ok)
  const [, event] = parsed.value.events
  assert.ok(event?.kind === 'drop' || event?.kind === 'record')
  await lab.change(event)
}

test('with a resolver that does not validate, mail to hosts with DANE waits, and other mail goes', async () => {
  exim.useResolver('127.0.0.54')
  try {
    // A certificate that any authority vouches for is not what the domain asked for.
    for (const domain of ['friends.example', 'bank.example']) {
      await sendTo(held(domain, /certificate/i), 'without AD')
    }
    await sendTo(pkix('bakery.example'), 'without AD')
  } finally {
    exim.useResolver('127.0.0.53')
  }
})

/** What the demo's attacks come to, but for the domain that publishes nothing: nobody can tell what is right there. */
const attacked: readonly Expected[] = [
  dane('friends.example'),
  pkix('bakery.example'),
  held('clinic.example', /TLS/),
  held('bank.example', /./),
  held('court.example', /R=waxseal_ask defer /),
  held('embassy.example', /R=waxseal_ask defer /),
  held('press.example', /R=waxseal_ask defer /),
  held('choir.example', /TLS/),
  held('lawyers.example', /./),
  held('school.example', /R=waxseal_ask defer .*does not list it/),
  held('insurer.example', /certificate/i),
  held('hospital.example', /certificate/i),
  held('library.example', /R=waxseal_ask defer /),
]

test('under attack nothing leaves unprotected to who asked for protection, and all that waited arrives in the end', async (t) => {
  await stopService() // with the answers that it remembers: what it keeps on disk it must not lose
  const events = parseWorld(demo)
  assert.ok(events.ok)
  for (const event of events.value.events) {
    if (event.kind === 'attack') await lab.attack(event.attack)
    else if (event.kind === 'drop' || event.kind === 'record') await lab.change(event)
  }
  stopService = await startService()
  for (const expected of attacked) {
    await t.test(`attacked: mail to ${expected.domain} is ${expected.outcome}`, () => sendTo(expected, 'attacked'))
  }
  await stopService()
  lab.calm()
  stopService = await startService()
  await deliverAll(attacked.map(({ domain }) => `${domain} attacked`))
  for (const { domain } of attacked) {
    const received = receivedBy(`${domain} attacked`)
    assert.equal(received.length, 1, domain)
    assert.ok(received[0]?.tls !== undefined, domain)
  }
  const read = attacked.filter(({ domain }) => wasReadByAttacker(lab.diary, `${domain} attacked`))
  assert.deepEqual(read, [])
})
