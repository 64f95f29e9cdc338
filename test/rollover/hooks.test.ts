// The scripts of share/tlsa, run as ACME clients run them, on directories as those clients leave them. What stands in for
// waxseal notes how it was called, and lets through what it is told to.
import assert from 'node:assert/strict'
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { openMint } from '../../src/programs/lab/certificates/mint.ts'
import { describeCertificate } from '../../src/programs/lab/world/certificates.ts'

const share = join(import.meta.dirname, '..', '..', 'share', 'tlsa')
const host = 'mx.example.org'
const folder = mkdtempSync(join(tmpdir(), 'waxseal-hooks-'))
const at = (...parts: string[]) => join(folder, ...parts)

interface Pair {
  readonly chain: string
  readonly key: string
}
const pairs: Record<string, Pair> = {}

before(async () => {
  const mint = await openMint()
  pairs.ecdsa = await mint.issue(describeCertificate(host, {}))
  pairs.newer = await mint.issue(describeCertificate(host, { generation: 2 }))
  pairs.rsa = await mint.issue(describeCertificate(host, { key: 'rsa' }))
})

after(() => rmSync(folder, { recursive: true }))

beforeEach(() => {
  for (const name of readdirSync(folder)) rmSync(at(name), { recursive: true })
  put(
    'waxseal',
    `#!/bin/sh\necho "$*" >>'${at('called')}'\nif [ "$2" = gate ]; then exit "$(cat '${at('gate')}')"; fi\n`,
  )
  put('reload', `#!/bin/sh\necho reloaded >>'${at('called')}'\nexit "$(cat '${at('reload-status')}')"\n`)
  for (const name of ['waxseal', 'reload']) chmodSync(at(name), 0o755)
  put('reload-status', '0')
  put('gate', '0')
  put(
    'tlsa.conf',
    `FOLDER='${at('state')}'\nHOSTS='${host}'\nAPPLY='--tsig k'\nRELOAD='${at('reload')}'\nWAXSEAL='${at('waxseal')}'\n`,
  )
})

function put(name: string, text: string): string {
  mkdirSync(dirname(at(name)), { recursive: true })
  writeFileSync(at(name), text)
  return at(name)
}

function run(
  script: string,
  args: readonly string[] = [],
  environment: Record<string, string> = {},
): SpawnSyncReturns<string> {
  return spawnSync(join(share, script), args, {
    encoding: 'utf8',
    timeout: 30_000,
    env: {
      ...{ PATH: process.env.PATH, WAXSEAL_TLSA_CONFIG: at('tlsa.conf') },
      ...environment,
    },
  })
}

const deployed = (kind: string) => at('state', 'deployed', host, `${kind}.pem`)
const staged = (kind: string) => at('state', 'staged', host, `${kind}.pem`)
const state = () => `--state ${at('state', `${host}.json`)}`
const whole = ({ key, chain }: Pair) => `${key}\n${chain}`
const pair = (name: string) => pairs[name] as Pair
const calls = () => (existsSync(at('called')) ? readFileSync(at('called'), 'utf8').trimEnd().split('\n') : [])

/** live/NAME holds links into archive/NAME, and points to the new files before any hook is called. */
function renewByCertbot(name: string): Record<string, string> {
  const { chain, key } = pair(name)
  put(`etc/archive/${host}/fullchain2.pem`, chain)
  put(`etc/archive/${host}/privkey2.pem`, key)
  mkdirSync(at('etc', 'live', host), { recursive: true })
  for (const file of ['fullchain', 'privkey']) {
    rmSync(at('etc', 'live', host, `${file}.pem`), { force: true })
    symlinkSync(`../../archive/${host}/${file}2.pem`, at('etc', 'live', host, `${file}.pem`))
  }
  return { RENEWED_LINEAGE: at('etc', 'live', host), RENEWED_DOMAINS: `www.example.org ${host}` }
}

const clients: [client: string, run: () => SpawnSyncReturns<string>][] = [
  ['certbot', () => run('certbot-hook', [], renewByCertbot('ecdsa'))],
  [
    'acme.sh',
    () => {
      const { chain, key } = pair('ecdsa')
      return run('acme-sh-hook', [], {
        Le_Domain: host,
        CERT_FULLCHAIN_PATH: put(`home/.acme.sh/${host}_ecc/fullchain.cer`, chain),
        CERT_KEY_PATH: put(`home/.acme.sh/${host}_ecc/${host}.key`, key),
      })
    },
  ],
  [
    'lego',
    () => {
      const { chain, key } = pair('ecdsa')
      return run('lego-hook', [], {
        LEGO_CERT_DOMAIN: host,
        LEGO_CERT_PATH: put(`.lego/certificates/${host}.crt`, chain),
        LEGO_CERT_KEY_PATH: put(`.lego/certificates/${host}.key`, key),
      })
    },
  ],
  [
    'lego 5',
    () => {
      const { chain, key } = pair('ecdsa')
      return run('lego-hook', [], {
        LEGO_HOOK_CERT_NAME: host,
        LEGO_HOOK_CERT_PATH: put(`.lego/certificates/${host}.crt`, chain),
        LEGO_HOOK_CERT_KEY_PATH: put(`.lego/certificates/${host}.key`, key),
      })
    },
  ],
  [
    'Caddy',
    () => {
      const { chain, key } = pair('ecdsa')
      const place = `certificates/acme-v02.api.letsencrypt.org-directory/${host}/${host}`
      put(`caddy/${place}.crt`, chain)
      put(`caddy/${place}.key`, key)
      return run('caddy-hook', [host, `${place}.crt`, `${place}.key`], { CADDY_STORAGE: at('caddy') })
    },
  ],
]

for (const [client, renew] of clients) {
  test(`a certificate that ${client} renewed is published, judged, put in place in one file and read by the server`, () => {
    const { status, stderr } = renew()
    assert.deepEqual([status, stderr], [0, ''])
    assert.equal(readFileSync(deployed('ecdsa'), 'utf8'), whole(pair('ecdsa')))
    assert.equal(existsSync(staged('ecdsa')), false)
    assert.deepEqual(calls(), [
      `tlsa apply ${state()} --tsig k --renewed ${staged('ecdsa')} ${host}`,
      `tlsa gate ${state()} --certificate ${at('state', 'deployed', host, '.ecdsa')} ${host}`,
      'reloaded',
    ])
  })

  test(`a certificate of ${client} whose key is not known yet waits, and is not in the server's way`, () => {
    put('gate', '75')
    const { status } = renew()
    assert.equal(status, 0)
    assert.equal(existsSync(deployed('ecdsa')), false)
    assert.equal(existsSync(staged('ecdsa')), true)
    assert.equal(calls().includes('reloaded'), false)
    // Later the timer comes.
    put('gate', '0')
    assert.equal(run('deploy').status, 0)
    assert.equal(readFileSync(deployed('ecdsa'), 'utf8'), whole(pair('ecdsa')))
    assert.equal(calls().at(-1), 'reloaded')
  })
}

test('RSA and ECDSA go side by side, each when its own key is known', () => {
  const rsa = pair('rsa')
  const renewal = [put('rsa.crt', rsa.chain), put('rsa.key', rsa.key)]
  put('gate', '75')
  run('certbot-hook', [], renewByCertbot('ecdsa'))
  run('deploy', [host, ...renewal])
  assert.deepEqual([existsSync(staged('rsa')), existsSync(staged('ecdsa'))], [true, true])
  assert.ok(
    calls().includes(`tlsa apply ${state()} --tsig k --renewed ${staged('rsa')} --renewed ${staged('ecdsa')} ${host}`),
  )
  put('gate', '0')
  run('deploy')
  assert.equal(readFileSync(deployed('rsa'), 'utf8'), whole(rsa))
  assert.equal(readFileSync(deployed('ecdsa'), 'utf8'), whole(pair('ecdsa')))
})

test('certificates for other names than those looked after are passed over', () => {
  assert.equal(run('deploy', ['www.example.org', 'nowhere', 'nowhere']).status, 0)
  assert.deepEqual(calls(), [])
})

test('what the gate refuses for good is told by the status, and nothing changes', () => {
  put('gate', '65')
  const { status } = run('certbot-hook', [], renewByCertbot('ecdsa'))
  assert.equal(status, 65)
  assert.equal(existsSync(deployed('ecdsa')), false)
})

test('a server that was not told of its new certificate is told by the next run', () => {
  put('reload-status', '1')
  assert.equal(run('certbot-hook', [], renewByCertbot('ecdsa')).status, 1)
  put('reload-status', '0')
  rmSync(at('called'))
  assert.equal(run('deploy').status, 0)
  assert.deepEqual(calls(), [`tlsa apply ${state()} --tsig k ${host}`, 'reloaded'])
  rmSync(at('called'))
  run('deploy')
  assert.deepEqual(calls(), [`tlsa apply ${state()} --tsig k ${host}`])
})

test('a certificate staged while another is judged is judged by itself', () => {
  // The client renews once more in the middle of the gate's look.
  const newer = put('newer.pem', whole(pair('newer')))
  put('waxseal', `#!/bin/sh\nif [ "$2" = gate ]; then cp '${newer}' '${staged('ecdsa')}'; fi\n`)
  run('certbot-hook', [], renewByCertbot('ecdsa'))
  assert.equal(readFileSync(deployed('ecdsa'), 'utf8'), whole(pair('ecdsa')))
  assert.equal(readFileSync(staged('ecdsa'), 'utf8'), whole(pair('newer')))
})

test('keys lie where nobody else reads them', () => {
  run('certbot-hook', [], renewByCertbot('ecdsa'))
  const { stdout } = spawnSync('find', [at('state'), '-perm', '/077'], { encoding: 'utf8' })
  assert.equal(stdout, '')
})

for (const [step, condition] of [
  ['the record is published', '"$2" = apply'],
  ['the gate looks', '"$2" = gate'],
  ['the server is told', '"$1" = reload'],
] as const) {
  test(`a run that is killed while ${step} is followed by one that goes on`, () => {
    put('kill', 'yes')
    const program = readFileSync(at('waxseal'), 'utf8')
    const killing = `if [ ${condition} ] && [ -e '${at('kill')}' ]; then rm '${at('kill')}'; kill -9 $PPID; exit 0; fi\n`
    put('waxseal', program.replace('\n', `\n${killing}`))
    put(
      'tlsa.conf',
      readFileSync(at('tlsa.conf'), 'utf8').replace(`RELOAD='${at('reload')}'`, `RELOAD='${at('waxseal')} reload'`),
    )
    assert.equal(run('certbot-hook', [], renewByCertbot('ecdsa')).status === 0, false)
    assert.equal(existsSync(at('kill')), false)
    assert.equal(run('deploy').status, 0)
    assert.equal(readFileSync(deployed('ecdsa'), 'utf8'), whole(pair('ecdsa')))
    assert.equal(calls().at(-1), 'reload')
    assert.equal(existsSync(staged('ecdsa')), false)
    assert.deepEqual(readdirSync(at('state', 'deployed', host)), ['ecdsa.pem'])
  })
}

test('a daemon that a reload starts does not keep the next run waiting', () => {
  put('reload', `#!/bin/sh\nsleep 60 >/dev/null 2>&1 &\necho $! >'${at('daemon')}'\n`)
  try {
    assert.equal(run('certbot-hook', [], renewByCertbot('ecdsa')).status, 0)
    assert.equal(run('deploy').status, 0)
  } finally {
    process.kill(Number(readFileSync(at('daemon'), 'utf8')), 'SIGKILL')
  }
})

test('a mail server with a group of its own may read what is deployed, and nothing else', () => {
  const group = spawnSync('id', ['-gn'], { encoding: 'utf8' }).stdout.trim()
  put('tlsa.conf', `${readFileSync(at('tlsa.conf'), 'utf8')}GROUP='${group}'\n`)
  run('certbot-hook', [], renewByCertbot('ecdsa'))
  const { stdout } = spawnSync('find', [at('state'), '-type', 'f', '-perm', '/077'], { encoding: 'utf8' })
  assert.equal(stdout, `${deployed('ecdsa')}\n`)
  assert.equal(statSync(deployed('ecdsa')).mode & 0o777, 0o640)
  assert.equal(statSync(at('state', 'staged')).mode & 0o777, 0o700)
})
