// `waxseal sts host` that obtains its certificates itself: from the configuration to what a sender is shown.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { createNetwork } from '../../src/io/network-node.ts'
import { startLab } from '../../src/programs/lab/lab.ts'
import { type StubAuthority, type StubOptions, startStubAuthority } from '../support/acme/authority.ts'
import { createAuthority } from '../support/certificates.ts'
import { type HostingRun, host } from '../support/hosting.ts'
import { commandsIn } from '../support/lab-commands.ts'

const world = `
zone acme.example
zone acme.example A 203.0.113.80
zone customer.example
zone _mta-sts.customer.example CNAME soft._mta-sts.sts.host.example
zone mta-sts.customer.example CNAME sts.host.example
zone stranger.example
zone mta-sts.stranger.example A 203.0.113.7
zone host.example
zone sts.host.example A 203.0.113.7
zone elsewhere.example
zone mta-sts.elsewhere.example A 203.0.113.99
`

interface Bed {
  readonly stub: StubAuthority
  readonly folder: string
  write(name: string, text: string): void
  /** With these lines in `[acme]`, and these before all tables. */
  run(acme?: string, top?: string): Promise<HostingRun>
}

async function openBed(context: TestContext, options: Partial<StubOptions> = {}): Promise<Bed> {
  let running: HostingRun | undefined
  const lab = await startLab(world)
  const stub = await startStubAuthority({
    now: () => lab.clock.now(),
    host: 'acme.example',
    validate: async ({ name, type, token }) =>
      type === 'http-01' && running !== undefined ? whyNotAnswered(running, name, token) : 'not the way of this test',
    ...options,
  })
  const real = createNetwork({ allowPrivate: true })
  const commands = commandsIn({
    ...lab,
    network: {
      ...lab.network,
      connectTcp: (endpoint, dial) =>
        endpoint.address === '203.0.113.80'
          ? real.connectTcp({ address: '127.0.0.1', port: stub.port }, dial)
          : lab.network.connectTcp(endpoint, dial),
    },
  })
  const folder = mkdtempSync(join(commands.folder, 'host-'))
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 })
  mkdirSync(join(folder, 'state'))
  write('server.pem', stub.serverRoot)
  write('issued.pem', stub.root)
  context.after(async () => {
    await running?.stop()
    await stub.close()
    commands.close()
    await lab.close()
  })
  return {
    ...{ stub, folder, write },
    async run(acme = '', top = '') {
      write(
        'host.toml',
        `${listen}${top}${tables}[acme]\ndirectory = "${stub.directory}"\nagree-terms = true\n${roots}${acme}`,
      )
      const started = host(commands, join(folder, 'host.toml'), commands.iterate)
      running = await started
      return running
    },
  }
}

const listen = `${['https', 'http', 'metrics'].map((name) => `${name} = "127.0.0.1:0"\n`).join('')}state = "state"\n`
const tables = `
[profile.soft]
mode = "testing"
mx = ["mx.soft.example"]
max-age = 86400
domains = ["a.example", "b.example"]
`
const roots = 'server-ca-file = "server.pem"\ncertificate-ca-file = "issued.pem"\nchallenges = "http-01"\n'

/** As an authority looks: at port 80 of the name. RFC 8555 §8.3 */
function whyNotAnswered(run: HostingRun, name: string, token: string): Promise<string | undefined> {
  const port = run.port('challenges of ACME')
  const path = `/.well-known/acme-challenge/${token}`
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path, headers: { host: name }, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      response.on('end', () => resolve(text.startsWith(`${token}.`) ? undefined : `${response.statusCode} ${text}`))
    })
    asked.on('error', (error) => resolve(error.message)).end()
  })
}

/** The names in the certificate that a client is shown who trusts the authority, or why there is none. */
function shown(run: HostingRun, name: string, ca: string): Promise<string> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port: run.port('senders'), servername: name, ca }
    const socket = connect(options, () => {
      resolve(socket.getPeerCertificate().subjectaltname ?? 'no name')
      socket.destroy()
    })
    socket.on('error', (error) => resolve(error.message))
  })
}

async function until(isSo: () => boolean, run: HostingRun, words: string): Promise<void> {
  while (!isSo()) await run.hear(words)
}

test('RFC 8555 §7: hosts of the configuration get certificates without having been asked for', async (context) => {
  const bed = await openBed(context)
  const run = await bed.run()
  await until(
    () => bed.stub.issued.length === 2 && run.heard().split('certificate-issued: ').length === 3,
    run,
    'issued',
  )
  for (const name of ['mta-sts.a.example', 'mta-sts.b.example'])
    assert.equal(await shown(run, name, bed.stub.root), `DNS:${name}`)
  assert.deepEqual(readdirSync(join(bed.folder, 'state', 'acme', 'names')).sort(), [
    'mta-sts.a.example',
    'mta-sts.b.example',
  ])
  assert.match(await run.ask('/metrics'), /waxseal_policy_host_events_total\{event="certificate-issued"\} 2/)
})

test('what is in files is shown from there, and not ordered', async (context) => {
  const bed = await openBed(context)
  const authority = await createAuthority()
  const { cert, key } = await authority.issue({ names: ['mta-sts.a.example'] })
  bed.write('a.crt', cert)
  bed.write('a.key', key)
  const run = await bed.run('[[certificate]]\nchain = "a.crt"\nkey = "a.key"\n')
  await until(() => run.heard().includes('certificate-issued: mta-sts.b.example'), run, 'issued')
  assert.equal(await shown(run, 'mta-sts.a.example', authority.pem), 'DNS:mta-sts.a.example')
  assert.deepEqual(
    bed.stub.issued.map(({ name }) => name),
    ['mta-sts.b.example'],
  )
})

test('RFC 8461 §8.2: a delegated domain gets one when a client first asks, and a stranger none', async (context) => {
  const bed = await openBed(context)
  const run = await bed.run('', 'name = "sts.host.example"\ncustomers = true\n')
  assert.match(await shown(run, 'mta-sts.stranger.example', bed.stub.root), /alert|closed|reset|disconnected/i)
  assert.match(await shown(run, 'mta-sts.customer.example', bed.stub.root), /alert|closed|reset|disconnected/i)
  await until(() => run.heard().includes('certificate-issued: mta-sts.customer.example'), run, 'issued')
  assert.equal(await shown(run, 'mta-sts.customer.example', bed.stub.root), 'DNS:mta-sts.customer.example')
  assert.ok(!bed.stub.issued.some(({ name }) => name === 'mta-sts.stranger.example'))
})

test('a name that leads elsewhere costs nothing of the budget, and is told of', async (context) => {
  const bed = await openBed(context)
  const run = await bed.run('check-addresses = true\n', 'addresses = ["203.0.113.7"]\n')
  await until(() => run.heard().includes('certificate-failed: mta-sts.a.example'), run, 'failed')
  assert.match(run.heard(), /certificate-failed: mta-sts\.a\.example: .*; next try .* UTC, and it has none/)
  assert.equal(bed.stub.orders.length, 0)
})

test('a validation that fails is told in one line, and nothing is served without a certificate', async (context) => {
  const bed = await openBed(context, { validate: async () => 'no such \u001b[31mtoken' })
  const run = await bed.run()
  await until(() => run.heard().includes('certificate-failed: mta-sts.a.example'), run, 'failed')
  assert.ok(!run.heard().includes('\u001b'))
  assert.match(await shown(run, 'mta-sts.a.example', bed.stub.root), /alert|closed|reset|disconnected/i)
})
