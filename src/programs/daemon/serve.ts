import type { CommandContext } from '../cli/command.ts'
import type { World, WorldValues } from '../cli/world.ts'
import { type Listening, listen } from './listen.ts'
import { formatForPostfix, formatListenAddress } from './listen-address.ts'
import { createServiceLog, type ServiceLog } from './log.ts'
import { createNotifier, type Notifier } from './notify.ts'
import { createService, type Service } from './service.ts'
import { createSocketmapServer, type SocketmapServer } from './socketmap-server.ts'

/** How often decisions are looked through for what ends soon, connections for who is gone, and policies for their age. */
const every = { decisionsMs: 1000, connectionsMs: 5000, policiesMs: 300_000 }

/** How long those who asked before the service was stopped may wait for their answers. */
const drainMs = 10_000

/** Runs the policy service until the signal says so; resolves when everything is answered and closed. */
export async function serve(values: WorldValues, context: CommandContext): Promise<void> {
  const { clock, environment, signal, openWorld } = context
  const notifier = createNotifier(environment, process.pid)
  let service = await begin(await openWorld(values, 'durable'), context)
  const log = logOf(service.world, context)
  // Connections outlive a configuration: each question goes to the service that is there when it comes.
  const answers = {
    ready: (request: string) => service.postfix.ready(request),
    answer: (request: string) => service.postfix.answer(request),
  }
  const socketmap = createSocketmapServer(answers, clock)
  let listening: Listening | undefined
  try {
    listening = await listen(
      service.world.settings.socketmap,
      { name: 'socketmap', environment, pid: process.pid },
      socketmap.accept,
    )
    tellWhere(listening, log)
    context.onReload?.(() => {
      notifier.reloading()
      renew(values, service, context).then(
        (next) => {
          if (next !== undefined) service = next
          notifier.ready('serving')
        },
        (error: unknown) => log.event('reload-failed', `the configuration was not changed: ${String(error)}`),
      )
    })
    await runUntil(signal, { service: () => service, socketmap, notifier, log })
    log.event('stopping', 'stopping: questions under way are answered first')
    await notifier.stopping()
  } finally {
    listening?.close()
    await drain(socketmap)
    await service.close()
  }
  log.event('stopped', 'stopped')
}

async function begin(world: World, context: CommandContext): Promise<Service> {
  return createService(world, logOf(world, context))
}

function logOf({ settings }: World, { out }: CommandContext): ServiceLog {
  return createServiceLog(out, settings['log-format'])
}

/** Reads the configuration again; undefined when it cannot be used, and all stays as it was. */
async function renew(values: WorldValues, before: Service, context: CommandContext): Promise<Service | undefined> {
  const log = logOf(before.world, context)
  try {
    const next = await begin(await context.openWorld(values, 'durable'), context)
    const isMoved = where(next.world) !== where(before.world)
    log.event('reloaded', `the configuration was read again${isMoved ? ': new addresses need a restart' : ''}`)
    // Whoever waits for the service before gets its answer from there.
    before.close().catch((error: unknown) => log.event('close-failed', String(error)))
    return next
  } catch (error) {
    log.event('reload-failed', `the configuration stays as it was: ${error instanceof Error ? error.message : error}`)
    return undefined
  }
}

function where({ settings }: World): string {
  return settings.socketmap.map(formatListenAddress).join(' ')
}

function tellWhere({ addresses }: Listening, log: ServiceLog): void {
  for (const address of addresses) {
    log.event('listening', `listening on ${formatListenAddress(address)}`)
    log.event('main.cf', `main.cf: smtp_tls_policy_maps = ${formatForPostfix(address)}:QUERY`)
  }
}

interface Running {
  service(): Service
  readonly socketmap: SocketmapServer
  readonly notifier: Notifier
  readonly log: ServiceLog
}

async function runUntil(signal: AbortSignal, { service, socketmap, notifier, log }: Running): Promise<void> {
  const refresh = () => {
    const { sts } = service().world
    sts.refreshDue({ signal }).catch((error: unknown) => {
      if (!signal.aborted) log.event('refresh-failed', `policies could not be renewed: ${String(error)}`)
    })
  }
  const timers = [
    setInterval(() => service().decisions.tick(), every.decisionsMs),
    setInterval(() => socketmap.tick(), every.connectionsMs),
    setInterval(refresh, every.policiesMs),
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

async function drain(socketmap: SocketmapServer): Promise<void> {
  const tooLong = setTimeout(() => socketmap.destroy(), drainMs)
  try {
    await socketmap.drain()
  } finally {
    clearTimeout(tooLong)
  }
}
