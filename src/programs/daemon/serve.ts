import { limits } from '../../core/limits.ts'
import type { CommandContext } from '../cli/command.ts'
import type { World, WorldValues } from '../cli/world.ts'
import type { PageService } from '../web/page-service.ts'
import { createFront } from './front.ts'
import type { Reloaded } from './http/reload-route.ts'
import { readHttpToken } from './http/token.ts'
import type { ServiceLedger } from './ledger.ts'
import { type LineServices, openLineServices } from './line-services.ts'
import { type Listening, listen } from './listen.ts'
import { formatForPostfix, formatListenAddress } from './listen-address.ts'
import { createServiceLog, type ServiceLog } from './log.ts'
import { createNotifier, type Notifier } from './notify.ts'
import { createService, type Service } from './service.ts'
import { keepHeapSmall } from './small-heap.ts'
import { createSocketmapServer, type SocketmapServer } from './socketmap-server.ts'

/** How often decisions are looked through for what ends soon, connections for who is gone, and policies for their age. */
const every = { decisionsMs: 1000, connectionsMs: 5000, policiesMs: 300_000 }

/** How long those who asked before the service was stopped may wait for their answers. */
const drainMs = 10_000

/** Runs the policy service until the signal says so; resolves when everything is answered and closed. */
export async function serve(values: WorldValues, context: CommandContext): Promise<void> {
  keepHeapSmall()
  const { clock, environment, signal } = context
  const notifier = createNotifier(environment, process.pid)
  let service: Service
  // Connections outlive a configuration: each question goes to the service that is there when it comes.
  const answers = {
    ready: (octets: Buffer, start: number, end: number) => service.postfix.ready(octets, start, end),
    answer: (request: string | undefined) => service.postfix.answer(request),
  }
  const socketmap = createSocketmapServer(answers, clock)
  let lines: LineServices | undefined
  const { http, ledger } = createFront({
    ...{ clock, service: () => service, isStopping: () => signal.aborted, reload: () => reload() },
    connections: () => ({ socketmap: socketmap.connections, ...lines?.connections }),
    onError: (error) => log.event('http-failed', `a question over HTTP failed: ${stackOf(error)}`),
  })
  service = await begin(values, context, ledger)
  const log = logOf(service.world, context, ledger)
  const listenings: Listening[] = []
  let page: PageService | undefined
  let reloading: Promise<unknown> = Promise.resolve()
  /** One after the other: each takes the place of what the one before left. */
  const reload = (): Promise<Reloaded> => {
    const reloaded = reloading.then(async () => {
      notifier.reloading()
      const next = await renew(values, service, context, { ledger, page })
      notifier.ready('serving')
      if (!next.ok) return next
      service = next.service
      return { ok: true, restart: next.restart } as const
    })
    reloading = reloaded
    return reloaded
  }
  try {
    const { settings } = service.world
    const where = { environment, pid: process.pid }
    listenings.push(await listen(settings.socketmap, { ...where, name: 'socketmap' }, socketmap.accept))
    tellWhere(listenings, log)
    // On Unix sockets only who may write to them may forget what is known, and nothing else is asked of them.
    const forHttp = await listen(settings.http, { ...where, name: 'http', isNameless: false, mode: 0o660 }, http)
    listenings.push(forHttp)
    // Sockets of the service manager's are held to the same rule as the configuration's.
    readHttpToken({ ...settings, http: forHttp.addresses })
    for (const address of forHttp.addresses)
      log.event('listening', `listening on ${formatListenAddress(address)} for HTTP`)
    if (settings.web.length > 0) {
      // Who has no page pays nothing for it.
      const { createPageService } = await import('../web/page-service.ts')
      page = createPageService(service.world, (error) => log.event('http-failed', `the page failed: ${stackOf(error)}`))
      const forPage = await listen(settings.web, { ...where, name: 'web', isNameless: false }, page.http)
      listenings.push(forPage)
      for (const address of forPage.addresses)
        log.event('listening', `listening on ${formatListenAddress(address)} for the checker's page`)
    }
    lines = await openLineServices({
      ...where,
      settings,
      clock,
      log,
      counts: ledger.counts,
      decisions: () => service.decisions,
    })
    context.onReload?.(() => void reload())
    await runUntil(signal, { service: () => service, socketmap, lines, page, notifier, log })
    log.event('stopping', 'stopping: questions under way are answered first')
    await notifier.stopping()
  } finally {
    for (const listening of listenings) listening.close()
    // Pages of checks under way end when those are given up.
    const given = page?.close()
    await drain([socketmap, http, ...(lines === undefined ? [] : [lines]), ...(page ? [page.http] : [])], log)
    await given
    await service.close()
  }
  log.event('stopped', 'stopped')
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

async function begin(values: WorldValues, context: CommandContext, ledger: ServiceLedger): Promise<Service> {
  const world = await context.openWorld(values, 'shared', ledger)
  try {
    const log = logOf(world, context, ledger)
    const service = createService(world, log, ledger)
    ledger.useLog(log)
    return service
  } catch (error) {
    await world.close()
    throw error
  }
}

function logOf({ settings }: World, { out }: CommandContext, { meters }: ServiceLedger): ServiceLog {
  return createServiceLog(out, settings['log-format'], (name) => meters.event(name))
}

type Renewed =
  | Exclude<Reloaded, { ok: true }>
  | { readonly ok: true; readonly restart: boolean; readonly service: Service }

/** Reads the configuration again. When it cannot be used all stays as it was. */
async function renew(
  values: WorldValues,
  before: Service,
  context: CommandContext,
  { ledger, page }: { readonly ledger: ServiceLedger; readonly page: PageService | undefined },
): Promise<Renewed> {
  const log = logOf(before.world, context, ledger)
  try {
    const next = await begin(values, context, ledger)
    try {
      page?.use(next.world)
    } catch (error) {
      await next.close()
      throw error
    }
    const restart = where(next.world) !== where(before.world)
    log.event('reloaded', `the configuration was read again${restart ? ': new addresses need a restart' : ''}`)
    // Whoever waits for the service before gets its answer from there.
    before.close().catch((error: unknown) => log.event('close-failed', String(error)))
    return { ok: true, restart, service: next }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    log.event('reload-failed', `the configuration stays as it was: ${reason}`)
    return { ok: false, reason }
  }
}

function where({ settings }: World): string {
  const { socketmap, http, lines, 'tcp-table': tcpTable, web } = settings
  return [socketmap, http, lines, tcpTable, web]
    .map((addresses) => addresses.map(formatListenAddress).join(' '))
    .join(', ')
}

function tellWhere(listenings: readonly Listening[], log: ServiceLog): void {
  for (const address of listenings.flatMap(({ addresses }) => addresses)) {
    log.event('listening', `listening on ${formatListenAddress(address)}`)
    log.event('main.cf', `main.cf: smtp_tls_policy_maps = ${formatForPostfix(address)}:QUERY`)
  }
}

interface Running {
  service(): Service
  readonly socketmap: SocketmapServer
  readonly lines: LineServices
  readonly page: PageService | undefined
  readonly notifier: Notifier
  readonly log: ServiceLog
}

async function runUntil(
  signal: AbortSignal,
  { service, socketmap, lines, page, notifier, log }: Running,
): Promise<void> {
  const refresh = () => {
    const { sts } = service().world
    sts.refreshDue({ signal }).catch((error: unknown) => {
      if (!signal.aborted) log.event('refresh-failed', `policies could not be renewed: ${String(error)}`)
    })
  }
  const followOverrides = () => {
    const { followOverrides: follow } = service()
    follow().catch((error: unknown) => log.event('overrides-failed', `overrides could not be read: ${String(error)}`))
  }
  const tidy = () => {
    page?.tidy().catch((error: unknown) => log.event('scrub-failed', `reports were not tidied: ${String(error)}`))
  }
  const scrub = () => {
    const { policies } = service().world.store
    policies.scrub(limits.store.scrubbedAtOnce).catch((error: unknown) => log.event('scrub-failed', String(error)))
  }
  const timers = [
    setInterval(followOverrides, every.decisionsMs),
    setInterval(scrub, every.decisionsMs),
    setInterval(() => {
      service().decisions.tick()
      service().readiness.tick()
    }, every.decisionsMs),
    setInterval(() => socketmap.tick(), every.connectionsMs),
    setInterval(() => lines.tick(), every.connectionsMs),
    setInterval(refresh, every.policiesMs),
    ...(page === undefined ? [] : [setInterval(tidy, every.policiesMs)]),
    ...(notifier.watchdogMs === undefined ? [] : [setInterval(() => notifier.alive(), notifier.watchdogMs)]),
  ]
  notifier.ready('serving')
  refresh()
  try {
    await aborted(signal)
  } finally {
    for (const timer of timers) clearInterval(timer)
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Whoever answers questions: each has those under way answered, unless that takes too long. */
type Draining = Pick<SocketmapServer, 'drain' | 'destroy'>

async function drain(servers: readonly Draining[], log: ServiceLog): Promise<void> {
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
