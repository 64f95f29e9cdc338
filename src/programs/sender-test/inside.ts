import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { ConfigError } from '../../core/config-error.ts'
import { reasonOf } from '../file-error.ts'
import type { LabFiles } from './open-test-lab.ts'

/** Which network namespace this process is in. */
export function networkNamespace(): string {
  return readlinkSync('/proc/self/ns/net')
}

/** Namespaces of network, mounts and processes of our own: nothing outlives them, and nothing outside sees them. */
function unshareOptions(isRoot: boolean): string[] {
  const own = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  return isRoot ? own : ['--map-root-user', ...own]
}

export interface Entered {
  /** A process in the namespaces, for others to follow by nsenter(1). */
  readonly pid: number
  readonly isRoot: boolean
  /** Resolves to the exit status. */
  readonly ended: Promise<number | null>
}

/** By which the program inside learns that the one outside is to end, or is gone: it is closed then. */
const leash = 3

/** Aborted when the program outside is to end, or is gone. */
export function watchLeash(): AbortSignal {
  const ending = new AbortController()
  try {
    const socket = new Socket({ fd: leash, readable: true, writable: false })
    socket.on('error', () => ending.abort())
    socket.on('close', () => ending.abort())
    socket.resume().unref()
  } catch {
    ending.abort()
  }
  return ending.signal
}

/**
 * Runs this program again with other arguments, in namespaces of its own, until the signal. Throws ConfigError where the
 * machine does not let it.
 */
export function enterNamespace(args: readonly string[], signal: AbortSignal): Entered {
  const isRoot = process.getuid?.() === 0
  const options = unshareOptions(isRoot)
  const tried = spawnSync('unshare', [...options, 'ip', 'link', 'set', 'lo', 'up'], { encoding: 'utf8' })
  if (tried.error !== undefined || tried.status !== 0) {
    const why = tried.error === undefined ? tried.stderr.trim().split('\n')[0] : reasonOf(tried.error)
    throw new ConfigError(`cannot make a network for the test domains ("unshare ${options.join(' ')}"): ${why}`)
  }
  const self = [process.execPath, ...process.execArgv, process.argv[1] ?? '']
  // The shell takes in what mail servers leave behind: it is the first process there.
  const child = spawn('unshare', [...options, 'sh', '-c', '"$@"; exit $?', 'sh', ...self, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  })
  const held = child.stdio[leash]
  held?.on('error', () => {}) // it may be gone already
  signal.addEventListener('abort', () => held?.destroy(), { once: true })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return { pid: child.pid ?? 0, isRoot, ended }
}

/** Where systems keep the authorities that their programs trust. */
const bundles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem']

/**
 * Puts the lab's resolver and its authority where every program of this mount namespace looks for them, so that a mail
 * server can be tested as it is configured. Says what could not be put there.
 */
export function furnish(folder: string, { resolvConf, authority }: LabFiles): string[] {
  const failed: string[] = []
  const bind = (source: string, target: string) => {
    try {
      execFileSync('mount', ['--bind', source, target], { stdio: ['ignore', 'ignore', 'pipe'] })
    } catch {
      failed.push(target)
    }
  }
  if (existsSync('/etc/resolv.conf')) bind(resolvConf, '/etc/resolv.conf')
  const found = new Set(bundles.filter((path) => existsSync(path)).map((path) => realpathSync(path)))
  for (const [at, bundle] of [...found].entries()) {
    const both = join(folder, `bundle-${at}.pem`)
    writeFileSync(both, `${readFileSync(bundle, 'utf8')}\n${readFileSync(authority, 'utf8')}`)
    bind(both, bundle)
  }
  if (existsSync(hashed)) bind(hashedWith(join(folder, 'certs'), authority), hashed)
  return failed
}

/** Where OpenSSL finds authorities by the hash of their name. */
const hashed = '/etc/ssl/certs'

/** A copy of that folder with one authority more; without OpenSSL’s own program nobody can say by what hash. */
function hashedWith(copy: string, authority: string): string {
  cpSync(hashed, copy, { recursive: true, verbatimSymlinks: true })
  const hash = spawnSync('openssl', ['x509', '-noout', '-hash', '-in', authority], { encoding: 'utf8' })
  if (hash.status === 0) cpSync(authority, join(copy, `${hash.stdout.trim()}.0`))
  return copy
}
