// Starts real servers from Debian for one test, each in a folder of its own, and ends them by process id.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What one test file has started; `stop` ends all of it and removes its folder. */
export interface Stage {
  readonly folder: string
  /** Starts a server in the foreground; its output is kept for the message when it dies early. */
  start(program: string, args: readonly string[]): ChildProcess
  /** Ends one of them before the stage is struck. */
  end(child: ChildProcess): Promise<void>
  /** Runs something when the stage is struck, the last first. */
  onStop(undo: () => void | Promise<void>): void
  stop(): Promise<void>
}

export function openStage(): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-interop-'))
  chmodSync(folder, 0o755) // servers that drop privileges read their files here
  const undoing: (() => void | Promise<void>)[] = []
  const ends = new Map<ChildProcess, () => Promise<void>>()
  return {
    folder,
    start(program, args) {
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
      const output: Buffer[] = []
      child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
      child.stderr.on('data', (chunk: Buffer) => output.push(chunk))
      const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
      child.on('error', ({ message }) => process.stderr.write(`${program} cannot be started: ${message}\n`))
      let isStopping = false
      void ended.then(() => {
        if (!isStopping) process.stderr.write(`${program} ended early: ${Buffer.concat(output).toString()}\n`)
      })
      const end = async () => {
        isStopping = true
        child.kill('SIGTERM')
        await ended
      }
      ends.set(child, end)
      undoing.push(end)
      return child
    },
    async end(child) {
      await ends.get(child)?.()
    },
    onStop(undo) {
      undoing.push(undo)
    },
    async stop() {
      const failures: unknown[] = []
      for (const undo of undoing.reverse()) {
        try {
          await undo()
        } catch (error) {
          failures.push(error) // what comes after must end all the same
        }
      }
      rmSync(folder, { recursive: true, force: true })
      if (failures.length > 0) throw new AggregateError(failures, 'not everything could be stopped')
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
    '  answer-cookie: yes',
    'remote-control:',
    '  control-enable: no',
    ...Object.entries(zones).flatMap(([name, file]) => ['zone:', `  name: "${name}"`, `  zonefile: "${file}"`]),
  ]
  writeFileSync(join(folder, 'nsd.conf'), `${config.join('\n')}\n`)
  stage.start('/usr/sbin/nsd', ['-d', '-c', join(folder, 'nsd.conf')])
  await waitForPort(address, 53)
}

export interface UnboundOptions {
  readonly anchors: string
  readonly hints: string
  /** For port 853, over TLS. */
  readonly tls?: { readonly chain: string; readonly key: string }
  /** Lines of its `server:` clause. */
  readonly more?: readonly string[]
}

/** Unbound at `address`, ports 53 and, where it has a certificate, 853, validating from these anchors and root hints. */
export async function startUnbound(
  stage: Stage,
  address: string,
  { anchors, hints, tls, more = [] }: UnboundOptions,
): Promise<ChildProcess> {
  const folder = join(stage.folder, `unbound-${address}`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'anchors'), anchors)
  writeFileSync(join(folder, 'hints'), hints)
  const config = [
    'server:',
    `  interface: ${address}`,
    ...(tls === undefined ? [] : withTls(address, tls)),
    ...more.map((line) => `  ${line}`),
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
  const unbound = stage.start('/usr/sbin/unbound', ['-d', '-c', join(folder, 'unbound.conf')])
  await waitForPort(address, 53)
  return unbound
}

function withTls(address: string, { chain, key }: { readonly chain: string; readonly key: string }): string[] {
  return [`  interface: ${address}@853`, `  tls-service-key: "${key}"`, `  tls-service-pem: "${chain}"`]
}
