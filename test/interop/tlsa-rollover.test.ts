// A real Postfix with an ECDSA and an RSA certificate has its keys changed while mail comes: its zone is on a BIND that takes
// updates and on a secondary that lags, and the senders, Postfix with DANE behind Unbound and our own, must not notice.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { folderFor, startNamed } from './authoritative.ts'
import { startPostfix } from './mail-servers.ts'
import { type SendingPostfix, startSendingPostfix } from './sending-postfix.ts'
import { addAddresses, openStage, run, signZone, startNsd, startUnbound } from './servers.ts'
import { waitUntilSigned } from './updates.ts'
import { iterateIn, type Run, waxseal } from './waxseal.ts'

const at = {
  root: '192.0.2.1',
  primary: '192.0.2.2',
  secondary: '192.0.2.3',
  mx: ['192.0.2.25', '192.0.2.26'],
} as const
const resolver = '127.0.0.53'
const host = 'mx.example'
/** Seconds: waits are of twice as many. */
const ttl = 2
const share = join(import.meta.dirname, '..', '..', 'share', 'tlsa')
const stage = openStage()
const folder = join(stage.folder, 'tlsa')
const deployed = (kind: Kind) => join(folder, 'deployed', host, `${kind}.pem`)
type Kind = 'rsa' | 'ecdsa'

let tsig: string
let network: string[]
let sender: SendingPostfix

before(async () => {
  addAddresses([at.root, at.primary, at.secondary, ...at.mx])
  tsig = join(stage.folder, 'tsig.key')
  writeFileSync(tsig, run('tsig-keygen', ['-a', 'hmac-sha256', 'rollover']), { mode: 0o600 })
  const { hints, anchors } = await startDns()
  network = [...iterateIn({ hints, anchors, authority: '', postfix: undefined }), '--store', ':memory:']
  mkdirSync(join(folder, 'deployed', host), { recursive: true })
  for (const kind of ['rsa', 'ecdsa'] as const) {
    const { certificate, key } = renew(kind)
    writeFileSync(deployed(kind), readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'), { mode: 0o600 })
  }
  await startPostfix(
    stage,
    at.mx.map((address) => ({ address, name: host, key: deployed('ecdsa'), chain: deployed('rsa') })),
    ['example'],
  )
  await startUnbound(stage, resolver, { anchors: readFileSync(anchors, 'utf8'), hints: readFileSync(hints, 'utf8') })
  sender = await startSendingPostfix(stage, {
    resolver,
    authorities: certificates.at(-1) ?? '',
    transports: { dane: ['smtp_tls_security_level=dane', 'smtp_tls_loglevel=1'] },
    routes: [],
    settings: [],
  })
  writeConfig()
})
after(() => stage.stop())

/** The primary signs what it is told; the secondary asks it every few seconds, and is told nothing. */
async function startDns(): Promise<{ hints: string; anchors: string }> {
  const text = [
    `$TTL ${ttl}`,
    `@ SOA ns1 hostmaster 1 3 1 86400 ${ttl}`,
    '@ NS ns1',
    '@ NS ns2',
    '@ MX 10 mx',
    `ns1 A ${at.primary}`,
    `ns2 A ${at.secondary}`,
    ...at.mx.map((address) => `mx A ${address}`),
    '',
  ].join('\n')
  const keys = readFileSync(tsig, 'utf8')
  const folder = folderFor(stage, `bind-${at.primary}`)
  writeFileSync(join(folder, 'example'), text)
  const primary = `zone "example" { type primary; file "example"; dnssec-policy default; notify no;
    update-policy { grant "rollover" name _25._tcp.${host} TLSA; }; };`
  const secondary = `zone "example" { type secondary; file "copy"; primaries { ${at.primary}; };
    min-refresh-time 1; max-refresh-time 3; min-retry-time 1; max-retry-time 1; };`
  const options = (address: string) =>
    [
      'session-keyfile none',
      'allow-transfer { any; }',
      `query-source address ${address}`,
      `transfer-source ${address}`,
    ].map((option) => `${option};`)
  await startNamed(stage, at.primary, { folder, keys: [keys], options: options(at.primary), zones: [primary] })
  await startNamed(stage, at.secondary, { options: options(at.secondary), zones: [secondary] })
  await waitUntilSigned('example', at.primary)
  await waitUntilSigned('example', at.secondary)
  const dnskey = run('dig', [`@${at.primary}`, '+noall', '+answer', '+norecurse', 'example', 'DNSKEY'])
  const ds = run('dnssec-dsfromkey', ['-f', '-', 'example'], { input: dnskey })
  const delegation = `example. IN NS ns1.example.\nexample. IN NS ns2.example.\nns1.example. IN A ${at.primary}\nns2.example. IN A ${at.secondary}\n${ds}`
  const root = signZone(
    stage,
    '.',
    `$ORIGIN .\n$TTL 3600\n@ IN SOA ns.root. hostmaster.root. 1 3600 600 86400 300\n@ IN NS ns.root.\nns.root. IN A ${at.root}\n${delegation}`,
    { algorithm: 'ECDSAP256SHA256' },
  )
  await startNsd(stage, at.root, { '.': root.file })
  const [hints, anchors] = [join(stage.folder, 'named.root'), join(stage.folder, 'anchors')]
  writeFileSync(hints, `.  3600000  NS  ns.root.\nns.root.  3600000  A  ${at.root}\n`)
  writeFileSync(anchors, root.ds)
  return { hints, anchors }
}

const certificates: string[] = []

/** What an ACME client would have after a renewal with a new key. */
function renew(kind: Kind): { certificate: string; key: string } {
  const file = join(stage.folder, `${kind}-${certificates.length}`)
  const algorithm = kind === 'rsa' ? ['rsa:2048'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  const request = ['req', '-x509', '-newkey', ...algorithm, '-nodes', '-days', '90', '-subj', `/CN=${host}`]
  run('openssl', [...request, '-addext', `subjectAltName=DNS:${host}`, '-keyout', `${file}.key`, '-out', `${file}.pem`])
  certificates.push(`${file}.pem`)
  return { certificate: `${file}.pem`, key: `${file}.key` }
}

function writeConfig(): void {
  const program = join(stage.folder, 'waxseal')
  const main = join(import.meta.dirname, '..', '..', 'src', 'programs', 'cli', 'main.ts')
  writeFileSync(program, `#!/bin/sh\nHOME=/nonexistent exec '${process.execPath}' '${main}' "$@"\n`)
  chmodSync(program, 0o755)
  const lines = [
    `FOLDER='${folder}'`,
    `HOSTS='${host}'`,
    `WAXSEAL='${program}'`,
    `OPTIONS='${network.join(' ')}'`,
    `APPLY='--tsig ${tsig}'`,
    `RELOAD='postfix -c ${stage.folder}/postfix/etc reload'`,
  ]
  writeFileSync(join(stage.folder, 'tlsa.conf'), `${lines.join('\n')}\n`)
}

/** As an ACME client's hook, or as the timer. */
function deploy(...args: readonly string[]): Promise<Run> {
  const env = { PATH: process.env.PATH, WAXSEAL_TLSA_CONFIG: join(stage.folder, 'tlsa.conf') }
  const child = spawn(join(share, 'deploy'), args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (said.stdout += chunk))
  child.stderr.on('data', (chunk) => (said.stderr += chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, ...said }))
  })
}

const tlsa = (command: string, ...args: readonly string[]) => {
  const options = ['--state', join(folder, `${host}.json`), ...network]
  return waxseal(['tlsa', command, ...options, ...args, host])
}

interface Planned {
  readonly step: { readonly kind: string; readonly text: string }
  readonly keys: readonly { readonly role: string; readonly kind: string; readonly fingerprint: string }[]
}

async function planned(): Promise<Planned> {
  const { stdout, stderr } = await tlsa('plan', '--json')
  assert.equal(stderr, '')
  return JSON.parse(stdout) as Planned
}

/** The timer comes again and again, until nothing is left but to make next keys. */
async function settle(): Promise<void> {
  const deadline = AbortSignal.timeout(120_000)
  for (;;) {
    const { status, stdout, stderr } = await deploy()
    assert.equal(status, 0, stdout + stderr)
    const waits = (['rsa', 'ecdsa'] as const).some((kind) => existsSync(join(folder, 'staged', host, `${kind}.pem`)))
    const { step, keys } = await planned()
    if (!waits && step.kind === 'make-keys' && keys.every(({ role }) => role !== 'old')) return
    if (deadline.aborted) throw new Error(`not settled: ${step.text}\n${stdout}${stderr}`)
    await pause(500)
  }
}

let count = 0

/** Mail comes all the time while this goes on; none of it may wait. */
async function underMailFlow(work: () => Promise<void>): Promise<void> {
  const from = sender.attempts().length
  const ending = { isOver: false }
  const flow = async () => {
    let sent = 0
    for (; !ending.isOver || sent < 4; sent++) {
      await sender.submit('dane', `m${++count}@example`, `flow ${count}`)
      const args = [
        'send',
        ...network,
        '--helo',
        'client.example',
        '--from',
        'me@sender.example',
        `s${++count}@example`,
      ]
      const { status, stderr } = await waxseal(args, `Subject: flow ${count}\n\nHello.\n`)
      assert.equal(status, 0, stderr)
    }
    return sent
  }
  const flowing = flow()
  flowing.catch(() => {})
  try {
    await work()
  } finally {
    ending.isOver = true
  }
  const sent = await flowing
  await sender.flushUntilEmpty()
  const attempts = sender.attempts().slice(from)
  assert.equal(attempts.length, sent)
  const wrong = attempts.filter(({ status, tls }) => status !== 'sent' || tls !== 'Verified')
  assert.deepEqual(wrong, [])
}

test('first records are published for both keys, and mail is verified by them', async () => {
  const first = await tlsa(
    'apply',
    '--tsig',
    tsig,
    '--ttl',
    String(ttl),
    '--key',
    deployed('ecdsa'),
    '--key',
    deployed('rsa'),
  )
  assert.equal(first.status, 0, first.stdout + first.stderr)
  await settle()
  await underMailFlow(async () => {})
})

test('DANE-81: both keys are changed under mail flow, a renewal with the same key lies between, and no mail waits', async () => {
  const before = { rsa: readFileSync(deployed('rsa'), 'utf8'), ecdsa: readFileSync(deployed('ecdsa'), 'utf8') }
  await underMailFlow(async () => {
    for (const kind of ['ecdsa', 'rsa'] as const) {
      const { certificate, key } = renew(kind)
      const hook = await deploy(host, certificate, key)
      assert.equal(hook.status, 0, hook.stdout + hook.stderr)
      // Published at once, and not deployed at once.
      assert.equal(readFileSync(deployed(kind), 'utf8'), before[kind])
    }
    await settle()
    const { stdout } = await deploy(host, certificates.at(-1) ?? '', (certificates.at(-1) ?? '').replace(/pem$/, 'key'))
    assert.match(stdout, /the key may be deployed/)
  })
  for (const kind of ['ecdsa', 'rsa'] as const) assert.notEqual(readFileSync(deployed(kind), 'utf8'), before[kind])
})

test('an emergency with a next key published ahead costs no mail, and the key that was taken is out at once', async () => {
  const { certificate, key } = renew('ecdsa')
  const old = (await planned()).keys.find(({ kind, role }) => kind === 'ecdsa' && role === 'current')?.fingerprint ?? ''
  await underMailFlow(async () => {
    const ahead = await tlsa('apply', '--tsig', tsig, '--next', key)
    assert.equal(ahead.status, 0, ahead.stdout + ahead.stderr)
    const marked = await tlsa('apply', '--tsig', tsig, '--compromised', old.slice(0, 16))
    assert.equal(marked.status, 0, marked.stdout + marked.stderr)
    await deploy(host, certificate, key)
    await settle()
  })
  const records = run('dig', [`@${at.primary}`, '+short', `_25._tcp.${host}`, 'TLSA']).replace(/ (?=[0-9A-F]+$)/gm, '')
  assert.doesNotMatch(records.toLowerCase(), new RegExp(old))
  const back = await tlsa('gate', '--key', certificates[2]?.replace(/pem$/, 'key') ?? '')
  assert.equal(back.status, 65, back.stdout + back.stderr)
})

test('without the gate the same renewal holds mail back, and the assistant says what to do', async () => {
  const { certificate, key } = renew('ecdsa')
  const draft = join(folder, 'draft')
  writeFileSync(draft, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'), { mode: 0o600 })
  copyFileSync(draft, `${draft}.copy`)
  renameSync(draft, deployed('ecdsa'))
  run('postfix', ['-c', join(stage.folder, 'postfix', 'etc'), 'reload'])
  await sender.submit('dane', 'broken@example', 'without the gate')
  const { status } = await sender.attempt('broken@example')
  assert.equal(status, 'deferred')
  const { status: ended, stdout } = await tlsa('apply', '--tsig', tsig)
  assert.equal(ended, 65)
  assert.match(stdout, /senders who check hold mail back until the records are changed/)
  const mended = await tlsa('apply', '--tsig', tsig, '--key', `${draft}.copy`)
  assert.equal(mended.status, 0, mended.stdout + mended.stderr)
  await sender.flushUntilEmpty()
})
