import { randomInt } from 'node:crypto'
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { connect, isIPv6, type Socket } from 'node:net'
import { isPublicAddress } from '../core/address/gate.ts'
import { parseAddress } from '../core/dns/rdata/address.ts'
import { limits } from '../core/limits.ts'
import { accept, type Result, refuse } from '../core/result.ts'
import type { ChosenBy, Datagrams, DialFault, DialOptions, Endpoint, Network } from './network.ts'

export interface NetworkOptions {
  /** Whether strangers may send us to private, loopback and other addresses that are not public. */
  readonly allowPrivate?: boolean | undefined
  /** Where an endpoint of the world really is; undefined makes it unreachable. The gate sees the world's address. */
  readonly route?: ((endpoint: Endpoint) => Endpoint | undefined) | undefined
  readonly maxSockets?: number | undefined
}

/** The sockets that are open now, TCP and UDP together. */
interface OpenSockets {
  count: number
}

/** The network of this machine. */
export function createNetwork(options: NetworkOptions = {}): Network {
  const { allowPrivate = false, route = (endpoint) => endpoint, maxSockets = limits.resolver.openSockets } = options
  const open: OpenSockets = { count: 0 }
  const admit = (endpoint: Endpoint, chosenBy: ChosenBy): Result<Endpoint, DialFault> => {
    if (!isLiteral(endpoint)) return refuse('forbidden')
    if (chosenBy === 'stranger' && !allowPrivate && !isPublicAddress(endpoint.address)) return refuse('forbidden')
    const real = route(endpoint)
    if (real === undefined || !isLiteral(real)) return refuse('unreachable')
    return open.count >= maxSockets ? refuse('overload') : accept(real)
  }
  return {
    async connectTcp(endpoint, dial) {
      if (dial.signal?.aborted === true) return refuse('aborted')
      const real = admit(endpoint, dial.chosenBy)
      if (real.ok && dial.from !== undefined && isIPv6(dial.from) !== isIPv6(real.value.address))
        return refuse('unreachable')
      return real.ok ? await dialTcp(real.value, dial, open) : real
    },
    async openUdp(endpoint, { chosenBy }) {
      const real = admit(endpoint, chosenBy)
      return real.ok ? await dialUdp(real.value, open) : real
    },
  }
}

/** A name would be looked up by the machine's own resolver, past ours and past the gate. */
function isLiteral({ address, port }: Endpoint): boolean {
  return parseAddress(address) !== undefined && Number.isInteger(port) && port > 0 && port < 65536
}

function dialTcp(
  { address, port }: Endpoint,
  dial: DialOptions,
  open: OpenSockets,
): Promise<Result<Socket, DialFault>> {
  return new Promise((resolve) => {
    const own = dial.from === undefined ? {} : { localAddress: dial.from }
    const socket = connect({ host: address, port, autoSelectFamily: false, noDelay: true, ...own })
    open.count++
    socket.once('close', () => open.count--)
    const settle = (result: Result<Socket, DialFault>) => {
      clearTimeout(timer)
      dial.signal?.removeEventListener('abort', abort)
      if (!result.ok) socket.destroy()
      resolve(result)
    }
    const abort = () => settle(refuse('aborted'))
    const timer = setTimeout(() => settle(refuse('timeout')), dial.timeoutMs)
    dial.signal?.addEventListener('abort', abort)
    socket.once('connect', () => settle(accept(socket)))
    // Stays for good: an error before the caller listens must not end the process; `close` follows it anyway.
    socket.on('error', (error) => settle(refuse(faultOf(error))))
  })
}

/** Ports below are for services. RFC 6056 §3.2 */
const portFrom = 1024
const portTries = 10

async function dialUdp(endpoint: Endpoint, open: OpenSockets): Promise<Result<Datagrams, DialFault>> {
  open.count++
  const socket = createSocket({ type: endpoint.address.includes(':') ? 'udp6' : 'udp4', lookup: takeLiteral })
  socket.once('close', () => open.count--)
  const fault = await bindAndConnect(socket, endpoint)
  if (fault === undefined) return accept(datagramsOf(socket, endpoint))
  socket.close()
  return refuse(fault)
}

/** All addresses are literals: there is nothing to look up, and nothing to wait for. */
const takeLiteral = (
  address: string,
  family: unknown,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
) => done(null, address, family === 6 ? 6 : 4)

/** Binds to a port that nobody can guess; after ten that are taken, to one that the system picks. RFC 5452 §9.2 */
function bindAndConnect(socket: UdpSocket, { address, port }: Endpoint): Promise<DialFault | undefined> {
  return new Promise((resolve) => {
    let triesLeft = portTries
    let isBound = false
    const bind = () => socket.bind({ port: triesLeft-- > 0 ? randomInt(portFrom, 65536) : 0 })
    const settle = (fault: DialFault | undefined) => {
      socket.off('error', fail)
      resolve(fault)
    }
    const fail = (error: Error) => {
      const isTaken = codeOf(error) === 'EADDRINUSE' || codeOf(error) === 'EACCES'
      if (!isBound && isTaken && triesLeft >= 0) bind()
      else settle(faultOf(error))
    }
    socket.on('error', fail)
    socket.once('listening', () => {
      isBound = true
      socket.connect(port, address)
    })
    socket.once('connect', () => settle(undefined))
    bind()
  })
}

function datagramsOf(socket: UdpSocket, endpoint: Endpoint): Datagrams {
  let isClosed = false
  let hasFailed = false
  const fail = () => {
    if (isClosed || hasFailed) return
    hasFailed = true
    datagrams.onMessage?.(undefined)
  }
  const datagrams: Datagrams = {
    localAddress: socket.address().address,
    onMessage: undefined,
    send(message) {
      if (!isClosed) socket.send(message, (error) => error !== null && fail())
    },
    close() {
      if (isClosed) return
      isClosed = true
      socket.close()
    },
  }
  /** An IPv6 address may be written in other ways than the system writes it. */
  const isPeer = (address: string) => address === endpoint.address || address === socket.remoteAddress().address
  socket.on('error', fail)
  socket.on('message', (message, { address, port }) => {
    // What came between binding and connecting may be anyone's.
    if (!isClosed && port === endpoint.port && isPeer(address)) datagrams.onMessage?.(message)
  })
  return datagrams
}

const faults = new Map<string | undefined, DialFault>([
  ['ECONNREFUSED', 'refused'],
  ['ECONNRESET', 'refused'],
  ['ETIMEDOUT', 'timeout'],
  ['EMFILE', 'overload'],
  ['ENFILE', 'overload'],
  ['ENOBUFS', 'overload'],
  ['ENOMEM', 'overload'],
])

function faultOf(error: Error): DialFault {
  return faults.get(codeOf(error)) ?? 'unreachable'
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
