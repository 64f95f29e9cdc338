import { randomInt } from 'node:crypto'
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { connect, type Socket } from 'node:net'
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
    const socket = connect({ host: address, port, autoSelectFamily: false, noDelay: true })
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
  const socket = createSocket(endpoint.address.includes(':') ? 'udp6' : 'udp4')
  socket.once('close', () => open.count--)
  const fault = (await bindAnywhere(socket)) ?? (await connectUdp(socket, endpoint))
  if (fault === undefined) return accept(datagramsOf(socket))
  socket.close()
  return refuse(fault)
}

/** Binds to a port that nobody can guess; after ten that are taken, to one that the system picks. RFC 5452 §9.2 */
async function bindAnywhere(socket: UdpSocket): Promise<DialFault | undefined> {
  for (let left = portTries; left > 0; left--) {
    const error = await settled(socket, 'listening', () => socket.bind({ port: randomInt(portFrom, 65536) }))
    if (error === undefined) return undefined
    if (codeOf(error) !== 'EADDRINUSE' && codeOf(error) !== 'EACCES') return faultOf(error)
  }
  const error = await settled(socket, 'listening', () => socket.bind({ port: 0 }))
  return error === undefined ? undefined : faultOf(error)
}

async function connectUdp(socket: UdpSocket, { address, port }: Endpoint): Promise<DialFault | undefined> {
  const error = await settled(socket, 'connect', () => socket.connect(port, address))
  return error === undefined ? undefined : faultOf(error)
}

/** Starts something and waits for its event, or for the error in its place. */
function settled(socket: UdpSocket, event: 'listening' | 'connect', start: () => void): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const succeed = () => settle(undefined)
    const settle = (error: Error | undefined) => {
      socket.off(event, succeed).off('error', settle)
      resolve(error)
    }
    socket.once(event, succeed).once('error', settle)
    start()
  })
}

function datagramsOf(socket: UdpSocket): Datagrams {
  const peer = socket.remoteAddress()
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
  socket.on('error', fail)
  socket.on('message', (message, { address, port }) => {
    // What came between binding and connecting may be anyone's.
    if (!isClosed && address === peer.address && port === peer.port) datagrams.onMessage?.(message)
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
