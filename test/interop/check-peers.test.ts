// `waxseal check`, posttls-finger, openssl s_client, danetool, ldns-dane and testssl.sh judge the same servers.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { CheckReport } from '../../src/core/check/report.ts'
import type { TlsParameters, Told } from '../../src/core/check/tls-parameters.ts'
import { systemClock } from '../../src/io/clock.ts'
import { createNetwork } from '../../src/io/network-node.ts'
import { createProbes } from '../../src/io/probe/create-probes.ts'
import { pause } from '../../src/io/probe/pause.ts'
import { domain } from '../support/domain.ts'
import { digest } from './certificates.ts'
import { asAuthority, asServer, openMint, past } from './chains.ts'
import { startPostfix } from './mail-servers.ts'
import { makeKeyPairs, startOpensslServer } from './probed-servers.ts'
import { addAddresses, openStage, signZone, startNsd, startUnbound } from './servers.ts'
import { waxseal } from './waxseal.ts'

const stage = openStage()
const at = { root: '192.0.2.1', leaf: '192.0.2.2', unbound: '127.0.0.53', old: '192.0.2.99' }
const mint = openMint(stage)
const root = mint({ subject: '/CN=Root', extensions: asAuthority })
const pairs = makeKeyPairs(stage, 'mx.two-keys.example')

/** Whether a sender of RFC 7672 takes this certificate for the host's. */
type Verdict = 'good' | 'bad'

/** One MX host, what it presents, and what is published about it. */
interface Case {
  readonly name: string
  readonly address: string
  /** Files of Postfix. */
  readonly key: string
  readonly chain: string
  readonly tlsa: string
  /** What it presents to who wants this kind of key, and what is to be said of that. */
  readonly keys: readonly { readonly keyType: 'RSA' | 'ECDSA'; readonly file: string; readonly is: Verdict }[]
}

interface Traits {
  readonly is: Verdict
  /** In the certificate, where it is another than the host's. */
  readonly certificateName?: string
  readonly dates?: typeof past
  /** Of this certificate: `leaf` unless told. */
  readonly record?: 'leaf' | 'root' | 'another'
}

let made = 0

function caseOf(name: string, { is, certificateName = `mx.${name}.example`, dates, record = 'leaf' }: Traits): Case {
  const leaf = mint({ subject: '/CN=Leaf', issuer: root, extensions: asServer(certificateName), ...dates })
  const chain = join(stage.folder, `${name}.pem`)
  writeFileSync(chain, [leaf, root].map(({ certificate }) => readFileSync(certificate, 'utf8')).join(''))
  const tlsa = {
    leaf: `3 1 1 ${digest(leaf.certificate, 1)}`,
    root: `2 0 1 ${digest(root.certificate, 0)}`,
    another: `3 1 1 ${'ab'.repeat(32)}`,
  }
  const keys = [{ keyType: 'ECDSA', file: chain, is }] as const
  return { name, address: `192.0.2.${100 + made++}`, key: leaf.key, chain, tlsa: tlsa[record], keys }
}

const cases: readonly Case[] = [
  caseOf('match', { is: 'good' }),
  caseOf('mismatch', { is: 'bad', record: 'another' }),
  caseOf('other-name', { is: 'good', certificateName: 'mx.elsewhere.example' }), // RFC 7672 §3.1.1
  caseOf('expired', { is: 'good', dates: past }),
  caseOf('anchored', { is: 'good', record: 'root' }),
  caseOf('anchored-other-name', { is: 'bad', record: 'root', certificateName: 'mx.elsewhere.example' }),
  caseOf('anchored-expired', { is: 'bad', record: 'root', dates: past }),
  {
    ...{ name: 'two-keys', address: '192.0.2.120', chain: pairs.ecdsa.certificate },
    key: [pairs.rsa.key, pairs.rsa.certificate, pairs.ecdsa.key].join(','),
    tlsa: `3 1 1 ${digest(pairs.rsa.certificate, 1)}`,
    keys: [
      { keyType: 'RSA', file: pairs.rsa.certificate, is: 'good' },
      { keyType: 'ECDSA', file: pairs.ecdsa.certificate, is: 'bad' },
    ],
  },
]

const hostOf = ({ name }: Case) => `mx.${name}.example`

before(async () => {
  addAddresses([
    ...Object.values(at).filter((address) => !address.startsWith('127.')),
    ...cases.map(({ address }) => address),
  ])
  const records = cases.flatMap((one) => [
    `${one.name} IN MX 10 mx.${one.name}\nmx.${one.name} IN A ${one.address}`,
    `_25._tcp.mx.${one.name} IN TLSA ${one.tlsa}`,
  ])
  const head = (ns: string) => `$TTL 3600\n@ IN SOA ${ns} hostmaster.example. 1 3600 600 86400 300\n@ IN NS ${ns}\n`
  const example = signZone(
    stage,
    'example.',
    `$ORIGIN example.\n${head('ns.example.')}ns IN A ${at.leaf}\nold IN MX 10 mx.old\nmx.old IN A ${at.old}\n${records.join('\n')}\n`,
    { algorithm: 'ECDSAP256SHA256' },
  )
  const delegation = `ns.root. IN A ${at.root}\nexample. IN NS ns.example.\nns.example. IN A ${at.leaf}\n${example.ds}`
  const top = signZone(stage, '.', `$ORIGIN .\n${head('ns.root.')}${delegation}`, { algorithm: 'ECDSAP256SHA256' })
  await startNsd(stage, at.root, { '.': top.file })
  await startNsd(stage, at.leaf, { 'example.': example.file })
  const hints = `.  3600000  NS  ns.root.\nns.root.  3600000  A  ${at.root}\n`
  writeFileSync(join(stage.folder, 'hints'), hints)
  writeFileSync(join(stage.folder, 'anchors'), top.ds)
  writeFileSync(join(stage.folder, 'resolv.conf'), `nameserver ${at.unbound}\noptions edns0 trust-ad\n`)
  await startUnbound(stage, at.unbound, { anchors: top.ds, hints })
  await startPostfix(
    stage,
    cases.map((one) => ({ ...one, name: hostOf(one) })),
    cases.map(({ name }) => `${name}.example`),
  )
  const weak = ['-cipher', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0', '-no_tls1_3', '-client_renegotiation']
  await startOpensslServer(stage, at.old, ['-cert', pairs.rsa.certificate, '-key', pairs.rsa.key, ...weak])
  mkdirSync(join(stage.folder, 'finger'))
  writeFileSync(join(stage.folder, 'finger', 'main.cf'), 'compatibility_level = 3.6\nsmtp_dns_support_level = dnssec\n')
})

after(() => stage.stop())

interface Said {
  readonly status: number | null
  readonly text: string
}

/** Runs a program that asks Unbound. */
function say(program: string, args: readonly string[], input = ''): Promise<Said> {
  const inside = ['--mount', 'sh', '-c', 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"', 'sh']
  const command = [...inside, join(stage.folder, 'resolv.conf'), program, ...args]
  const env = { ...process.env, MAIL_CONFIG: join(stage.folder, 'finger'), LC_ALL: 'C.UTF-8', TERM: 'dumb' }
  return new Promise((resolve) => {
    const child = execFile('unshare', command, { env, timeout: 100_000, cwd: stage.folder }, (_, stdout, stderr) => {
      resolve({ status: child.exitCode, text: stdout + stderr })
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

let reports: ReadonlyMap<string, CheckReport> | undefined

/** What `waxseal check` says of all domains, asked once. */
async function reportOf(name: string): Promise<CheckReport> {
  reports ??= await checkAll(cases.map((one) => one.name))
  const report = reports.get(`${name}.example`)
  assert.ok(report, name)
  return report
}

async function checkAll(names: readonly string[], more: readonly string[] = []) {
  const world = ['--engine', 'iterate', '--root-hints', join(stage.folder, 'hints')]
  const trust = ['--trust-anchor', join(stage.folder, 'anchors'), '--allow-private', '--helo', 'client.example']
  const domains = names.map((name) => `${name}.example`)
  const { stdout, stderr } = await waxseal(['check', '--json', ...more, ...world, ...trust, ...domains])
  const lines = stdout.split('\n').filter((line) => line !== '')
  assert.equal(lines.length, names.length, stderr)
  return new Map(lines.map((line) => JSON.parse(line) as CheckReport).map((report) => [report.domain, report]))
}

type Key = Case['keys'][number]

/** What each of them says of one certificate of a host. */
const peers: Readonly<Record<string, (one: Case, key: Key) => Promise<Said & { readonly is: Verdict | undefined }>>> = {
  async 'posttls-finger'(one, { keyType }) {
    // The kind of key is chosen by suites, as TLS 1.3 has none for it.
    const suites = ['-p', 'TLSv1.2', '-o', `tls_medium_cipherlist=a${keyType}`]
    const said = await say('posttls-finger', ['-c', '-l', 'dane', '-L', 'summary', ...suites, `${one.name}.example`])
    const [, how] = /: (Verified|Untrusted) TLS connection established/.exec(said.text) ?? []
    return { ...said, is: how === undefined ? undefined : how === 'Verified' ? 'good' : 'bad' }
  },
  async openssl(one, { keyType }) {
    const server = ['-starttls', 'smtp', '-name', 'client.example', '-connect', `${one.address}:25`]
    const dane = ['-dane_tlsa_domain', hostOf(one), '-dane_tlsa_rrdata', one.tlsa, '-dane_ee_no_namechecks']
    const trust = ['-no-CAfile', '-no-CApath', '-no-CAstore', '-verify_return_error']
    const key = ['-sigalgs', keyType === 'RSA' ? 'RSA-PSS+SHA256' : 'ECDSA+SHA256']
    const said = await say('openssl', ['s_client', '-brief', ...server, ...dane, ...trust, ...key], 'QUIT\r\n')
    const isGood = /^Verification: OK$/m.test(said.text)
    const isBad = /verify failed|verify error|Verification error/.test(said.text)
    return { ...said, is: isGood === isBad ? undefined : isGood ? 'good' : 'bad' }
  },
  async danetool(one, { file }) {
    // It asks for the record itself and believes Unbound; of two certificates it would get the one that GnuTLS likes.
    const dns = ['--local-dns', '--insecure', '--port', '25', '--proto', 'tcp']
    const said = await say('danetool', ['--check', hostOf(one), ...dns, '--load-certificate', file])
    const isGood = /Certificate matches/.test(said.text)
    const isBad = /Verification failed|differs/.test(said.text)
    return { ...said, is: isGood === isBad ? undefined : isGood ? 'good' : 'bad' }
  },
  async 'ldns-dane'(one, { file }) {
    // It speaks no STARTTLS: the chain comes from a file.
    const said = await say('ldns-dane', ['-d', '-r', at.unbound, '-c', file, 'verify', hostOf(one), '25'])
    const isGood = /dane-validated successfully/.test(said.text)
    const isBad = /did not dane-validate/.test(said.text)
    return { ...said, is: isGood === isBad ? undefined : isGood ? 'good' : 'bad' }
  },
}

/** Where a peer differs, and why that is no fault of ours. */
const differences: readonly { readonly peer: string; readonly name: string; readonly because: string }[] = [
  {
    ...{ peer: 'ldns-dane', name: 'other-name' },
    because:
      'it holds names against usage 3 unless told otherwise by -n, and RFC 7672 §3.1.1 says that they do not count',
  },
  {
    ...{ peer: 'danetool', name: 'anchored-other-name' },
    because: 'it looks at keys and digests alone, and RFC 7672 §3.2.3 has names checked for usage 2',
  },
]

for (const one of cases) {
  test(`${one.name}: waxseal check says of each certificate what RFC 7672 says`, async () => {
    const report = await reportOf(one.name)
    const keys = report.grid.flatMap(({ addresses }) => addresses).flatMap((address) => address.keys)
    const shown = keys.map(({ keyType, tlsa }) => `${keyType} ${tlsa.state}`).sort()
    assert.deepEqual(shown, one.keys.map(({ keyType, is }) => `${keyType} ${is}`).sort())
    assert.equal(report.verdict, one.keys.every(({ is }) => is === 'good') ? 'protected' : 'broken')
  })

  for (const [peer, judge] of Object.entries(peers)) {
    const difference = differences.find((row) => row.peer === peer && row.name === one.name)
    test(`${one.name}: ${peer} ${difference === undefined ? 'agrees' : `differs, because ${difference.because}`}`, async () => {
      for (const key of one.keys) {
        const said = await judge(one, key)
        assert.ok(said.is !== undefined, said.text)
        const theirs = difference === undefined ? key.is : key.is === 'good' ? 'bad' : 'good'
        assert.equal(said.is, theirs, `${key.keyType}: ${said.text}`)
      }
    })
  }
}

/** Servers that testssl.sh looks at: OpenSSL's with everything that it has, and Postfix as it comes. */
const scanned = { old: at.old, 'two-keys': '192.0.2.120' } as const

type Scanned = keyof typeof scanned

/** What testssl.sh found by the ids of its own, of what we look at too. */
async function scan(name: Scanned): Promise<ReadonlyMap<string, string>> {
  const file = join(stage.folder, `${name}.json`)
  const quiet = ['--warnings', 'off', '--nodns', 'none', '--color', '0', '--quiet', '--jsonfile', file]
  const server = ['--ip', scanned[name], '--starttls', 'smtp', `mx.${name}.example:25`]
  const { text } = await say('testssl', [...quiet, '-p', '-s', '-R', '-C', ...server])
  assert.ok(existsSync(file), text)
  const found = JSON.parse(readFileSync(file, 'utf8')) as { id: string; finding: string }[]
  return new Map(found.map(({ id, finding }) => [id, finding]))
}

const probes = createProbes({
  ...{ network: createNetwork({ allowPrivate: true }), clock: systemClock, clientName: 'client.example' },
  pause: (milliseconds, signal) => pause(Math.min(milliseconds, 25), signal),
})

async function parametersOf(name: Scanned): Promise<TlsParameters> {
  const endpoint = { address: scanned[name], port: 25 }
  const { outcome } = await probes.probe({ host: domain(`mx.${name}.example`), endpoint, depth: 'full' })
  assert.ok(outcome.kind === 'talked' && outcome.parameters !== undefined, JSON.stringify(outcome))
  return outcome.parameters
}

/** Kinds of suites before TLS 1.3, by testssl.sh's id and by what is in the names of IANA. */
const suiteKinds: readonly (readonly [id: string, names: RegExp])[] = [
  ['cipherlist_NULL', /_WITH_NULL_/],
  ['cipherlist_aNULL', /_anon_(?!WITH_NULL)/],
  ['cipherlist_EXPORT', /_EXPORT_/],
  ['cipherlist_LOW', /_(?:DES|RC2|RC4)_(?!.*EXPORT)/],
  ['cipherlist_3DES_IDEA', /_(?:3DES|IDEA)_/],
  ['cipherlist_AVERAGE', /_(?:AES|ARIA|CAMELLIA|SEED)_\d*_?CBC_/],
  ['cipherlist_STRONG', /_(?:GCM|CCM|POLY1305)/],
]

const versionIds = { SSLv3: 'SSLv3', TLSv1: 'TLS1', 'TLSv1.1': 'TLS1_1', 'TLSv1.2': 'TLS1_2', 'TLSv1.3': 'TLS1_3' }

function isYes<Value>(what: Told<Value>, test: (value: Value) => boolean): boolean {
  assert.ok(what.kind === 'told', JSON.stringify(what))
  return test(what.value)
}

/** What we found, by the ids of testssl.sh: whether it is there. */
function inTheirWords({ versions, suites, secureRenegotiation, clientRenegotiation, compression }: TlsParameters) {
  const all = suites.flatMap((list) => list.suites.items)
  assert.ok(suites.every((list) => list.suites.isComplete))
  return new Map<string, boolean>([
    ...versions.map(
      ({ version, finding }) => [versionIds[version], isYes(finding, ({ kind }) => kind === 'taken')] as const,
    ),
    ...suiteKinds.map(([id, names]) => [id, all.some((suite) => names.test(suite))] as const),
    ['secure_renego', isYes(secureRenegotiation, (value) => value)],
    ['secure_client_renego', isYes(clientRenegotiation, ({ count }) => count > 0)],
    ['CRIME_TLS', isYes(compression, (value) => value)],
  ])
}

for (const name of Object.keys(scanned) as Scanned[]) {
  test(`${name}: testssl.sh agrees about versions, kinds of suites, renegotiation and compression`, async () => {
    const [theirs, ours] = await Promise.all([scan(name), parametersOf(name)])
    const compared = inTheirWords(ours)
    assert.equal(compared.size, 15)
    const said = [...compared.keys()].map((id) => {
      const finding = theirs.get(id) ?? ''
      assert.match(finding, /^(?:offered|supported|not offered|not vulnerable|VULNERABLE)/, id)
      return [id, !finding.startsWith('not ')] as const
    })
    assert.deepEqual([...compared], said)
    assert.ok(['dropped', 'refused', 'cut'].includes(isKind(ours.commandInjection)))
  })
}

function isKind<Value extends { readonly kind: string }>(what: Told<Value>): string {
  return what.kind === 'told' ? what.value.kind : what.why
}

test("Debian's testssl.sh has no test for commands behind STARTTLS: once it has one, it belongs into this file", async () => {
  assert.doesNotMatch((await say('testssl', ['--help'])).text, /starttls.injection/i)
})
