// CPU of one STARTTLS session of the prober, beside a bare client of Node's that says the same, and posttls-finger.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseDomainName } from '../src/core/name/domain.ts'
import { systemClock } from '../src/io/clock.ts'
import { createNetwork } from '../src/io/network-node.ts'
import { createProbes } from '../src/io/probe/create-probes.ts'
import { createProbeContexts } from '../src/io/probe/probe-contexts.ts'
import { expectShortLives } from '../src/programs/short-lives.ts'
import { bareSession } from './check/bare-session.ts'
import { atMost, median, note, report } from './report.ts'

expectShortLives()

const goals = { bare: 1.3, finger: 0.2 } as const
const rounds = 9
/** Of one round; half of them meet the RSA certificate, half the other. */
const sessions = 400
const atOnce = 16
const fingers = 40

interface MailServer {
  readonly process: ChildProcess
  readonly port: number
  readonly ca: string
}

async function startMailServer(): Promise<MailServer> {
  const args = [join(import.meta.dirname, 'check', 'mail-server.ts')]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  process.on('exit', () => child.kill('SIGKILL'))
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return { process: child, ...(JSON.parse(line) as { port: number; ca: string }) } // our own line
}

/** Microseconds of CPU for one of `count`, all threads together. */
async function cpuEach(count: number, work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

/** Does it for every number below `count`, so many at once. */
async function forEach(count: number, many: number, work: (number: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: many }, worker))
}

/** A prober each round: nothing is known of any address yet. */
function createProber({ port, ca }: MailServer) {
  // Addresses of the world, so that each is an address of its own, all of them at one port of loopback.
  const network = createNetwork({ allowPrivate: true, route: () => ({ address: '127.0.0.1', port }) })
  const host = parseDomainName('mx.test')
  if (!host.ok) throw new Error('the name is none')
  const make = () => createProbes({ network, clock: systemClock, clientName: 'bench.test', ca, pause: async () => {} })
  let probes = make()
  return {
    renew() {
      probes = make()
    },
    /** Two sessions. */
    async probe(number: number): Promise<void> {
      const endpoint = { address: `198.18.${number >> 8}.${number & 255}`, port: 25 }
      const { outcome } = await probes.probe({ host: host.value, endpoint, depth: 'quick' })
      const isWhole = outcome.kind === 'talked' && Object.values(outcome.keys).every(({ kind }) => kind === 'presented')
      if (!isWhole) throw new Error(`the probe found something else: ${JSON.stringify(outcome)}`)
    },
  }
}

/** Microseconds of CPU of one run, its start included, as a monitor would use it; undefined when it is not there. */
function fingerEach({ port }: MailServer, config: string): number | undefined {
  const one = `posttls-finger -c -t 10 -T 10 -l may -o smtp_tls_CAfile=/dev/null "[127.0.0.1]:${port}" >/dev/null 2>&1`
  const script = `for i in $(seq ${fingers}); do ${one} || exit 1; done; times`
  const env = { ...process.env, MAIL_CONFIG: config, LC_ALL: 'C' }
  const { status, stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8', env })
  if (status !== 0) return undefined
  const seconds = [...(stdout.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
  const total = seconds.reduce((sum, [, minutes, rest]) => sum + 60 * Number(minutes) + Number(rest), 0)
  return (total * 1e6) / fingers
}

async function measure(server: MailServer, config: string): Promise<void> {
  const { keys } = createProbeContexts({ ca: server.ca })
  const contexts = [keys.rsa, keys.ecdsa]
  const prober = createProber(server)
  const ours = () => cpuEach(sessions, () => forEach(sessions / 2, atOnce / 2, prober.probe))
  const bare = () =>
    cpuEach(sessions, () =>
      forEach(sessions, atOnce, (number) =>
        bareSession({ address: '127.0.0.1', port: server.port }, contexts[number % 2] ?? keys.rsa),
      ),
    )
  const found: { readonly ours: number; readonly bare: number; readonly finger: number | undefined }[] = []
  for (let round = -1; round < rounds; round++) {
    prober.renew()
    const one = { ours: await ours(), bare: await bare(), finger: fingerEach(server, config) }
    if (round >= 0) found.push(one) // the first one warms everything up
  }
  const overBare = median(found.map((one) => one.ours / one.bare))
  const overFinger = found.flatMap((one) => (one.finger === undefined ? [] : [one.ours / one.finger]))
  report('CPU of a STARTTLS session of the prober / of', [
    atMost("a bare client of Node's, shared context", overBare, goals.bare, ' x'),
    ...(overFinger.length === 0 ? [] : [atMost('one run of posttls-finger', median(overFinger), goals.finger, ' x')]),
  ])
  const fingerCpu = found.flatMap(({ finger }) => finger ?? [])
  note(
    `prober ${Math.round(median(found.map((one) => one.ours)))} us, bare ${Math.round(median(found.map((one) => one.bare)))} us a session;`,
  )
  note(
    fingerCpu.length === 0 ? 'posttls-finger is not there' : `posttls-finger ${Math.round(median(fingerCpu))} us a run`,
  )
  note(`medians of ${rounds} rounds that take turns, ${sessions} sessions each, ${atOnce} at once`)
}

const config = mkdtempSync(join(tmpdir(), 'waxseal-bench-'))
writeFileSync(join(config, 'main.cf'), 'compatibility_level = 3.6\n')
const server = await startMailServer()
try {
  await measure(server, config)
} finally {
  server.process.kill()
  rmSync(config, { recursive: true })
}
