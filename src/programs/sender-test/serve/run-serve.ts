import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { ConfigError } from '../../../core/config-error.ts'
import type { Endpoint } from '../../../io/network.ts'
import type { CommandContext } from '../../cli/command.ts'
import { listen } from '../../daemon/listen.ts'
import { formatListenAddress, type ListenAddress } from '../../daemon/listen-address.ts'
import { reasonOf } from '../../file-error.ts'
import type { Credential } from '../../lab/certificates/mint.ts'
import type { PolicyDeclaration, World } from '../../lab/world/world.ts'
import { readTestWorld } from '../test-world.ts'
import { type Allotment, allot, coveredBy, isPublic, namesToCertify, type Profile } from './allot.ts'
import { type Credentials, openCredentials, readCredential } from './credentials.ts'
import { createPolicyFront, createTestMailHost } from './fronts.ts'
import { createGatekeeper } from './gatekeeper.ts'
import { createLiveRounds } from './live-rounds.ts'
import { createResultsServer } from './results-server.ts'
import { composeZones, type Zone } from './zones.ts'

/** An address in DNS, and where this machine has it: they differ behind a translating router. */
export interface HostAddress {
  readonly published: string
  readonly local: string
}

export interface ServeOptions {
  readonly base: string
  readonly addresses: readonly (readonly HostAddress[])[]
  readonly nameServers: readonly string[]
  readonly certificate: { readonly chain: string; readonly key: string } | undefined
  readonly state: string
  readonly http: ListenAddress
  readonly ports: { readonly smtp: number; readonly https: number }
  /** Writes the zones, and serves nothing. */
  readonly onlyZones: boolean
}

/** Writes the zones to publish, and serves the test domains until it is told to end. */
export async function runServe(options: ServeOptions, context: CommandContext): Promise<void> {
  const { out, clock } = context
  const whole = readTestWorld(options.base)
  const own = options.certificate && readCredential(options.certificate.chain, options.certificate.key)
  const published = options.addresses.map((one) => one.map((address) => address.published))
  const allotment = allot(whole, { addresses: published, certificate: own?.chain })
  const world = { ...whole, tests: whole.tests.filter(({ domain }) => !allotment.omitted.has(domain)) }
  const credentials = await findCredentials({
    whole,
    allotment,
    own,
    kept: openCredentials(join(options.state, 'keys')),
  })
  const zones = composeZones({
    ...{ world: whole, base: options.base, nameServers: options.nameServers, credentials: credentials.byHost },
    addresses: new Map(
      [...allotment.profiles].flatMap(([{ names }, addresses]) => names.map((name) => [name, addresses] as const)),
    ),
    policyAddresses: published[0] ?? [],
    omitted: new Set(allotment.omitted.keys()),
    serial: Math.floor(clock.now() / 1000),
  })
  tell(writeZones(zones, options.state), allotment, whole, context)
  if (options.onlyZones) return
  await serve({ options, world, allotment, credentials }, context)
  out.note('ended')
}

interface FoundCredentials {
  readonly byProfile: ReadonlyMap<Profile, Credential>
  readonly byHost: ReadonlyMap<string, Credential>
  /** By the names of policy hosts. */
  readonly policies: ReadonlyMap<string, { readonly policy: PolicyDeclaration; readonly credential: Credential }>
}

/** The operator's own certificate where a public authority is needed, and ones made here in all other places. */
async function findCredentials({
  whole,
  allotment: { profiles, omitted },
  own,
  kept,
}: {
  readonly whole: World
  readonly allotment: Allotment
  readonly own: Credential | undefined
  readonly kept: Credentials
}): Promise<FoundCredentials> {
  const byProfile = new Map<Profile, Credential>()
  for (const profile of profiles.keys()) {
    const { certificate, name } = profile.host
    const isNamed = certificate.names.includes(name)
    // A good certificate of other names is the operator's own, as long as it does not have the name by mischance.
    const isGood = certificate.issuer === 'public' && certificate.validity === 'good' && profile.host.startTls !== 'no'
    const mayBeOwn = isGood && (isNamed || !profile.names.some(coveredBy(own?.chain)))
    const named = isNamed ? { ...certificate, names: [...profile.names], commonName: name } : certificate
    byProfile.set(profile, mayBeOwn && own !== undefined ? own : await kept.issue(named))
  }
  const byHost = new Map([...byProfile].flatMap(([{ names }, one]) => names.map((name) => [name, one] as const)))
  const policies = new Map<string, { policy: PolicyDeclaration; credential: Credential }>()
  for (const policy of whole.setting) {
    if (policy.kind !== 'policy' || omitted.has(policy.domain)) continue
    const name = `mta-sts.${policy.domain}`
    const credential = isPublic(policy.certificate, name) ? own : await kept.issue(policy.certificate)
    if (credential !== undefined) policies.set(name, { policy, credential })
  }
  return { byProfile, byHost, policies }
}

function writeZones(zones: readonly Zone[], state: string): readonly (Zone & { readonly file: string })[] {
  const folder = join(state, 'zones')
  try {
    mkdirSync(folder, { recursive: true })
    return zones.map((zone) => {
      const file = join(folder, `${zone.origin}.zone`)
      writeFileSync(file, zone.text)
      return { ...zone, file }
    })
  } catch (error) {
    throw new ConfigError(`cannot write zones to "${folder}": ${reasonOf(error)}`)
  }
}

function tell(
  zones: readonly (Zone & { readonly file: string })[],
  { profiles, omitted }: Allotment,
  whole: World,
  { out }: CommandContext,
): void {
  out.line('Serve these zones on your name servers:')
  for (const { origin, isSigned, file } of zones) {
    const how = isSigned ? 'signed, with its DS record in the zone above' : 'not signed, as it is'
    out.line(`  ${origin}  ${how}\n    ${file}`)
  }
  out.line(`${profiles.size} addresses for MX hosts are used; policies are served at the first.`)
  if (omitted.size === 0) return
  out.line('Left out, and not published:')
  for (const [domain, why] of omitted) out.line(`  ${domain}: ${why}`)
  out.line('A certificate of a public authority for every test domain has these names:')
  out.line(`  ${namesToCertify(whole).join('\n  ')}`)
}

interface Serving {
  readonly options: ServeOptions
  readonly world: World
  readonly allotment: Allotment
  readonly credentials: FoundCredentials
}

async function serve({ options, world, allotment, credentials }: Serving, context: CommandContext): Promise<void> {
  const { out, signal, clock, environment } = context
  const now = () => clock.now()
  const rounds = createLiveRounds(world, { base: options.base, now })
  const gate = createGatekeeper(now)
  const servers: Server[] = []
  const localOf = new Map(options.addresses.flat().map(({ published, local }) => [published, local]))
  const open = async (address: string, port: number, accept: (socket: Socket) => void) => {
    const at = { address: localOf.get(address) ?? address, port }
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => socket.destroy())
      if (gate.admit(socket)) accept(socket)
    })
    servers.push(server)
    await listenAt(server, at)
  }
  const results = createResultsServer(rounds, now)
  try {
    for (const [profile, addresses] of allotment.profiles) {
      const credential = credentials.byProfile.get(profile)
      if (credential === undefined) continue
      const accept = createTestMailHost(profile, credential, rounds)
      for (const address of addresses) await open(address, options.ports.smtp, accept)
    }
    const policies = createPolicyFront(credentials.policies)
    for (const { published } of options.addresses[0] ?? []) {
      await open(published, options.ports.https, (socket) => policies.emit('connection', socket))
    }
    const { addresses, close } = await listen(
      [options.http],
      { name: 'sender-test', environment, pid: process.pid },
      {
        create: () => results,
      },
    )
    out.line(`results at http://${addresses.map(formatListenAddress).join(' and ')}/`)
    if (!signal.aborted) await once(signal, 'abort')
    close()
  } finally {
    results.closeAllConnections()
    gate.close()
    for (const server of servers) server.close()
  }
}

async function listenAt(server: Server, { address, port }: Endpoint): Promise<void> {
  server.listen({ host: address, port, backlog: 256 })
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new ConfigError(`cannot listen on port ${port} of ${address}: ${reasonOf(error)}`)
  }
}
