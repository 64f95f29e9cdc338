// `waxseal sts host` as it is run: configuration, files, reloads, delegation, and what a sender makes of it.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseTrustAnchors } from '../../src/core/dnssec/anchors.ts'
import { fetchPolicy } from '../../src/io/https/fetch-policy.ts'
import { createPkixTrust } from '../../src/io/https/pkix-trust.ts'
import { createResolver } from '../../src/io/resolver/create-resolver.ts'
import type { Resolver } from '../../src/io/resolver/resolver.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { type Authority, createAuthority } from '../support/certificates.ts'
import { domain } from '../support/domain.ts'
import { fakeNetwork } from '../support/fake-network.ts'
import { type HostingRun, host } from '../support/hosting.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'
import { alertOf, ask, talk } from '../support/policy-clients.ts'

const address = '203.0.113.7'
const world = `
zone a.example
zone mta-sts.a.example A ${address}
zone customer.example
zone _mta-sts.customer.example CNAME soft._mta-sts.sts.host.example
zone mta-sts.customer.example CNAME sts.host.example
zone stranger.example
zone mta-sts.stranger.example A ${address}
zone host.example
zone sts.host.example A ${address}
zone soft._mta-sts.sts.host.example TXT "v=STSv1; id=1"
`

let lab: Lab
let commands: LabCommands
let authority: Authority
let resolver: Resolver
let running: HostingRun | undefined

before(async () => {
  lab = await startLab(world)
  commands = commandsIn(lab)
  authority = await createAuthority()
  const anchors = parseTrustAnchors(lab.trustAnchors)
  assert.ok(anchors.ok)
  const { network, clock, rootHints } = lab
  resolver = createResolver({ engine: 'iterate', network, clock, rootHints, trustAnchors: anchors.value })
})

after(async () => {
  await running?.stop()
  await resolver.close()
  commands.close()
  await lab.close()
})

const listen = ['https', 'http', 'plain', 'metrics'].map((name) => `${name} = "127.0.0.1:0"\n`).join('')
const profiles = `
[[certificate]]
chain = "certificates/{host}.crt"
key = "certificates/{host}.key"
[profile.soft]
mode = "testing"
mx = ["mx.soft.example"]
max-age = 86400
domains = ["b.example"]
`
const policy = (mx: string) => `version: STSv1\nmode: enforce\nmx: ${mx}\nmax_age: 604800\n`

interface Place {
  readonly folder: string
  readonly file: string
  write(name: string, text: string): void
}

async function prepare(extra = '', names = ['a', 'b', 'customer', 'stranger']): Promise<Place> {
  const folder = mkdtempSync(join(commands.folder, 'host-'))
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 })
  mkdirSync(join(folder, 'certificates'))
  mkdirSync(join(folder, 'policies'))
  for (const name of names) {
    const { cert, key } = await authority.issue({ names: [`mta-sts.${name}.example`] })
    write(`certificates/mta-sts.${name}.example.crt`, cert)
    write(`certificates/mta-sts.${name}.example.key`, key)
  }
  write('policies/a.example.txt', policy('mx.a.example'))
  write('host.toml', `${listen}policies = "policies"\nstate = "state"\n${extra}${profiles}`)
  return { folder, file: join(folder, 'host.toml'), write }
}

async function start(place: Place, args: readonly string[] = []): Promise<HostingRun> {
  running = await host(commands, place.file, args)
  return running
}

/** What a sender makes of it: our own fetch, with DNS of the lab. */
async function fetched(run: HostingRun, name: string): Promise<string> {
  const network = fakeNetwork({ [`${address}:443`]: run.port('senders') })
  const trust = createPkixTrust(authority.pem)
  const got = await fetchPolicy(domain(name), { resolver, network, clock: lab.clock, trust })
  return got.kind === 'fetched' ? Buffer.from(got.body).toString() : `${got.fault}: ${got.reason}`
}

const get = (name: string, path = '/.well-known/mta-sts.txt') =>
  `GET ${path} HTTP/1.1\r\nHost: mta-sts.${name}\r\nConnection: close\r\n\r\n`

test('STS-20: our own sender accepts what is served, and each domain has its own', async () => {
  const run = await start(await prepare())
  assert.equal(await fetched(run, 'a.example'), policy('mx.a.example').replaceAll('\n', '\r\n'))
  assert.match(await ask(run.port('senders'), 'mta-sts.b.example', get('b.example')), /mode: testing/)
  assert.match(await ask(run.port('senders'), 'mta-sts.a.example', get('b.example')), /^HTTP\/1\.1 421 /)
  assert.match((await talk(run.port('a reverse proxy'), get('b.example'))).toString(), /mx: mx\.soft\.example/)
  for (const path of ['/.well-known/mta-sts.txt', '/', '/.well-known/acme-challenge/x']) {
    assert.match((await talk(run.port('challenges of ACME'), get('a.example', path))).toString(), /^HTTP\/1\.1 404 /)
  }
  assert.equal(await alertOf(run.port('senders'), { servername: 'mta-sts.c.example' }), 112)
  const { status, stdout } = await run.stop()
  assert.equal(status, 0)
  assert.match(stdout, /stopped/)
})

test('who fetched what is counted, and shown to those on this machine', async () => {
  const run = await start(await prepare())
  await fetched(run, 'a.example')
  await ask(
    run.port('senders'),
    'mta-sts.b.example',
    get('b.example').replace('Connection', 'User-Agent: curl/8\r\nConnection'),
  )
  await talk(run.port('a reverse proxy'), get('nobody.example'))
  await alertOf(run.port('senders'), {})
  const metrics = await run.ask('/metrics')
  for (const line of [
    'requests_total{outcome="policy"} 2',
    'requests_total{outcome="unknown-host"} 1',
    'connections_ended_total{why="unknown-name"} 1',
    'fetches_total{domain="a.example"} 1',
    'fetches_by_agent_total{agent="curl"} 1',
    'fetches_by_agent_total{agent="none"} 1',
    'domains 2',
    'config_ok 1',
    'contexts_made_total 2',
  ]) {
    assert.ok(metrics.includes(`\nwaxseal_policy_host_${line}\n`), line)
  }
  const { networks } = JSON.parse(await run.ask('/networks'))
  assert.deepEqual(
    networks.map(({ network, fetches }: Record<string, unknown>) => [network, fetches]),
    [['127.0.0.0/24', 2]],
  )
  await run.stop()
})

test('STS-111: a domain is served once it is delegated, with the profile it chose; others are not', async () => {
  const place = await prepare('name = "sts.host.example"\ncustomers = true\n')
  const run = await start(place, commands.iterate)
  assert.match(await fetched(run, 'customer.example'), /mx: mx\.soft\.example/)
  assert.match((await talk(run.port('a reverse proxy'), get('customer.example'))).toString(), /mx\.soft\.example/)
  assert.match(await fetched(run, 'stranger.example'), /^tls|unrecognized/)
  assert.match((await talk(run.port('a reverse proxy'), get('stranger.example'))).toString(), / 404 /)
  const metrics = await run.ask('/metrics')
  assert.ok(metrics.includes('waxseal_policy_host_delegated_domains 1\n'))
  assert.ok(metrics.includes('waxseal_policy_host_delegation_lookups_total{result="not-delegated"} 1\n'))
  await run.stop()
})

test('without customers, delegated domains are nobody', async () => {
  const run = await start(await prepare('name = "sts.host.example"\n'))
  assert.match((await talk(run.port('a reverse proxy'), get('customer.example'))).toString(), / 404 /)
  await run.stop()
})

test('a change is served after a signal, and by itself once its files have been left alone', async () => {
  const place = await prepare()
  const run = await start(place)
  place.write('policies/a.example.txt', policy('mx2.a.example'))
  const reloaded = run.hear('reloaded')
  run.reload()
  await reloaded
  assert.match(await fetched(run, 'a.example'), /mx2\.a\.example/)
  const again = run.hear('reloaded: 3 domains')
  place.write('policies/c.example.txt', policy('mx.c.example'))
  await again
  assert.match((await talk(run.port('a reverse proxy'), get('c.example'))).toString(), /mx\.c\.example/)
  await run.stop()
})

test('whatever breaks, what was good is served on, and told of', async () => {
  const place = await prepare()
  const run = await start(place)
  const before = await fetched(run, 'a.example')
  const reload = async (words: string) => {
    const heard = run.hear(words)
    run.reload()
    await heard
    assert.equal(await fetched(run, 'a.example'), before, words)
  }
  place.write('policies/a.example.txt', 'garbage')
  await reload('policy-trouble')
  place.write('host.toml', 'htps = 1\n')
  await reload('reload-failed: all stays as it was: ')
  assert.match(await run.ask('/metrics'), /\nwaxseal_policy_host_config_ok 0\n/)
  rmSync(place.file)
  await reload('reload-failed: all stays as it was: cannot read')
  place.write('host.toml', `${listen}policies = "policies"\nstate = "state"\n${profiles}`)
  rmSync(join(place.folder, 'policies'), { recursive: true })
  await reload('policy-trouble')
  rmSync(join(place.folder, 'certificates'), { recursive: true })
  await reload('reloaded')
  assert.match(await run.ask('/metrics'), /\nwaxseal_policy_host_config_ok 1\n/)
  assert.match(await run.ask('/metrics'), /\nwaxseal_policy_host_policy_troubles\{served_on="yes"\} 1\n/)
  await run.stop()
})

test('what was good is served on by the next process as well', async () => {
  const place = await prepare()
  await (await start(place)).stop()
  rmSync(join(place.folder, 'policies'), { recursive: true })
  const run = await start(place)
  assert.match(await fetched(run, 'a.example'), /mx\.a\.example/)
  assert.match(run.heard(), /policy-trouble: .*policies".*what it held before is served on/)
  const mended = run.hear('reloaded')
  mkdirSync(join(place.folder, 'policies'))
  place.write('policies/a.example.txt', policy('mx3.a.example'))
  run.reload()
  await mended
  assert.match(run.heard(), /policy-mended: ".*policies" can be used again/)
  assert.match(await fetched(run, 'a.example'), /mx3/)
  await run.stop()
})

test('a new profile and a new certificate come with a reload', async () => {
  const place = await prepare()
  const run = await start(place)
  const { cert, key } = await authority.issue({ names: ['mta-sts.d.example'] })
  place.write('d.crt', cert)
  place.write('d.key', key)
  const more = '[[certificate]]\nchain = "d.crt"\nkey = "d.key"\n'
  place.write('host.toml', `${listen}${more}${profiles.replace('b.example', 'd.example')}`)
  const reloaded = run.hear('reloaded: 1 domain has')
  run.reload()
  await reloaded
  assert.match(await ask(run.port('senders'), 'mta-sts.d.example', get('d.example')), /mx\.soft/)
  assert.match(run.heard(), /domain-gone: a\.example is not served any more/)
  await run.stop()
})

const refused: [what: string, change: (place: Place) => void, words: RegExp][] = [
  [
    'an unknown key',
    ({ write }) => write('host.toml', 'htps = 1\n'),
    /host\.toml:1: unknown key "htps", did you mean "https"/,
  ],
  ['no file', ({ file }) => rmSync(file), /cannot read ".*host\.toml": no such file/],
  [
    'no policy',
    ({ folder, write }) => {
      rmSync(join(folder, 'policies'), { recursive: true })
      write('host.toml', `${listen}policies = "policies"\n`)
    },
    /there is no policy to serve: ".*policies": ENOENT/,
  ],
  [
    'a certificate that is not there',
    ({ write }) => write('host.toml', `${listen}[[certificate]]\nchain = "x"\nkey = "x"\n${profiles}`),
    /certificate: cannot use ".*x"/,
  ],
  ['nowhere to listen', ({ write }) => write('host.toml', `https = []\n${profiles}`), /nothing is listened to/],
]
for (const [what, change, words] of refused) {
  test(`it does not start, with status 78: ${what}`, async () => {
    const place = await prepare()
    change(place)
    const { status, stderr } = await commands.run(['sts', 'host', place.file])
    assert.equal(status, 78)
    assert.match(stderr, words)
  })
}

test('--check says that all is in order, or what is not', async () => {
  const place = await prepare()
  const check = () => commands.run(['sts', 'host', '--check', place.file])
  assert.deepEqual(await check(), {
    ...{ status: 0, stderr: '' },
    stdout: '2 domains have a policy.\nAll their policy hosts have certificates.\n',
  })
  rmSync(join(place.folder, 'certificates', 'mta-sts.b.example.crt'))
  assert.match((await check()).stderr, /no certificate in date for mta-sts\.b\.example/)
  place.write('policies/a.example.txt', 'x')
  const { status, stderr } = await check()
  assert.equal(status, 78)
  assert.match(stderr, /cannot use ".*a\.example\.txt": line 1/)
})

test('STS-111: --records prints the zones, and an id stays as long as its policy does', async () => {
  const place = await prepare('name = "sts.host.example"\ncustomers = true\naddresses = ["192.0.2.1"]\n')
  const records = () => commands.run(['sts', 'host', '--records', ...commands.iterate, place.file])
  const first = await records()
  assert.equal(first.status, 0, first.stderr)
  assert.match(first.stdout, /^sts\.host\.example\. 3600 IN A 192\.0\.2\.1$/m)
  assert.match(first.stdout, /^_mta-sts\.b\.example\. 3600 IN CNAME soft\._mta-sts\.sts\.host\.example\.$/m)
  assert.match(first.stdout, /^_mta-sts\.a\.example\. 3600 IN CNAME a\.example\._mta-sts\.sts\.host\.example\.$/m)
  const [, id = ''] =
    /^soft\._mta-sts\.sts\.host\.example\. 3600 IN TXT "v=STSv1; id=(\w+);"$/m.exec(first.stdout) ?? []
  assert.match(id, /^\d{14}Z[0-9a-f]{16}$/)
  place.write('host.toml', `${listen}addresses = ["192.0.2.1", "2001:db8::1"]\n${profiles}`)
  const own = await records()
  assert.match(own.stdout, /^_mta-sts\.b\.example\. 3600 IN TXT "v=STSv1; id=/m)
  assert.match(own.stdout, /^mta-sts\.b\.example\. 3600 IN AAAA 2001:db8::1$/m)
})

test('--export writes each policy once, and takes nothing away', async () => {
  const place = await prepare()
  const folder = join(place.folder, 'export')
  const run = () => commands.run(['sts', 'host', '--export', folder, place.file])
  assert.match((await run()).stdout, /^2 policies are in .*; 2 were written anew\.$/m)
  const file = join(folder, 'mta-sts.a.example', '.well-known', 'mta-sts.txt')
  assert.equal(readFileSync(file, 'utf8'), policy('mx.a.example').replaceAll('\n', '\r\n'))
  rmSync(join(place.folder, 'policies', 'a.example.txt'))
  const { stdout, stderr } = await run()
  assert.match(stdout, /^1 policies are in .*; 0 were written anew\.$/m)
  assert.match(stderr, /mta-sts\.a\.example is not in the configuration, and stays/)
  assert.ok(existsSync(file))
  const spaced = await commands.run(['sts', 'host', '--export', `${folder} x`, place.file])
  assert.match(spaced.stderr, /use a path of plain characters/)
})

test('--check, --records and --export do not go together', async () => {
  assert.equal((await commands.run(['sts', 'host', '--check', '--records'])).status, 64)
})
