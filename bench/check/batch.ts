import { spawn } from 'node:child_process'
import crypto, { type KeyLike, KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { checkReport } from '../../src/core/check/check-report.ts'
import { parseTrustAnchors } from '../../src/core/dnssec/anchors.ts'
import { createPolicy } from '../../src/core/dnssec/policy.ts'
import { parseDomainName } from '../../src/core/name/domain.ts'
import { systemClock } from '../../src/io/clock.ts'
import { createPkixTrust } from '../../src/io/https/pkix-trust.ts'
import type { Endpoint, Network } from '../../src/io/network.ts'
import { createNetwork } from '../../src/io/network-node.ts'
import { passingRoom } from '../../src/io/resolver/cache.ts'
import { createResolver, type ResolverOptions } from '../../src/io/resolver/create-resolver.ts'
import { openStore } from '../../src/io/store/open-store.ts'
import { createCheckWorld } from '../../src/programs/check/check-world.ts'
import { gatherFacts } from '../../src/programs/check/gather.ts'
import { startDeadline } from '../../src/programs/cli/deadline.ts'
import { expectShortLives } from '../../src/programs/short-lives.ts'
import type { BatchPlaces } from './batch-lab.ts'
import { type BatchSize, domainOf } from './batch-world.ts'

expectShortLives()

/** A datagram as it was sent. */
export interface Query {
  readonly to: Endpoint
  readonly message: Uint8Array
}

/** The lab of a batch, in a process besides. */
export interface BatchLab extends Omit<BatchPlaces, 'places'> {
  readonly size: BatchSize
  readonly network: Network
  /** Where the MX hosts are on this machine. */
  readonly hosts: readonly Endpoint[]
  /** Datagrams sent to name servers since this was last asked. */
  takeQueries(): Query[]
  /** How often each MX host was connected to since this was last asked. */
  connections(): Promise<Readonly<Record<string, number>>>
  close(): void
}

export async function startBatchLab(size: BatchSize): Promise<BatchLab> {
  const args = [join(import.meta.dirname, 'batch-lab.ts'), JSON.stringify(size)]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  process.on('exit', () => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })
  const next = async <Value>() => JSON.parse(((await once(lines, 'line')) as [string])[0]) as Value // our own lines
  const { places, ...rest } = await next<BatchPlaces>()
  const routes = new Map(places.map(({ world, local }) => [`${world.address} ${world.port}`, local]))
  const route = ({ address, port }: Endpoint) => routes.get(`${address} ${port}`)
  const network = createNetwork({ allowPrivate: true, route })
  let queries: Query[] = []
  return {
    ...{ ...rest, size },
    network: {
      ...network,
      async openUdp(to, options) {
        const opened = await network.openUdp(to, options)
        if (!opened.ok) return opened
        const { value: datagrams } = opened
        const { send } = datagrams
        datagrams.send = (message) => {
          queries.push({ to, message })
          send(message)
        }
        return opened
      },
    },
    // The attacker, whom no lab is without, comes first.
    hosts: places.flatMap(({ world, local }) => (world.port === 25 ? [local] : [])).slice(-size.hosts),
    takeQueries() {
      const taken = queries
      queries = []
      return taken
    },
    connections() {
      child.stdin.write('?\n')
      return next()
    },
    close: () => void child.kill(),
  }
}

/** What checks many domains as `waxseal check --file` does, and knows nothing of any yet. */
export function createBatch({ network, rootHints, trustAnchors, ca, size }: BatchLab) {
  const anchors = parseTrustAnchors(trustAnchors)
  if (!anchors.ok) throw new Error(`the lab's own trust anchors: ${anchors.fault}`)
  const clock = systemClock
  const resolverOptions: ResolverOptions = {
    ...{ engine: 'iterate', network, clock, rootHints, trustAnchors: anchors.value },
    ...{ policy: createPolicy({ remembers: true }), room: passingRoom },
  }
  const resolver = createResolver(resolverOptions)
  const store = openStore(':memory:')
  const world = createCheckWorld({
    ...{ resolver, resolverOptions, network, clock, trust: createPkixTrust(ca), ca, store, smtpPort: 25 },
    ...{ clientName: 'bench.test', depth: 'quick', pause: async () => {} },
  })
  const never = new AbortController().signal
  return {
    /** The line of JSON about one of the domains. */
    async check(number: number): Promise<string> {
      const domain = parseDomainName(domainOf(number, size))
      if (!domain.ok) throw new Error('the name is none')
      const { signal, stop } = startDeadline(never, 120_000)
      const facts = await gatherFacts(domain.value, { signal }, world)
      stop()
      const report = checkReport(facts, clock.now(), world.presentedBy)
      if (report.verdict !== 'protected') throw new Error(`${report.domain} is ${JSON.stringify(report, null, 1)}`)
      return JSON.stringify(report)
    },
    async close(): Promise<void> {
      await world.close()
      await resolver.close()
      await store.close()
    },
  }
}

/** A signature check as the crypto library was asked for it. */
export interface SignatureCheck {
  readonly digest: string | null
  readonly data: NodeJS.ArrayBufferView
  readonly key: KeyObject
  readonly signature: NodeJS.ArrayBufferView
  /** False where two keys of a zone have the same tag, and it was the other's. */
  readonly isGood: boolean
}

/** Writes down every signature check of this process until it is told to stop. */
export function watchSignatures(): () => SignatureCheck[] {
  const checks: SignatureCheck[] = []
  const { verify } = crypto
  crypto.verify = ((
    digest: string | null,
    data: NodeJS.ArrayBufferView,
    key: KeyLike,
    signature: NodeJS.ArrayBufferView,
  ) => {
    if (!(key instanceof KeyObject)) throw new Error('a check by a key that was not read before')
    const isGood = verify(digest, data, key, signature)
    checks.push({ digest, data, key, signature, isGood })
    return isGood
  }) as typeof verify
  syncBuiltinESMExports()
  return () => {
    crypto.verify = verify
    syncBuiltinESMExports()
    return checks
  }
}
