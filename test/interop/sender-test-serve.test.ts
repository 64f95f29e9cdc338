// `waxseal sender-test serve` as on a public host: its zones signed and served by NSD, its hosts on ports 25 and 443, and a
// Postfix that finds them through Unbound. What comes of it is what came of it in the lab.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { planRound, type Round } from '../../src/programs/sender-test/round.ts'
import { namesToCertify } from '../../src/programs/sender-test/serve/allot.ts'
import { readTestWorld } from '../../src/programs/sender-test/test-world.ts'
import { openAuthority } from './certificates.ts'
import { startPolicyService } from './policy-service.ts'
import { postfixBy } from './sender-test/senders.ts'
import { documentedTable } from './sender-test/table.ts'
import { type SendingPostfix, startSendingPostfix } from './sending-postfix.ts'
import { addAddresses, openStage, run, signZone, startNsd, startUnbound, waitForPort } from './servers.ts'
import { waxseal } from './waxseal.ts'

const stage = openStage()
const main = join(import.meta.dirname, '..', '..', 'src', 'programs', 'cli', 'main.ts')
const base = 'tests.example'
const world = readTestWorld(base)
const roots = '192.0.2.1'
const nameServer = '192.0.2.2'
const hosts = Array.from({ length: 14 }, (_, at) => `192.0.2.${at + 101}`)
const http = '127.0.0.1:8464'
let postfix: SendingPostfix

before(async () => {
  addAddresses([roots, nameServer, ...hosts])
  const authority = openAuthority(stage)
  const certified = authority.issue('tests', { names: namesToCertify(world) })
  const state = join(stage.folder, 'state')
  const serve = [
    ...['sender-test', 'serve', '--state', state, '--name-server', 'ns.example', '--http', http],
    ...['--certificate', certified.chain, '--key', certified.key],
    ...hosts.flatMap((address) => ['--address', address]),
  ]
  const said = await waxseal([...serve, '--only-zones', base])
  assert.equal(said.status, 0, said.stderr)
  assert.doesNotMatch(said.stdout, /Left out/)
  await publish(join(state, 'zones'))
  stage.start(process.execPath, [main, ...serve, base])
  await waitForPort('127.0.0.1', 8464)
  const hints = join(stage.folder, 'hints')
  const anchors = join(stage.folder, 'anchors')
  await startPolicyService(stage, [
    ...['--engine', 'iterate', '--root-hints', hints, '--trust-anchor', anchors, '--ca-file', authority.certificate],
    ...['--allow-private', '--store', join(stage.folder, 'policies.sqlite'), '--socketmap', '127.0.0.1:8461'],
  ])
  postfix = await startSendingPostfix(stage, {
    ...{ resolver: '127.0.0.53', authorities: authority.certificate, routes: [], settings: [] },
    transports: {
      may: ['smtp_tls_security_level=may'],
      dane: ['smtp_tls_security_level=dane'],
      waxseal: ['smtp_tls_policy_maps=socketmap:inet:127.0.0.1:8461:QUERY', 'smtp_tls_security_level=dane'],
    },
  })
})

after(() => stage.stop())

/** Does with the zones what an operator is told to: signs that of the base, and serves the others as they are. */
async function publish(folder: string): Promise<void> {
  const files: Record<string, string> = {}
  let ds = ''
  for (const file of readdirSync(folder)) {
    const origin = file.replace(/zone$/, '')
    if (origin !== `${base}.`) files[origin] = join(folder, file)
    else {
      const signed = signZone(stage, origin, readFileSync(join(folder, file), 'utf8'), { algorithm: 'ECDSAP256SHA256' })
      files[origin] = signed.file
      ds = signed.ds
    }
  }
  const root = signZone(
    stage,
    '.',
    `$ORIGIN .\n$TTL 300\n@ IN SOA ns.root. hostmaster.root. 1 3600 600 86400 300\n@ IN NS ns.root.\nns.root. IN A ${roots}\n` +
      `ns.example. IN A ${nameServer}\n${base}. IN NS ns.example.\n${ds}`,
    { algorithm: 'ECDSAP256SHA256' },
  )
  await startNsd(stage, roots, { '.': root.file })
  await startNsd(stage, nameServer, files)
  const hints = `.  3600000  NS  ns.root.\nns.root.  3600000  A  ${roots}\n`
  writeFileSync(join(stage.folder, 'hints'), hints)
  writeFileSync(join(stage.folder, 'anchors'), root.ds)
  await startUnbound(stage, '127.0.0.53', { anchors: root.ds, hints })
}

interface Report {
  readonly summary: string
  readonly tests: readonly {
    readonly domain: string
    readonly outcome: string
    readonly verdict: string
    readonly arrivals: readonly { readonly tls: object | null }[]
  }[]
}

async function beginRound(): Promise<Round> {
  const response = await fetch(`http://${http}/rounds`, { method: 'POST' })
  assert.equal(response.status, 201)
  const { token, tests } = (await response.json()) as { token: string; tests: { address: string }[] } // our own
  const round = planRound(world, base, token)
  assert.deepEqual(
    tests.map(({ address }) => address),
    round.trials.map(({ address }) => address),
  )
  return round
}

/** What the table of the guide says of each domain in this column; nobody tells a public host what was returned. */
function documented(column: string): string[] {
  const [heading = [], ...rows] = documentedTable()
  const at = heading.indexOf(column)
  assert.notEqual(at, -1, column)
  return rows
    .filter(([name = '']) => !name.includes(' '))
    .map((row) => `${row[0]} ${(row[at] ?? '').replaceAll('*', '').replace('returned', 'held')}`)
}

function wordsOf({ domain, outcome, arrivals }: Report['tests'][number]): string {
  const words = outcome === 'arrived' && arrivals.some(({ tls }) => tls === null) ? 'in clear' : outcome
  return `${domain.replace(`.${base}`, '')} ${words}`
}

for (const [transport, column, answer] of [
  ['may', 'Postfix `may`', /DANE: no; MTA-STS: no\./],
  ['dane', 'Postfix `dane`', /DANE: yes; MTA-STS: no\./],
  ['waxseal', 'Postfix, Waxseal', /DANE: yes; MTA-STS: yes\. It did everything right\.$/],
] as const) {
  test(`${column} does from outside what it does in the lab`, async () => {
    const round = await beginRound()
    await postfixBy(postfix, transport)(round)
    const report = (await (await fetch(`http://${http}/rounds/${round.token}.json`)).json()) as Report // our own
    assert.deepEqual(report.tests.map(wordsOf), documented(column))
    assert.match(report.summary, answer)
    const text = await (await fetch(`http://${http}/rounds/${round.token}`)).text()
    assert.match(text, /^dane-mismatch +be held back +/m)
    assert.ok(text.replaceAll('\n', ' ').endsWith(`${report.summary} `), text)
  })
}

test('mail to anybody else is refused, over TLS or not', async () => {
  const said = await new Promise<string>((resolve, reject) => {
    const socket = connect(25, hosts[0] ?? '')
    let text = ''
    socket.on('data', (octets) => {
      text += octets.toString()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
    const commands = [
      'EHLO me',
      'MAIL FROM:<me@example>',
      `RCPT TO:<you@${base}>`,
      'RCPT TO:<you@elsewhere.example>',
      'QUIT',
    ]
    socket.end(`${commands.join('\r\n')}\r\n`)
  })
  assert.equal(said.match(/^550 /gm)?.length, 2, said)
})

test('the DNSSEC of the zones is as it is told: Unbound says so', () => {
  const ask = (name: string, type: string) => run('dig', ['@127.0.0.53', '+dnssec', name, type])
  const tlsa = (name: string) => `_25._tcp.mx.${name}.${base}`
  assert.match(ask(`dane-ee.${base}`, 'MX'), /status: NOERROR[\s\S]*flags: qr rd ra ad/)
  assert.match(ask(tlsa('dane-unsigned'), 'TLSA'), /status: NOERROR[\s\S]*flags: qr rd ra;/)
  for (const name of ['dane-bogus', 'dane-servfail']) assert.match(ask(tlsa(name), 'TLSA'), /status: SERVFAIL/, name)
  assert.match(ask(`bogus-mx.${base}`, 'MX'), /status: SERVFAIL/)
})
