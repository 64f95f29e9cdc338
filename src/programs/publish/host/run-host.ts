import type { Server } from 'node:http'
import { basename, dirname, resolve } from 'node:path'
import { ConfigError } from '../../../core/config-error.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import type { AcmeSource } from '../../../io/acme/acme-source.ts'
import { createDelegations, type Delegations } from '../../../io/publish/delegations.ts'
import { type Certificates, hostsWithoutFiles, joinCertificates } from '../../../io/publish/joined-certificates.ts'
import { createPolicyListener, type PolicyListener } from '../../../io/publish/policy-listener.ts'
import { policyEnding } from '../../../io/publish/policy-shelf.ts'
import { createCounters } from '../../../io/resolver/counters.ts'
import type { CommandContext } from '../../cli/command.ts'
import type { World, WorldEvent, WorldObserver, WorldValues } from '../../cli/world.ts'
import { createHttpServer } from '../../daemon/http/server.ts'
import { type Listening, listen } from '../../daemon/listen.ts'
import { formatListenAddress, type ListenAddress } from '../../daemon/listen-address.ts'
import { createNotifier, type Notifier } from '../../daemon/notify.ts'
import { keepHeapSmall } from '../../daemon/small-heap.ts'
import { packageVersion } from '../../daemon/version.ts'
import type { AcmeConfig } from './acme-config.ts'
import { createChallengeAnswers, createPolicyAnswers } from './answer.ts'
import { createCertificateEnds } from './certificate-ends.ts'
import { createFetchLedger } from './fetch-ledger.ts'
import { createHostLog, type HostLog } from './host-log.ts'
import { addHostReadings, createHostMeters } from './host-metrics.ts'
import { hostRoutes } from './host-routes.ts'
import { countText, findPolicy, type Hosting, openHosting, renewHosting } from './hosting.ts'
import type { OpenAcmeOptions } from './open-acme.ts'
import { type Watched, watchFolders } from './watch-files.ts'

/** How long those who asked before the server was stopped may wait for their answers. */
const drainMs = 10_000

/** Serves policies until the signal says so; resolves when everything is answered and closed. Throws ConfigError. */
export async function runHost(path: string, values: WorldValues, context: CommandContext): Promise<void> {
  keepHeapSmall()
  const { out, clock, environment, signal } = context
  const notifier = createNotifier(environment, process.pid)
  const meters = createHostMeters()
  let hosting: Hosting | undefined
  const log = createHostLog(out, () => hosting?.config.logFormat ?? 'text', meters.event)
  const options = { path, clock, log }
  const opened = await openHosting(options)
  hosting = opened
  const current = (): Hosting => hosting ?? opened
  const { customers, acme } = opened.config
  const world = customers || acme !== undefined ? await openResolver(values, context, log) : undefined
  const delegations = openDelegations(world, current)
  const mayIssue = async (host: DomainName) => (await findPolicy(host, current(), delegations)) !== undefined
  const issued = world && acme && (await openIssued(acme, { config: opened.config, world, log, mayIssue }))
  /** Files may take their place with every reload; what an authority issued stays. */
  const certificates = () => joinCertificates(current().certificates, issued)
  const wishCertificates = async () => {
    const { shelf, certificates: files } = current()
    if (issued !== undefined) issued.serve(await hostsWithoutFiles(shelf.hosts, files))
  }
  const ledger = createFetchLedger(() => clock.now())
  const ends = createCertificateEnds(() => ({ hosts: current().shelf.hosts, certificates: certificates() }))
  const listeners = createListeners({ current, certificates, delegations, ledger, meters, log })
  const good = { at: clock.now(), isNow: true }
  addHostReadings(meters.registry, {
    ...{ hosting: current, ledger, delegations, ends, version: packageVersion() },
    connections: () => listeners.all.reduce((sum, { connections }) => sum + connections, 0),
    lastGood: () => good,
  })
  const metrics = createHttpServer({
    routes: hostRoutes({ metrics: () => meters.registry.write(), networks: () => ledger.networks() }),
    ...{
      clock,
      token: () => undefined,
      onAnswer: () => {},
      onError: (error) => log.event('answer-failed', stackOf(error)),
    },
  })

  const reload = createReload(async () => {
    notifier.reloading()
    try {
      const before = current()
      hosting = await renewHosting(before, options)
      Object.assign(good, { at: clock.now(), isNow: true })
      meters.reloaded(true)
      const moved = placesOf(before) === placesOf(hosting) ? '' : '; new addresses and [acme] need a restart'
      await wishCertificates()
      log.event('reloaded', `${countText(hosting.shelf.domains.size)}${moved}`)
    } catch (error) {
      good.isNow = false
      meters.reloaded(false)
      log.event(
        'reload-failed',
        `all stays as it was: ${error instanceof ConfigError ? error.message : stackOf(error)}`,
      )
    } finally {
      notifier.ready('serving')
    }
  })

  const listenings: Listening[] = []
  try {
    await wishCertificates()
    await listenAll(listenings, current(), { ...listeners, metrics }, { environment, log })
    context.onReload?.(reload)
    const watched = watchFolders(foldersOf(current()), {
      onChange: reload,
      onTrouble: (folder, reason) => log.event('watch-failed', `changes in "${folder}" are not seen: ${reason}`),
    })
    try {
      log.event('serving', countText(current().shelf.domains.size))
      await runUntil(signal, { tick: () => ends.tick(), notifier })
    } finally {
      watched.close()
    }
    log.event('stopping', 'stopping: requests under way are answered first')
    await notifier.stopping()
  } finally {
    for (const listening of listenings) listening.close()
    await drain([...listeners.all, metrics], log)
    delegations?.close()
    await issued?.close()
    await current().certificates.close()
    await world?.close()
  }
  log.event('stopped', 'stopped')
}

interface Serving {
  current(): Hosting
  certificates(): Certificates
  readonly delegations: Delegations | undefined
  readonly ledger: ReturnType<typeof createFetchLedger>
  readonly meters: ReturnType<typeof createHostMeters>
  readonly log: HostLog
}

interface Listeners {
  readonly tls: PolicyListener
  readonly plain: PolicyListener
  readonly door: PolicyListener
  readonly all: readonly PolicyListener[]
}

/** Connections outlive a configuration: each request goes by the one that is there when it comes. */
function createListeners({ current, certificates, delegations, ledger, meters, log }: Serving): Listeners {
  const common = { onEnd: meters.ended, onError: (error: unknown) => log.event('answer-failed', stackOf(error)) }
  const handle = createPolicyAnswers({
    find: (host) => findPolicy(host, current(), delegations),
    proxies: () => current().config.proxies,
    onAnswer: meters.answered,
    onFetch: ledger.fetched,
  })
  const tls = createPolicyListener({
    ...{ ...common, handle, isClientBounded: true },
    tls: {
      serves(host) {
        const found = findPolicy(host, current(), delegations)
        return found instanceof Promise ? found.then((policy) => policy !== undefined) : found !== undefined
      },
      certificates,
    },
  })
  const plain = createPolicyListener({ ...common, handle, isClientBounded: false })
  const door = createPolicyListener({
    ...{ ...common, isClientBounded: true },
    handle: createChallengeAnswers(() => certificates().challenges),
  })
  return { tls, plain, door, all: [tls, plain, door] }
}

type Sources = Pick<Listeners, 'tls' | 'plain' | 'door'> & { readonly metrics: { create(): Server } }

async function listenAll(
  listenings: Listening[],
  { config }: Hosting,
  { tls, plain, door, metrics }: Sources,
  { environment, log }: { readonly environment: CommandContext['environment']; readonly log: HostLog },
): Promise<void> {
  const where = { environment, pid: process.pid, isNameless: false }
  const kinds: [name: string, addresses: readonly ListenAddress[], source: { create(): Server }, what: string][] = [
    ['https', config.https, tls, 'for senders'],
    ['http', config.http, door, 'for challenges of ACME'],
    ['plain', config.plain, plain, 'for a reverse proxy'],
    ['metrics', config.metrics, metrics, 'for metrics'],
  ]
  for (const [name, addresses, source, what] of kinds) {
    const listening = await listen(addresses, { ...where, name, mode: 0o660 }, source)
    listenings.push(listening)
    for (const address of listening.addresses) log.event('listening', `${formatListenAddress(address)} ${what}`)
  }
  if (listenings.slice(0, 3).every(({ addresses }) => addresses.length === 0))
    throw new ConfigError(`${config.path}: nothing is listened to: set "https" or "plain"`)
}

/** Only who has customers or obtains certificates looks anything up. */
async function openResolver(values: WorldValues, context: CommandContext, log: HostLog): Promise<World> {
  const observer: WorldObserver = {
    told(event: WorldEvent) {
      if (event.kind === 'resolver-warning' || event.kind === 'store-warning') log.event('resolver-warning', event.text)
    },
    counters: createCounters(),
    resolved: () => {},
  }
  return context.openWorld(values, 'optional', observer)
}

/** Who has certificates in files alone must not wait for the rest to be loaded. */
async function openIssued(acme: AcmeConfig, options: OpenAcmeOptions): Promise<AcmeSource> {
  const { openAcme } = await import('./open-acme.ts')
  try {
    return await openAcme(acme, options)
  } catch (error) {
    await options.world.close()
    throw error
  }
}

function openDelegations(world: World | undefined, current: () => Hosting): Delegations | undefined {
  const { name, customers } = current().config
  if (world === undefined || name === undefined || !customers) return undefined
  const { resolver, clock } = world
  return createDelegations({ resolver, clock, name, profiles: () => current().shelf.profiles.keys() })
}

/** One at a time; asked for in the middle of one, another follows it. */
function createReload(work: () => Promise<void>): () => void {
  let isUnderWay = false
  let isWanted = false
  const run = async () => {
    isUnderWay = true
    do {
      isWanted = false
      await work()
    } while (isWanted)
    isUnderWay = false
  }
  return () => {
    isWanted = true
    if (!isUnderWay) run().catch(() => {}) // the work tells of what fails
  }
}

function foldersOf({ config }: Hosting): ReadonlyMap<string, Watched> {
  const files = config.profiles.flatMap(({ policy, domainsFile }) => [
    ...(policy.kind === 'file' ? [policy.path] : []),
    ...(domainsFile === undefined ? [] : [domainsFile]),
  ])
  const named = Map.groupBy([config.path, ...files], (file) => dirname(resolve(file)))
  const folders = new Map<string, Watched>()
  for (const [folder, own] of named)
    folders.set(folder, { names: new Set(own.map((file) => basename(file))), ending: undefined })
  const { policies } = config
  if (policies !== undefined)
    folders.set(policies, { names: folders.get(policies)?.names ?? new Set(), ending: policyEnding })
  return folders
}

function placesOf({ config: { https, http, plain, metrics, acme } }: Hosting): string {
  const places = [https, http, plain, metrics].map((some) => some.map(formatListenAddress).join(' ')).join(', ')
  return `${places} ${JSON.stringify(acme)}`
}

async function runUntil(
  signal: AbortSignal,
  { tick, notifier }: { readonly tick: () => void; readonly notifier: Notifier },
): Promise<void> {
  const timers = [
    setInterval(tick, 1000),
    ...(notifier.watchdogMs === undefined ? [] : [setInterval(() => notifier.alive(), notifier.watchdogMs)]),
  ]
  notifier.ready('serving')
  try {
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  } finally {
    for (const timer of timers) clearInterval(timer)
  }
}

async function drain(servers: readonly Pick<PolicyListener, 'drain' | 'destroy'>[], log: HostLog): Promise<void> {
  const tooLong = setTimeout(() => {
    log.event('cut-off', `connections are closed that were not done in ${drainMs / 1000} s`)
    for (const server of servers) server.destroy()
  }, drainMs)
  try {
    await Promise.all(servers.map((server) => server.drain()))
  } finally {
    clearTimeout(tooLong)
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
