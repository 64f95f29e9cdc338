import type { Clock } from '../../io/clock.ts'
import type { Decisions } from '../../io/decisions/decisions.ts'
import type { SettingValues } from '../config/settings.ts'
import type { AllAnswerCounts } from './answer-counts.ts'
import { createLineProtocol, createTcpTableProtocol } from './line-answers.ts'
import type { LineProtocol } from './line-connection.ts'
import { createLineServer } from './line-server.ts'
import { type Listening, listen } from './listen.ts'
import { formatForClients, formatListenAddress, type ListenAddress } from './listen-address.ts'
import type { ServiceLog } from './log.ts'
import type { ServedView } from './view.ts'

/** Ways of asking by lines, beside the socketmap: each only where it was set to listen. */
export interface LineServices {
  /** Connections open, by the way of asking. */
  readonly connections: Readonly<Record<string, number>>
  /** Closes who has been waited for too long; to be called every few seconds. */
  tick(): void
  /** Accepts no more, and resolves when all that was asked is answered. */
  drain(): Promise<void>
  destroy(): void
}

interface Around {
  readonly settings: Pick<SettingValues, 'lines' | 'tcp-table'>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly log: ServiceLog
  readonly counts: AllAnswerCounts
  decisions(): Decisions<ServedView>
}

/** Listens for them. Throws ConfigError, and listens nowhere, when an address cannot be had. */
export async function openLineServices({
  settings,
  environment,
  clock,
  log,
  counts,
  decisions,
}: Around): Promise<LineServices> {
  const wanted: [name: 'lines' | 'tcp-table', protocol: LineProtocol][] = [
    ['lines', createLineProtocol(decisions, counts.lines)],
    ['tcp-table', createTcpTableProtocol(decisions, counts['tcp-table'])],
  ]
  const open = wanted
    .filter(([name]) => settings[name].length > 0)
    .map(([name, protocol]) => ({ name, server: createLineServer(protocol, clock) }))
  const listening: Listening[] = []
  const close = () => {
    for (const one of listening) one.close()
  }
  try {
    for (const { name, server } of open) {
      const named = { name, environment: withoutUnnamed(environment), pid: process.pid }
      const sockets = await listen(settings[name], named, server.accept)
      listening.push(sockets)
      for (const address of sockets.addresses) tellWhere(name, address, log)
    }
  } catch (error) {
    close()
    throw error
  }
  return {
    get connections() {
      return Object.fromEntries(open.map(({ name, server }) => [name, server.connections]))
    },
    tick() {
      for (const { server } of open) server.tick()
    },
    async drain() {
      close()
      await Promise.all(open.map(({ server }) => server.drain()))
    },
    destroy() {
      for (const { server } of open) server.destroy()
    },
  }
}

/** Of sockets from systemd that have no name the socketmap takes all: two servers at one would answer by chance. */
export function withoutUnnamed(environment: Around['environment']): Around['environment'] {
  const { LISTEN_FDNAMES: names = '' } = environment
  if (names === '') return {}
  return { ...environment, LISTEN_FDNAMES: names.replace(/(^|:)unknown(?=:|$)/g, '$1none') }
}

function tellWhere(name: 'lines' | 'tcp-table', address: ListenAddress, log: ServiceLog): void {
  const where = formatListenAddress(address)
  log.event('listening', `listening on ${where} for ${name === 'lines' ? 'questions of one line' : 'tcp_table'}`)
  if (name === 'tcp-table') log.event('main.cf', `main.cf: smtp_tls_policy_maps = tcp:${formatForClients(address)}`)
}
