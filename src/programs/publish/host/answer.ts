import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Prefix } from '../../../core/address/prefix.ts'
import { limits } from '../../../core/limits.ts'
import { type DomainName, parseDomainName } from '../../../core/name/domain.ts'
import type { HostedPolicy } from '../../../core/publish/hosted-policy.ts'
import { judgePolicyRequest, type RequestRefusal } from '../../../core/publish/policy-request.ts'
import type { Challenges } from '../../../io/publish/certificate-source.ts'
import type { ConnectionFacts } from '../../../io/publish/policy-listener.ts'
import { clientOf, isAmong } from '../../web/client.ts'

/** What came of a request. */
export type AnswerOutcome = 'policy' | 'unknown-host' | RequestRefusal

export interface AnswerOptions {
  /** The policy of this host as it is now; a promise where its domain must be looked up first. */
  find(host: DomainName): HostedPolicy | undefined | Promise<HostedPolicy | undefined>
  /** Whose word about clients and hosts is taken, over connections in clear. */
  proxies(): readonly Prefix[]
  onAnswer(outcome: AnswerOutcome): void
  onFetch(domain: DomainName, client: string, agent: string | undefined): void
}

/** RFC 8461 §10.2 has senders ask daily; a proxy before us may keep an answer for as long as §8.2 suggests. */
const policyCaching = 'max-age=60'

const refusals = {
  'bad-host': { status: 400, body: 'one Host header with a host name is needed\n' },
  'no-such-path': { status: 404, body: 'not here\n' },
  'unknown-host': { status: 404, body: 'not here\n' },
  misdirected: { status: 421, body: 'this connection is for another host\n' },
} as const satisfies Record<RequestRefusal | 'unknown-host', unknown>

/**
 * Makes what answers senders: the one path of a host that is ours, in the same way whoever asks; nothing else, no redirect
 * and no cookie. RFC 8461 §3.2, §3.3
 */
export function createPolicyAnswers(options: AnswerOptions) {
  const headers = new WeakMap<HostedPolicy, string[]>()

  function give(response: ServerResponse, host: DomainName, policy: HostedPolicy, asked: Asked): void {
    let known = headers.get(policy)
    if (known === undefined) {
      known = headersOf(policy)
      headers.set(policy, known)
    }
    options.onAnswer('policy')
    options.onFetch(host.slice('mta-sts.'.length) as DomainName, asked.client, asked.agent) // of a policy host
    response.writeHead(200, asked.hasBody ? [...known, 'connection', 'close'] : known)
    response.end(policy.body) // of an answer to HEAD, Node sends the headers alone
  }

  function refuse(response: ServerResponse, why: keyof typeof refusals, { hasBody }: Asked): void {
    options.onAnswer(why)
    const { status, body } = refusals[why]
    const isLast = hasBody || why === 'bad-host' || why === 'misdirected'
    response.writeHead(status, [
      ...['content-type', 'text/plain', 'content-length', String(body.length), 'cache-control', 'no-store'],
      ...(isLast ? ['connection', 'close'] : []),
    ])
    response.end(body)
  }

  return function answer(
    request: IncomingMessage,
    response: ServerResponse,
    facts: ConnectionFacts,
  ): void | Promise<void> {
    const asked = readAsked(request, facts, options.proxies)
    const { method = '', url = '' } = request
    const judged = judgePolicyRequest({ method, target: url, hosts: asked.hosts, servername: facts.servername })
    if (judged.kind === 'refused') return refuse(response, judged.why, asked)
    if (asked.isInsecure) return refuse(response, 'no-such-path', asked)
    const finish = (policy: HostedPolicy | undefined) => {
      if (policy === undefined) refuse(response, 'unknown-host', asked)
      else give(response, judged.host, policy, asked)
    }
    const found = options.find(judged.host)
    return found instanceof Promise ? found.then(finish) : finish(found)
  }
}

interface Asked {
  readonly hosts: readonly string[]
  readonly client: string
  readonly agent: string | undefined
  /** Whether octets follow that could be taken for another request. */
  readonly hasBody: boolean
  /** Whether a proxy of ours says that its client came without TLS. RFC 8461 §3.3 */
  readonly isInsecure: boolean
}

function readAsked(
  request: IncomingMessage,
  { servername, client }: ConnectionFacts,
  proxies: AnswerOptions['proxies'],
): Asked {
  const { rawHeaders } = request
  const hosts: string[] = []
  let agent: string | undefined
  let hasBody = false
  for (let place = 0; place < rawHeaders.length; place += 2) {
    const name = rawHeaders[place] ?? ''
    // By their lengths most are none of these.
    if (name.length === 4 && name.toLowerCase() === 'host') hosts.push(rawHeaders[place + 1] ?? '')
    else if (name.length === 10 && name.toLowerCase() === 'user-agent') agent = rawHeaders[place + 1]
    else if (name.length === 14 && name.toLowerCase() === 'content-length') hasBody = true
    else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') hasBody = true
  }
  const direct: Asked = { hosts, client, agent, hasBody, isInsecure: false }
  if (servername !== undefined) return direct
  const trusted = proxies()
  const peer = request.socket.remoteAddress
  // Who comes by a Unix socket is a proxy.
  if (peer !== undefined && !isAmong(peer, trusted)) return direct
  const { 'x-forwarded-host': host, 'x-forwarded-proto': scheme } = request.headers
  return {
    ...direct,
    hosts: typeof host === 'string' ? [host] : hosts,
    client: clientOf(request, trusted),
    isInsecure: scheme === 'http',
  }
}

function headersOf({ body }: HostedPolicy): string[] {
  // Only extensions may have other characters, and only then must be said which they are.
  const type = /^[\x00-\x7f]*$/.test(body) ? 'text/plain' : 'text/plain; charset=utf-8'
  return [
    ...['content-type', type, 'content-length', String(Buffer.byteLength(body)), 'cache-control', policyCaching],
    ...['x-content-type-options', 'nosniff'],
  ]
}

/** Makes what answers on port 80: challenges of ACME, and nothing else. RFC 8555 §8.3 */
export function createChallengeAnswers(challenges: () => Challenges | undefined) {
  return function answer(request: IncomingMessage, response: ServerResponse): void {
    const text = challengeText(request, challenges())
    const body = text ?? 'not here\n'
    response.writeHead(text === undefined ? 404 : 200, [
      ...['content-type', text === undefined ? 'text/plain' : 'application/octet-stream'],
      ...['content-length', String(Buffer.byteLength(body)), 'cache-control', 'no-store', 'connection', 'close'],
    ])
    response.end(body)
  }
}

function challengeText(
  { method, url = '', headers }: IncomingMessage,
  challenges: Challenges | undefined,
): string | undefined {
  const [, token] = /^\/\.well-known\/acme-challenge\/([A-Za-z0-9_-]+)$/.exec(url) ?? []
  const isAsked = challenges !== undefined && (method === 'GET' || method === 'HEAD') && token !== undefined
  if (!isAsked || token.length > limits.policyServer.tokenCharacters) return undefined
  const host = parseDomainName((headers.host ?? '').replace(/:\d{1,5}$/, ''))
  return host.ok ? challenges.http01(host.value, token) : undefined
}
