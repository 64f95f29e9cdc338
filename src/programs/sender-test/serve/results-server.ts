import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { limits } from '../../../core/limits.ts'
import { createServer } from '../../../io/node-http.ts'
import { createOut } from '../../cli/out.ts'
import { createRates } from '../../daemon/http/rates.ts'
import { findingsToJson } from '../report-json.ts'
import { writeFindings } from '../report-text.ts'
import type { Round } from '../round.ts'
import type { LiveRounds } from './live-rounds.ts'

interface Answer {
  readonly status: number
  readonly json?: unknown
  readonly text?: string
}

const usage = [
  'This host tests whether a mail server enforces DANE and MTA-STS.',
  '',
  'POST /rounds          begins a round: the addresses to write to, and the sender to use',
  'GET  /rounds/TOKEN    what came of it so far; as JSON with ".json" behind the token',
  '',
].join('\n')

/** Begins rounds and shows what came of them, as text and as JSON. */
export function createResultsServer(rounds: LiveRounds, now: () => number): Server {
  const { http } = limits
  const rates = createRates(now)
  const server = createServer(
    {
      ...{ maxHeaderSize: http.headerOctets, headersTimeout: http.headersMs, requestTimeout: http.requestMs },
      ...{ keepAliveTimeout: http.keepAliveMs, connectionsCheckingInterval: 1000 },
    },
    (request, response) => {
      const wait = rates.take(request.socket.remoteAddress ?? '')
      write(response, wait === undefined ? find(request, rounds) : { status: 429, text: 'too many requests\n' })
    },
  )
  server.maxHeadersCount = http.headers
  server.maxConnections = http.connections
  server.maxRequestsPerSocket = http.requestsPerConnection
  server.timeout = http.stillMs
  return server
}

function find({ method, url = '', socket }: IncomingMessage, rounds: LiveRounds): Answer {
  if (url === '/rounds') {
    if (method !== 'POST') return { status: 405, text: 'POST here\n' }
    return { status: 201, json: roundToJson(rounds.begin(socket.remoteAddress ?? '')) }
  }
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'this cannot be done here\n' }
  if (url === '/') return { status: 200, text: usage }
  const [, token = '', asJson] = /^\/rounds\/([a-z0-9]{1,64})(\.json)?$/.exec(url) ?? []
  const round = rounds.find(token)
  if (round === undefined) return { status: 404, text: 'there is no such round here\n' }
  const findings = rounds.judge(round)
  if (asJson !== undefined) return { status: 200, json: findingsToJson(round, findings) }
  return { status: 200, text: textOf((out) => writeFindings(findings, out)) }
}

function roundToJson({ token, from, trials }: Round) {
  const tests = trials.map(({ test: { domain, fault }, address }) => ({ domain, fault, address }))
  return { schema: 'waxseal.sender-test-round/1', token, from, results: `/rounds/${token}`, tests }
}

/** What would be printed, of 80 columns and without colour. */
function textOf(print: (out: ReturnType<typeof createOut>) => void): string {
  let text = ''
  const sink = {
    write(part: string) {
      text += part
      return true
    },
    once: () => undefined,
  }
  print(createOut({ stdout: sink, stderr: sink, environment: { LANG: 'C.UTF-8' } }))
  return text
}

/** The text of strangers is none of it, and no browser is to make more of it than text. */
function write(response: ServerResponse, { status, json, text = '' }: Answer): void {
  const body = json === undefined ? text : `${JSON.stringify(json)}\n`
  response.writeHead(status, {
    'content-type': json === undefined ? 'text/plain; charset=utf-8' : 'application/json',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'",
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}
