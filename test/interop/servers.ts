// Starts real servers from Debian for one test, each in a folder of its own, and ends them by process id.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What one test file has started; `stop` ends all of it and removes its folder. */
export interface Stage {
  readonly folder: string
  /** Starts a server in the foreground; its output is kept for the message when it dies early. */
  start(program: string, args: readonly string[]): ChildProcess
  /** Runs something when the stage is struck, the last first. */
  onStop(undo: () => void | Promise<void>): void
  stop(): Promise<void>
}

export function openStage(): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-interop-'))
  chmodSync(folder, 0o755) // servers that drop privileges read their files here
  const undoing: (() => void | Promise<void>)[] = []
  return {
    folder,
    start(program, args) {
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
      const output: Buffer[] = []
      child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
      child.stderr.on('data', (chunk: Buffer) => output.push(chunk))
      const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
      let isStopping = false
      void ended.then(() => {
        if (!isStopping) process.stderr.write(`${program} ended early: ${Buffer.concat(output).toString()}\n`)
      })
      undoing.push(async () => {
        isStopping = true
        child.kill('SIGTERM')
        await ended
      })
      return child
    },
    onStop(undo) {
      undoing.push(undo)
    },
    async stop() {
      for (const undo of undoing.reverse()) await undo()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export function run(program: string, args: readonly string[], options: { cwd?: string; input?: string } = {}): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'], ...options })
}

/** Puts addresses on the namespace's loopback interface, so that servers can have them. */
export function addAddresses(addresses: readonly string[]): void {
  for (const address of addresses) {
    run('ip', ['address', 'add', `${address}/${address.includes(':') ? 128 : 32}`, 'dev', 'lo'])
  }
}

/** Waits until a TCP connection succeeds; gives up after ten seconds. */
export async function waitForPort(address: string, port: number): Promise<void> {
  const deadline = AbortSignal.timeout(10_000)
  while (!(await connects(address, port))) {
    if (deadline.aborted) throw new Error(`nothing listens at ${address}:${port}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function connects(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** How `ldns-signzone` is to sign a zone; `expired` and `-o` style options go straight through. */
export interface Signing {
  readonly algorithm:
    | 'RSASHA1'
    | 'RSASHA1-NSEC3-SHA1'
    | 'RSASHA256'
    | 'RSASHA512'
    | 'ECDSAP256SHA256'
    | 'ECDSAP384SHA384'
    | 'ED25519'
    | 'ED448'
  readonly options?: readonly string[]
}

/** Signs a zone with ldns tools; returns the signed file and the DS lines for its parent. */
export function signZone(
  stage: Stage,
  zone: string,
  text: string,
  signing: Signing,
): { file: string; ds: string; keys: string } {
  const folder = join(stage.folder, zone === '.' ? 'root' : zone)
  mkdirSync(folder)
  const file = join(folder, 'zone')
  writeFileSync(file, text)
  const bits = signing.algorithm.startsWith('RSA') ? ['-b', '2048'] : []
  const key = run('ldns-keygen', ['-a', signing.algorithm, ...bits, '-k', zone], { cwd: folder }).trim()
  run('ldns-signzone', [...(signing.options ?? []), '-o', zone, 'zone', key], { cwd: folder })
  const ds = run('ldns-key2ds', ['-n', '-2', `${key}.key`], { cwd: folder })
  return { file: `${file}.signed`, ds, keys: readFileSync(join(folder, `${key}.key`), 'utf8') }
}

/** NSD at `address`, port 53, serving these files. */
export async function startNsd(stage: Stage, address: string, zones: Readonly<Record<string, string>>): Promise<void> {
  const folder = join(stage.folder, `nsd-${address.replaceAll(':', '_')}`)
  mkdirSync(folder)
  const config = [
    'server:',
    `  ip-address: ${address}`,
    `  zonesdir: "${folder}"`,
    `  pidfile: "${folder}/pid"`,
    `  xfrdfile: "${folder}/xfrd"`,
    `  zonelistfile: "${folder}/zonelist"`,
    `  xfrdir: "${folder}"`,
    '  database: ""',
    '  username: root',
    '  server-count: 1',
    '  rrl-ratelimit: 0',
    'remote-control:',
    '  control-enable: no',
    ...Object.entries(zones).flatMap(([name, file]) => ['zone:', `  name: "${name}"`, `  zonefile: "${file}"`]),
  ]
  writeFileSync(join(folder, 'nsd.conf'), `${config.join('\n')}\n`)
  stage.start('/usr/sbin/nsd', ['-d', '-c', join(folder, 'nsd.conf')])
  await waitForPort(address, 53)
}

/** Unbound at `address`, port 53, validating from these anchors and root hints. */
export async function startUnbound(
  stage: Stage,
  address: string,
  { anchors, hints }: { anchors: string; hints: string },
): Promise<void> {
  const folder = join(stage.folder, `unbound-${address}`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'anchors'), anchors)
  writeFileSync(join(folder, 'hints'), hints)
  const config = [
    'server:',
    `  interface: ${address}`,
    '  access-control: 0.0.0.0/0 allow',
    '  do-daemonize: no',
    '  username: ""',
    '  chroot: ""',
    `  directory: "${folder}"`,
    `  pidfile: "${folder}/pid"`,
    '  use-syslog: no',
    '  logfile: ""',
    '  verbosity: 0',
    '  do-not-query-localhost: no',
    '  ede: yes',
    '  module-config: "validator iterator"',
    `  root-hints: "${folder}/hints"`,
    `  trust-anchor-file: "${folder}/anchors"`,
    '  trust-anchor-signaling: no',
    '  val-override-date: "0"',
    'remote-control:',
    '  control-enable: no',
  ]
  writeFileSync(join(folder, 'unbound.conf'), `${config.join('\n')}\n`)
  stage.start('/usr/sbin/unbound', ['-d', '-c', join(folder, 'unbound.conf')])
  await waitForPort(address, 53)
}

/** A certificate authority of OpenSSL's, in the stage's folder. */
export interface Authority {
  readonly certificate: string
  issue(
    name: string,
    options?: { names?: readonly string[]; days?: number },
  ): { certificate: string; key: string; chain: string }
}

export function openAuthority(stage: Stage): Authority {
  const folder = join(stage.folder, 'ca')
  mkdirSync(folder)
  const key = join(folder, 'ca.key')
  const certificate = join(folder, 'ca.pem')
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const asAuthority = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign']
  run('openssl', [
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    key,
    '-out',
    certificate,
    '-days',
    '365',
    '-subj',
    '/CN=Interop CA',
    ...asAuthority,
  ])
  return {
    certificate,
    issue(name, { names = [name], days = 90 } = {}) {
      const file = join(folder, name)
      const request = ['req', ...newKey, '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', `/CN=${name}`]
      run('openssl', [...request, '-addext', `subjectAltName=${names.map((text) => `DNS:${text}`).join(',')}`])
      const sign = [
        'x509',
        '-req',
        '-in',
        `${file}.csr`,
        '-CA',
        certificate,
        '-CAkey',
        key,
        '-copy_extensions',
        'copyall',
      ]
      run('openssl', [...sign, '-days', String(days), '-out', `${file}.pem`])
      writeFileSync(`${file}.chain.pem`, readFileSync(`${file}.pem`, 'utf8') + readFileSync(certificate, 'utf8'))
      return { certificate: `${file}.pem`, key: `${file}.key`, chain: `${file}.chain.pem` }
    },
  }
}

/** TLSA data by OpenSSL's own arithmetic: the SHA-256 of a certificate's public key, or of the certificate. */
export function digest(certificate: string, selector: 0 | 1): string {
  const part =
    selector === 0
      ? 'openssl x509 -in "$1" -outform DER'
      : 'openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER'
  return run('sh', ['-c', `${part} | openssl dgst -sha256 -r`, 'sh', certificate]).split(' ')[0] ?? ''
}

/** Postfix with an `smtpd` per address, each with its own certificate, delivering all mail to one folder. */
export interface Postfix {
  /** Messages delivered so far, whole, an octet a character. */
  messages(): string[]
}

export async function startPostfix(
  stage: Stage,
  hosts: readonly { address: string; name: string; chain?: string; key?: string }[],
  domains: readonly string[],
): Promise<Postfix> {
  const folder = join(stage.folder, 'postfix')
  for (const part of ['etc', 'spool', 'lib', 'mail']) mkdirSync(join(folder, part), { recursive: true })
  run('chown', ['postfix', join(folder, 'lib'), join(folder, 'mail')])
  const ids = { user: run('id', ['-u', 'postfix']).trim(), group: run('id', ['-g', 'postfix']).trim() }
  const main = [
    'compatibility_level = 3.6',
    `queue_directory = ${folder}/spool`,
    `data_directory = ${folder}/lib`,
    `maillog_file = ${folder}/spool/log`,
    `maillog_file_prefixes = ${folder}`,
    'inet_interfaces = all',
    'mydestination =',
    'myhostname = mx.invalid',
    `virtual_mailbox_domains = ${domains.join(', ')}`,
    `virtual_mailbox_base = ${folder}/mail`,
    'virtual_mailbox_maps = static:all/',
    `virtual_uid_maps = static:${ids.user}`,
    `virtual_gid_maps = static:${ids.group}`,
    `virtual_minimum_uid = 1`,
    'smtpd_relay_restrictions = reject_unauth_destination',
    'smtpd_recipient_restrictions = check_recipient_access inline:{ { refused@dane.example = 550 5.1.1 no such user }, { later@dane.example = 450 4.2.1 busy } }, reject_unauth_destination',
    'smtpd_tls_loglevel = 1',
    'smtpd_tls_received_header = yes',
    'smtpd_peername_lookup = no',
  ]
  const services = hosts.map(({ address, name, chain, key }) => {
    const tls =
      chain === undefined
        ? ['-o smtpd_tls_security_level=none']
        : [`-o smtpd_tls_security_level=may -o smtpd_tls_chain_files=${key},${chain}`]
    return `${address}:25 inet n - n - - smtpd -o myhostname=${name} ${tls.join(' ')}`
  })
  const master = [
    ...services,
    'pickup unix n - n 60 1 pickup',
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'proxymap unix - - n - - proxymap',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'virtual unix - n n - - virtual',
    'anvil unix - - n - 1 anvil',
    'postlog unix-dgram n - n - 1 postlogd',
  ]
  writeFileSync(join(folder, 'etc', 'main.cf'), `${main.join('\n')}\n`)
  writeFileSync(join(folder, 'etc', 'master.cf'), `${master.join('\n')}\n`)
  const config = ['-c', join(folder, 'etc')]
  run('postfix', [...config, 'start'])
  stage.onStop(() => {
    run('postfix', [...config, 'stop'])
  })
  for (const { address } of hosts) await waitForPort(address, 25)
  return { messages: () => readMaildir(join(folder, 'mail', 'all', 'new')) }
}

function readMaildir(folder: string): string[] {
  try {
    return readdirSync(folder).map((file) => readFileSync(join(folder, file), 'latin1'))
  } catch {
    return [] // virtual(8) makes the folder with the first message
  }
}

/** nginx at `address`, port 443, with these policies: host name to certificate and response. */
export async function startNginx(
  stage: Stage,
  address: string,
  sites: readonly { name: string; chain: string; key: string; answer: string }[],
): Promise<void> {
  const folder = join(stage.folder, 'nginx')
  mkdirSync(folder)
  const servers = sites.map(
    ({ name, chain, key, answer }) => `server { listen ${address}:443 ssl; server_name ${name};
      ssl_certificate ${chain}; ssl_certificate_key ${key};
      location = /.well-known/mta-sts.txt { default_type text/plain; ${answer} } }`,
  )
  const config = `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
    http { access_log ${folder}/access.log; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
      ${servers.join('\n')} }`
  writeFileSync(join(folder, 'nginx.conf'), config)
  stage.start('/usr/sbin/nginx', ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')])
  await waitForPort(address, 443)
}
