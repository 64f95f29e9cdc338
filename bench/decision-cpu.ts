// CPU of a cold decision about a domain with an MTA-STS policy, from its first question of DNS to the policy fetched, beside
// what nobody can do without: the signature checks, and the TLS session with the policy host. Sockets and the request are
// ours, the servers are not: they are in a process besides.
import { spawn } from 'node:child_process'
import { verify } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect, type SecureContext } from 'node:tls'
import { systemClock } from '../src/io/clock.ts'
import { createPkixTrust } from '../src/io/https/pkix-trust.ts'
import type { Endpoint } from '../src/io/network.ts'
import { createNetwork } from '../src/io/network-node.ts'
import { createResolver } from '../src/io/resolver/create-resolver.ts'
import { type SignatureCheck, watchSignatures } from './check/batch.ts'
import { anchorsOf, decideWith, expectTls } from './decider.ts'
import type { PolicyPlaces } from './decision/policy-lab.ts'
import { atMost, median, note, type Row, report } from './report.ts'

const goal = 3.5
const domains = 150
const atOnce = 8
const warmUp = 5
const rounds = 7
const engine = 'iterate'

/** CPU in microseconds for one domain. */
interface Round {
  readonly deciding: number
  readonly checks: number
  readonly sessions: number
  readonly checked: number
}

async function startPlaces() {
  const args = [join(import.meta.dirname, 'decision/policy-lab.ts'), String(domains)]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  process.on('exit', () => child.kill('SIGKILL'))
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return { ...(JSON.parse(line) as PolicyPlaces), close: () => void child.kill() } // our own line
}

async function measure(): Promise<Round[]> {
  const { places, rootHints, trustAnchors, ca, close } = await startPlaces()
  const routes = new Map(places.map(({ world, local }) => [`${world.address} ${world.port}`, local]))
  const network = createNetwork({
    allowPrivate: true,
    route: ({ address, port }: Endpoint) => routes.get(`${address} ${port}`),
  })
  const hosts = places.flatMap(({ world, local }) => (world.port === 443 ? [local] : [])).slice(-domains)
  const { context } = createPkixTrust(ca)
  const found: Round[] = []
  const decideAll = async () => {
    const resolver = createResolver({
      engine,
      network,
      clock: systemClock,
      rootHints,
      trustAnchors: anchorsOf({ trustAnchors }),
    })
    const decider = decideWith(resolver, { network, clock: systemClock, ca })
    await decider.decide('d0.example') // root and top-level domain are known then
    const checks = watchSignatures()
    const deciding = await cpuOf(async () => {
      await forEachDomain(async (domain) => expectTls(domain, await decider.decide(domain), 'pkix'))
    })
    await decider.close()
    return { deciding, made: checks() }
  }
  for (let round = 0; round < warmUp + rounds; round++) {
    const { deciding, made } = await decideAll()
    const checks = await cpuOf(async () => verifyAll(made))
    const sessions = await cpuOf(() => shakeAllHands(hosts, context))
    const per = (all: number) => all / (domains - 1)
    const each = { deciding: per(deciding), checks: per(checks), sessions: per(sessions), checked: per(made.length) }
    if (round >= warmUp) found.push(each)
  }
  close()
  return found
}

function verifyAll(checks: readonly SignatureCheck[]): void {
  for (const { digest, data, key, signature } of checks) {
    if (!verify(digest, data, key, signature)) throw new Error('a good signature is bad now')
  }
}

/** TLS sessions, each with its chain verified, and nothing said in them. */
function shakeAllHands(hosts: readonly Endpoint[], secureContext: SecureContext): Promise<void> {
  return forEachDomain(async (domain, number) => {
    const { address, port } = hosts[number] as Endpoint // each has one
    const options = { host: address, port, servername: `mta-sts.${domain}`, secureContext }
    const socket = connect({ ...options, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    await once(socket, 'secureConnect')
    if (!socket.authorized) throw new Error(String(socket.authorizationError))
    socket.destroy()
  })
}

/** All but the first, some at once as a service has them. */
async function forEachDomain(work: (domain: string, number: number) => Promise<void>): Promise<void> {
  let next = 1
  const hand = async () => {
    for (let number = next++; number < domains; number = next++) await work(`d${number}.example`, number)
  }
  await Promise.all(Array.from({ length: atOnce }, hand))
}

/** Of the process, its helping threads included. */
async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

function rowsOf(found: readonly Round[]): Row[] {
  const ratio = median(found.map(({ deciding, checks, sessions }) => deciding / (checks + sessions)))
  return [atMost(`${engine}, MTA-STS, cold`, ratio, goal, ' x')]
}

const found = await measure()
report('CPU of a cold decision / of its checks and its TLS session', rowsOf(found))
const middle = (of: (round: Round) => number) => Math.round(median(found.map(of)))
note(
  `${middle(({ deciding }) => deciding)} us a decision; ${middle(({ checks }) => checks)} us for ` +
    `${middle(({ checked }) => checked)} signature checks, ${middle(({ sessions }) => sessions)} us for a TLS session`,
)
