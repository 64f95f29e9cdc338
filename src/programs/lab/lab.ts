import { ConfigError } from '../../core/config-error.ts'
import type { Clock } from '../../io/clock.ts'
import type { Endpoint, Network } from '../../io/network.ts'
import { createNetwork } from '../../io/network-node.ts'
import { type AddressPlan, createAddressPlan } from './addresses.ts'
import { type Attackers, createAttackers } from './attackers/attackers.ts'
import { forgeryAgainst } from './attackers/forgery.ts'
import { attackerHost } from './attackers/hosts.ts'
import { openMint } from './certificates/mint.ts'
import { createGoingClock, createStandingClock, type LabClock } from './clock.ts'
import { clearDiary, createDiary, type Diary } from './diary.ts'
import { type DnsService, forwarderAddress, type Judge, openDnsService } from './dns/service.ts'
import { createZones, type Zones } from './dns/zones.ts'
import { createInhabitants, type Inhabitants } from './inhabitants.ts'
import { claimAddress } from './namespace.ts'
import { createSwitchboard, type Place, type Switchboard } from './service.ts'
import { explainWorldFault } from './world/fault.ts'
import { parseWorld } from './world/parse.ts'
import type {
  Attack,
  AttackKind,
  ClockEvent,
  Declaration,
  DropEvent,
  HostDeclaration,
  PolicyDeclaration,
  RecordDeclaration,
  World,
  ZoneDeclaration,
} from './world/world.ts'

export interface LabOptions {
  /**
   * `loopback` keeps the world on free ports of 127.0.0.1, found through `lab.network` alone. `namespace` gives the
   * loopback interface the world's own addresses, with ports 25, 53 and 443, for any program to find: it needs to be
   * root of a network namespace (`unshare -rn`).
   */
  readonly place?: 'loopback' | 'namespace'
  /** What the lab's clock goes by; without it the clock stands until it is moved. */
  readonly clock?: Clock
  /** Milliseconds by which every answer of DNS is late. */
  readonly dnsDelayMs?: number
  /** Whether its name servers give DNS cookies, as many do. RFC 7873 */
  readonly dnsCookies?: boolean
}

/** A test Internet. Everything that happens in it is written into its diary. */
export interface Lab {
  readonly world: World
  /** The one way into the lab: it finds world addresses on this machine. */
  readonly network: Network
  /** Where all of its endpoints are now, for a process besides that builds a network of its own. */
  places(): readonly Place[]
  readonly clock: LabClock
  /** Addresses of the root's name servers. */
  readonly rootHints: readonly Endpoint[]
  /** DS records of the root's keys, as zone text. */
  readonly trustAnchors: string
  /** The public root that policy hosts and MX hosts are judged by, PEM. */
  readonly ca: string
  /** A recursive server for stubs that passes on DNSSEC records and checks none of them, unless it is given a judge. */
  readonly forwarder: Endpoint
  /** Lets the forwarder answer as a validating server: SERVFAIL for what fails this judge, and AD for what is secure. */
  judgeBy(judge: Judge): void
  readonly diary: Diary
  /** Messages that reached servers, the attacker's among them. */
  readonly received: Diary['received']
  attack(attack: Attack): Promise<void>
  /** Ends the attacks of this kind and target, of this kind, or all. */
  calm(kind?: AttackKind, target?: string): void
  /** Changes a host, a policy or a record; zones are fixed when the lab starts. */
  change(change: Exclude<Declaration, ZoneDeclaration> | DropEvent): Promise<void>
  /** Moves the clock, and signs the zones anew unless they are to go stale. */
  move(event: Pick<ClockEvent, 'to' | 'byMs' | 'stale'>): void
  /** The longest chain of DNS questions, each of which waited for the answer before it, since the last reset. */
  rounds(): number
  /** Forgets rounds and diary. */
  reset(): void
  /** Ends everything that the lab has open. */
  close(): Promise<void>
}

interface Parts {
  readonly world: World
  readonly clock: LabClock
  readonly diary: Diary
  readonly switchboard: Switchboard
  readonly zones: Zones
  readonly inhabitants: Inhabitants
  readonly attackers: Attackers
  readonly dns: DnsService
  readonly bench: { judge: Judge | undefined }
}

/** Starts the world of a text (see docs/lab.md). Throws ConfigError, with line and column, for a text that is none. */
export async function startLab(source: string | World, options: LabOptions = {}): Promise<Lab> {
  const world = typeof source === 'string' ? readWorld(source) : source
  const { ca, ...parts } = { ca: (await openMint()).root, ...layOut(world, options) }
  const bench: Parts['bench'] = { judge: undefined }
  try {
    await settle(world, parts.inhabitants)
    const dns = await openDnsService({
      ...parts,
      changes: parts.attackers.changes,
      judge: () => bench.judge,
      delayMs: options.dnsDelayMs ?? 0,
      givesCookies: options.dnsCookies,
    })
    parts.zones.begin()
    return assemble({ ...parts, world, dns, bench }, ca)
  } catch (error) {
    await parts.switchboard.close()
    throw error
  }
}

function readWorld(text: string): World {
  const world = parseWorld(text)
  if (!world.ok) throw new ConfigError(explainWorldFault(text, world))
  return world.value
}

function layOut(world: World, options: LabOptions): Omit<Parts, 'world' | 'dns' | 'bench'> {
  const start = world.start ?? options.clock?.now() ?? Date.now()
  const clock = options.clock === undefined ? createStandingClock(start) : createGoingClock(options.clock, start)
  const diary = createDiary()
  const switchboard = createSwitchboard(options.place === 'namespace' ? claimAddress : claimPort)
  const plan = planOf(world)
  const zones = createZones({ declarations: zonesOf(world), plan, now: () => clock.now() })
  const inhabitants = createInhabitants({ zones, plan, switchboard, diary })
  const forgeryFor = (kind: Parameters<typeof forgeryAgainst>[0], attack: Attack) =>
    forgeryAgainst(kind, attack, inhabitants)
  return {
    clock,
    diary,
    switchboard,
    zones,
    inhabitants,
    attackers: createAttackers({ inhabitants, diary, forgeryFor }),
  }
}

async function claimPort(): Promise<Endpoint> {
  return { address: '127.0.0.1', port: 0 }
}

function planOf({ setting, events }: World): AddressPlan {
  const declared = [...setting, ...events].flatMap((one) => (one.kind === 'host' ? one.addresses : []))
  return createAddressPlan(new Set([...declared, forwarderAddress]))
}

/** The declared zones and the attacker's own, which is not signed. */
function zonesOf({ setting, events }: World): ZoneDeclaration[] {
  const declared = [...setting, ...events].flatMap((one) => (one.kind === 'zone' ? [one] : []))
  const own: ZoneDeclaration = {
    kind: 'zone',
    origin: 'attacker.example',
    signed: false,
    algorithm: 13,
    denial: 'nsec',
    iterations: 0,
    ds: 'none',
    ttl: 3600,
  }
  return declared.some(({ origin }) => origin === own.origin) ? declared : [own, ...declared]
}

/** Hosts first: records may bear digests of their certificates. */
async function settle({ setting }: World, inhabitants: Inhabitants): Promise<void> {
  const hosts = setting.filter((one): one is HostDeclaration => one.kind === 'host')
  const policies = setting.filter((one): one is PolicyDeclaration => one.kind === 'policy')
  const records = setting.filter((one): one is RecordDeclaration => one.kind === 'record')
  const isAttackers = ({ name }: HostDeclaration) => name === attackerHost.name
  await inhabitants.settleHost(hosts.find(isAttackers) ?? attackerHost, 'attacker')
  for (const host of hosts.filter((one) => !isAttackers(one))) await inhabitants.settleHost(host)
  for (const policy of policies) await inhabitants.settlePolicy(policy)
  for (const record of records) inhabitants.publish(record)
}

function assemble(parts: Parts, ca: string): Lab {
  const { world, clock, diary, switchboard, zones, attackers, dns, bench } = parts
  return {
    world,
    network: createNetwork({ allowPrivate: true, route: switchboard.route }),
    places: switchboard.places,
    clock,
    rootHints: [{ address: zones.servers.get('.') ?? '', port: 53 }],
    trustAnchors: zones.anchors,
    ca,
    forwarder: { address: forwarderAddress, port: 53 },
    judgeBy(judge) {
      bench.judge = judge
    },
    diary,
    received: diary.received,
    attack: (attack) => attackers.begin(attack),
    calm: (kind, target) => attackers.end(kind, target),
    change: (change) => applyChange(change, parts),
    move({ to, byMs, stale }) {
      if (stale) zones.keepSignatures()
      else zones.signAnew()
      clock.moveTo(to ?? clock.now() + byMs)
    },
    rounds: dns.rounds,
    reset() {
      dns.resetRounds()
      clearDiary(diary)
    },
    async close() {
      await Promise.all([dns.close(), attackers.close(), switchboard.close()])
    },
  }
}

async function applyChange(
  change: Exclude<Declaration, ZoneDeclaration> | DropEvent,
  { zones, inhabitants }: Parts,
): Promise<void> {
  switch (change.kind) {
    case 'host':
      return inhabitants.settleHost(change)
    case 'policy':
      return inhabitants.settlePolicy(change)
    case 'record':
      return inhabitants.publish(change)
    case 'drop':
      return zones.drop(change.owner, change.type)
  }
}
