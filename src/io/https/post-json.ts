import type { Socket } from 'node:net'
import { parseAddress } from '../../core/dns/rdata/address.ts'
import { limits } from '../../core/limits.ts'
import { parseDomainName } from '../../core/name/domain.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import type { Clock } from '../clock.ts'
import type { Network } from '../network.ts'
import { request } from '../node-http.ts'
import type { Resolver } from '../resolver/resolver.ts'
import type { PkixTrust } from './pkix-trust.ts'
import { lookupAddresses } from './policy-host-addresses.ts'
import { openTls } from './tls-handshake.ts'

export interface PostOptions {
  readonly network: Network
  readonly resolver: Resolver
  readonly trust: PkixTrust
  readonly clock: Clock
  readonly headers?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/**
 * Posts JSON to a server, through the gate that addresses of strangers pass: a name may lead anywhere by the time it is
 * asked for. No redirect is followed. Yields why it failed, escaped; undefined once the server said 2xx.
 */
export async function postJson(url: URL, body: string, options: PostOptions): Promise<string | undefined> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(limits.watch.webhookMs)])
  const isEncrypted = url.protocol === 'https:'
  const port = url.port === '' ? (isEncrypted ? 443 : 80) : Number(url.port)
  const bounded = { ...options, signal }
  const found = await addressesOf(url, bounded)
  if (typeof found === 'string') return escapeText(found)
  let why = 'no address'
  for (const address of found) {
    const dialled = await options.network.connectTcp({ address, port }, { ...dial, signal })
    if (!dialled.ok) {
      why = dialled.fault === 'forbidden' ? `${address} is a private address` : `connection ${dialled.fault}`
      continue
    }
    const socket = isEncrypted ? await encrypt(dialled.value, url, bounded) : dialled.value
    if (typeof socket !== 'string') return await post(socket, url, body, bounded)
    why = socket
  }
  return escapeText(signal.aborted ? (options.signal.aborted ? 'given up' : 'no answer in time') : why)
}

const dial = { chosenBy: 'stranger', timeoutMs: 10_000 } as const

async function addressesOf(url: URL, { resolver, signal }: PostOptions): Promise<readonly string[] | string> {
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (parseAddress(literal) !== undefined) return [literal]
  const host = parseDomainName(url.hostname)
  if (!host.ok) return `"${url.hostname}" is no host name`
  const found = await lookupAddresses(host.value, { resolver, signal })
  return 'reason' in found ? found.reason : found
}

async function encrypt(socket: Socket, url: URL, { trust, clock, signal }: PostOptions): Promise<Socket | string> {
  const host = parseDomainName(url.hostname)
  if (!host.ok) {
    socket.destroy()
    return 'https needs a host name'
  }
  const opened = await openTls(socket, { host: host.value, trust, clock, signal })
  return opened.kind === 'open' ? opened.socket : opened.problem.reason
}

function post(
  socket: Socket,
  url: URL,
  body: string,
  { headers = {}, signal }: Pick<PostOptions, 'headers' | 'signal'>,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request({
      createConnection: () => socket,
      method: 'POST',
      path: `${url.pathname}${url.search}`,
      headers: {
        ...{ Host: url.host, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
        ...{ Connection: 'close', 'User-Agent': 'waxseal', ...headers },
      },
      maxHeaderSize: limits.sts.headerOctets,
    })
    const finish = (why: string | undefined) => {
      signal.removeEventListener('abort', giveUp)
      asked.on('error', () => {}).destroy()
      socket.on('error', () => {}).destroy()
      resolve(why === undefined ? undefined : escapeText(why))
    }
    const giveUp = () => finish('no answer in time')
    signal.addEventListener('abort', giveUp, { once: true })
    // What the server says beside its status is not read.
    asked.on('response', ({ statusCode = 0 }) => {
      finish(statusCode >= 200 && statusCode < 300 ? undefined : `the server answered with status ${statusCode}`)
    })
    asked.on('error', (error) => finish(signal.aborted ? 'no answer in time' : error.message))
    asked.on('close', () => finish('the connection was closed without an answer'))
    if (signal.aborted) return giveUp()
    asked.end(body)
  })
}
