import { once } from 'node:events'
import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { ConfigError } from '../../core/config-error.ts'
import { reasonOf } from '../file-error.ts'
import { formatListenAddress, type ListenAddress } from './listen-address.ts'

/** Sockets that a service accepts connections on. */
export interface Listening {
  /** Where they are, with the ports that were chosen. */
  readonly addresses: readonly ListenAddress[]
  /** Accepts no more, and takes Unix sockets that it made off the disk. */
  close(): void
}

export interface ListenOptions {
  /** Of sockets that systemd opened. */
  readonly name: string
  readonly environment: Environment
  readonly pid: number
  /** Whether sockets that systemd gave no name are taken too, as they are unless told. */
  readonly isNameless?: boolean
  /** Of Unix sockets. */
  readonly mode?: number
}

type Environment = Readonly<Record<string, string | undefined>>

/** The first descriptor that systemd hands over. sd_listen_fds(3) */
const firstDescriptor = 3

/**
 * Listens at all addresses, or on the sockets of this name that systemd opened, which then count alone.
 *
 * Throws ConfigError, and listens nowhere, when one of them cannot be had.
 */
export async function listen(
  addresses: readonly ListenAddress[],
  { name, environment, pid, isNameless = true, mode = 0o666 }: ListenOptions,
  accept: ((socket: Socket) => void) | { create(): Server },
): Promise<Listening> {
  const inherited = inheritedSockets(environment, pid, name, isNameless)
  const servers: Server[] = []
  const found: ListenAddress[] = []
  const close = () => {
    for (const server of servers) server.close()
  }
  try {
    for (const where of inherited.length > 0 ? inherited : addresses) {
      const server = typeof accept === 'function' ? createServer({ allowHalfOpen: true }, accept) : accept.create()
      servers.push(server)
      found.push(await open(server, where, { mode, ipv6Only: isBesideIpv4(where, addresses) }))
    }
  } catch (error) {
    close()
    throw error
  }
  return { addresses: found, close }
}

/** Of the sockets that systemd handed over, those of this name, and those that have none. sd_listen_fds_with_names(3) */
export function inheritedSockets(
  environment: Environment,
  pid: number,
  name: string,
  isNameless = true,
): readonly { fd: number }[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = environment
  if (LISTEN_PID !== String(pid) || LISTEN_FDS === undefined || !/^\d{1,3}$/.test(LISTEN_FDS)) return []
  const names = LISTEN_FDNAMES === '' ? [] : LISTEN_FDNAMES.split(':')
  const ours = isNameless ? [undefined, 'unknown', name] : [name]
  const isOurs = (place: number) => ours.includes(names[place])
  return Array.from({ length: Number(LISTEN_FDS) }, (_, place) => place)
    .filter(isOurs)
    .map((place) => ({ fd: firstDescriptor + place }))
}

/** Whether it is all of IPv6, and all of IPv4 is wanted too: the one would take the other along, which then could not be had. */
function isBesideIpv4(where: ListenAddress | { readonly fd: number }, addresses: readonly ListenAddress[]): boolean {
  if (!('kind' in where) || where.kind !== 'tcp' || where.address !== '::') return false
  return addresses.some((other) => other.kind === 'tcp' && other.address === '0.0.0.0' && other.port === where.port)
}

async function open(
  server: Server,
  where: ListenAddress | { readonly fd: number },
  { mode, ipv6Only }: { readonly mode: number; readonly ipv6Only: boolean },
): Promise<ListenAddress> {
  if ('kind' in where && where.kind === 'unix') await removeStale(where.path)
  const options =
    'fd' in where
      ? where
      : where.kind === 'unix'
        ? { path: where.path }
        : { host: where.address, port: where.port, ipv6Only }
  try {
    server.listen({ ...options, backlog: 4096 })
    await once(server, 'listening')
  } catch (error) {
    const text = 'fd' in where ? `descriptor ${where.fd}` : formatListenAddress(where)
    throw new ConfigError(`cannot listen on ${text}: ${reasonOf(error)}`)
  }
  if ('kind' in where && where.kind === 'unix') {
    chmodSync(where.path, mode) // who may come this far is a matter of the folder
    return where
  }
  return addressOf(server)
}

function addressOf(server: Server): ListenAddress {
  const bound = server.address() as AddressInfo | string // it listens
  if (typeof bound === 'string') return { kind: 'unix', path: bound }
  return { kind: 'tcp', address: bound.address, port: bound.port }
}

/** A socket that nobody listens on was left behind by a process that was killed. */
async function removeStale(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return
  const socket = connect(path)
  try {
    await once(socket, 'connect')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') unlinkSync(path)
  } finally {
    socket.destroy()
  }
}
