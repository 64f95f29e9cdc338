import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { AcmeUrl } from '../../core/acme/urls.ts'
import { limits } from '../../core/limits.ts'
import { parseDomainName } from '../../core/name/domain.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import type { Clock } from '../clock.ts'
import { createEnding } from '../ending.ts'
import type { PkixTrust } from '../https/pkix-trust.ts'
import { lookupAddresses } from '../https/policy-host-addresses.ts'
import { openTls } from '../https/tls-handshake.ts'
import type { Network } from '../network.ts'
import { request } from '../node-http.ts'
import type { Resolver } from '../resolver/resolver.ts'
import type { StopSignal } from '../stop.ts'
import type { AcmeFailure } from './acme-failure.ts'

export interface HttpParts {
  readonly resolver: Resolver
  readonly network: Network
  readonly clock: Clock
  /** What the authority's own server must be trusted by. */
  readonly trust: PkixTrust
}

export interface AcmeRequest {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: AcmeUrl
  /** A JWS. */
  readonly body?: string
}

export interface AcmeAnswer {
  readonly status: number
  readonly contentType: string
  readonly nonce: string | undefined
  readonly location: string | undefined
  readonly retryAfter: string | undefined
  readonly body: Uint8Array
}

/** One request, one answer, over a connection of its own. Never rejects. */
export type SendRequest = (asked: AcmeRequest, signal: StopSignal) => Promise<AcmeAnswer | AcmeFailure>

/**
 * Asks authorities over HTTPS, through the one way out. The operator named the host, so it may be at a private address.
 * No redirect is followed: a signed request is for one URL. RFC 8555 §6.1, §6.4
 */
export function createSendRequest(parts: HttpParts): SendRequest {
  return async (asked, signal) => {
    const ending = createEnding(signal, limits.acme.requestMs)
    try {
      const answer = await send(asked, parts, ending.signal)
      if ('status' in answer || !ending.signal.aborted) return answer
      return signal.aborted ? { fault: 'aborted', reason: 'given up' } : unreachable(asked, 'no answer in time')
    } catch (error) {
      if (!ending.signal.aborted) throw error
      return signal.aborted ? { fault: 'aborted', reason: 'given up' } : unreachable(asked, 'no answer in time')
    } finally {
      ending.stop()
    }
  }
}

const dial = { chosenBy: 'operator', timeoutMs: 10_000 } as const

async function send(asked: AcmeRequest, parts: HttpParts, signal: StopSignal): Promise<AcmeAnswer | AcmeFailure> {
  const url = new URL(asked.url)
  const host = parseDomainName(url.hostname)
  if (!host.ok) return unreachable(asked, 'its host is no domain name')
  const addresses = await lookupAddresses(host.value, { resolver: parts.resolver, signal })
  if ('reason' in addresses) return unreachable(asked, addresses.reason)
  let why = 'no address'
  for (const address of addresses) {
    if (signal.aborted) break
    const port = url.port === '' ? 443 : Number(url.port)
    const dialled = await parts.network.connectTcp({ address, port }, { ...dial, signal })
    if (!dialled.ok) {
      why = `${address}: connection ${dialled.fault}`
      continue
    }
    const opened = await openTls(dialled.value, { host: host.value, trust: parts.trust, clock: parts.clock, signal })
    // What answers there is what the operator named, or an attacker: the next address would be no better known.
    if (opened.kind === 'open') return exchange(opened.socket, asked, { url, signal })
    why = `${address}: ${opened.problem.reason}`
  }
  return unreachable(asked, why)
}

function unreachable({ url }: AcmeRequest, why: string): AcmeFailure {
  return { fault: 'unreachable', reason: escapeText(`${new URL(url).host}: ${why}`) }
}

function exchange(
  socket: TLSSocket,
  asked: AcmeRequest,
  { url, signal }: { readonly url: URL; readonly signal: StopSignal },
): Promise<AcmeAnswer | AcmeFailure> {
  return new Promise((resolve) => {
    const { method, body } = asked
    const outgoing = request({
      createConnection: () => socket,
      method,
      path: `${url.pathname}${url.search}`,
      headers: {
        // RFC 8555 §6.1, §6.2
        ...{
          Host: url.host,
          'User-Agent': 'waxseal',
          Accept: '*/*',
          'Accept-Encoding': 'identity',
          Connection: 'close',
        },
        ...(body === undefined
          ? {}
          : { 'Content-Type': 'application/jose+json', 'Content-Length': Buffer.byteLength(body) }),
      },
      maxHeaderSize: limits.acme.headerOctets,
    })
    const giveUp = () => finish(unreachable(asked, 'no answer in time'))
    const finish = (answer: AcmeAnswer | AcmeFailure) => {
      signal.removeEventListener('abort', giveUp)
      resolve(answer)
      outgoing.on('error', () => {}).destroy()
      socket.on('error', () => {}).destroy()
    }
    signal.addEventListener('abort', giveUp, { once: true })
    outgoing.on('response', (response) => readAnswer(response, asked, finish))
    outgoing.on('upgrade', () => finish(unreachable(asked, 'it answered with status 101')))
    outgoing.on('error', (error) =>
      finish(unreachable(asked, `the answer is no HTTP that can be read: ${error.message}`)),
    )
    outgoing.on('close', () => finish(unreachable(asked, 'the connection was closed without an answer')))
    if (signal.aborted) return giveUp()
    outgoing.end(body)
  })
}

function readAnswer(
  response: IncomingMessage,
  asked: AcmeRequest,
  finish: (answer: AcmeAnswer | AcmeFailure) => void,
): void {
  const { statusCode = 0, headers } = response
  if (statusCode >= 300 && statusCode < 400) {
    finish(protocol(asked, `status ${statusCode}, a redirect`))
    return
  }
  const chunks: Uint8Array[] = []
  let octets = 0
  response.on('data', (chunk: Uint8Array) => {
    octets += chunk.length
    if (octets > limits.acme.bodyOctets) finish(protocol(asked, `a body of over ${limits.acme.bodyOctets} octets`))
    else chunks.push(chunk)
  })
  response.on('end', () => {
    if (!response.complete) return finish(unreachable(asked, 'the connection ended before the body did'))
    finish({
      status: statusCode,
      contentType: headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '',
      nonce: headerOf(response, 'replay-nonce'),
      location: headers.location,
      retryAfter: headers['retry-after'],
      body: Buffer.concat(chunks),
    })
  })
  const cut = () => finish(unreachable(asked, 'the connection ended before the body did'))
  response.on('error', cut).on('close', cut)
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

function protocol({ url }: AcmeRequest, what: string): AcmeFailure {
  return { fault: 'protocol', reason: `${new URL(url).host} answered with ${what}` }
}
