import { limits } from '../../../core/limits.ts'
import { parseLookupKey } from '../../../core/postfix/lookup-key.ts'
import type { Destination, Made } from '../../../io/decisions/decisions.ts'
import { keyOf } from '../../../io/decisions/destination-key.ts'
import { destinationOf } from '../postfix-answers.ts'
import type { Service } from '../service.ts'
import type { ServedView } from '../view.ts'
import { destinationReport, evidenceReport } from './destination-json.ts'
import { problem, type Question, type Reply, type Route } from './reply.ts'

const one = '/v1/destinations/{destination}'

/** Decisions of destinations: to be asked for, with what they rest on, renewed, forgotten and listed. */
export function destinationRoutes(service: () => Service): readonly Route[] {
  const lookups = createLookups(service)
  let listing = 0
  const of =
    (work: (destination: Destination, question: Question) => Promise<Reply> | Reply) => (question: Question) => {
      const key = parseLookupKey(question.name)
      const destination = destinationOf(key)
      if (!['true', 'false', undefined].includes(question.query.get('held')))
        return problem('bad-request', 'held must be true or false')
      if (destination !== undefined) return work(destination, question)
      return problem('not-a-destination', key.kind === 'none' ? whyNone[key.why] : undefined)
    }
  const find = async (destination: Destination, { query }: Question) => {
    const held = service().decisions.held(destination)
    if (held !== undefined) return held
    const isHeldOnly = query.get('held') === 'true'
    return isHeldOnly ? problem('not-held') : lookups.decide(destination)
  }
  const held = {
    description: 'true: only what is in memory, and 404 when there is nothing',
    schema: { type: 'string', enum: ['true', 'false'] },
  }
  return [
    {
      ...{ id: 'getDecision', method: 'GET', path: one, query: { held } },
      summary: 'The decision in force; looked for when there is none in memory',
      answers: { 200: { description: 'The decision.', schema: 'Destination' } },
      refusals: ['not-a-destination', 'not-held', 'busy'],
      answer: of(async (destination, question) => {
        const made = await find(destination, question)
        return isMade(made) ? { status: 200, json: destinationReport(made) } : made
      }),
    },
    {
      ...{ id: 'getEvidence', method: 'GET', path: `${one}/evidence`, query: { held } },
      summary: 'The decision in force with what it rests on, and the last ones that came out otherwise',
      description: 'Looked for anew where the evidence is not kept any more, unless held=true.',
      answers: { 200: { description: 'The evidence.', schema: 'Evidence' } },
      refusals: ['not-a-destination', 'not-held', 'busy'],
      answer: of(async (destination, question) => {
        const found = await find(destination, question)
        if (!isMade(found)) return found
        // Of most there is no room to keep it. Where it cannot be had now, the decision is shown without.
        const isLost = service().decisions.outcomeOf(destination) === undefined
        if (isLost && question.query.get('held') !== 'true') await lookups.renew(destination)
        const { decisions, history } = service()
        // Another may have come meanwhile, and the evidence is that of the last.
        const made = decisions.held(destination) ?? found
        return { status: 200, json: evidenceReport(made, decisions.outcomeOf(destination), history.of(destination)) }
      }),
    },
    {
      ...{ id: 'refresh', method: 'POST', path: `${one}/refresh` },
      summary: 'Looks for a new decision, whatever is in memory',
      description: 'A lookup that fails puts no decision aside that still holds: see madeAt.',
      answers: { 200: { description: 'The decision in force afterwards.', schema: 'Destination' } },
      refusals: ['not-a-destination', 'too-many', 'busy'],
      answer: of(async (destination, { body }) => {
        if (!isEmpty(body)) return problem('bad-request', 'the body has unknown keys: send {}')
        const made = await lookups.renew(destination)
        return isMade(made) ? { status: 200, json: destinationReport(made) } : made
      }),
    },
    {
      ...{ id: 'forget', method: 'DELETE', path: one },
      summary: 'Forgets the decision in memory; policies stay in the store',
      answers: { 200: { description: 'Whether there was one.', schema: 'Forgotten' } },
      refusals: ['not-a-destination'],
      answer: of((destination) => ({
        ...{ status: 200, json: { forgotten: Number(service().decisions.forget(destination)) } },
      })),
    },
    {
      ...{ id: 'forgetAll', method: 'DELETE', path: '/v1/destinations' },
      summary: 'Forgets all decisions in memory; policies stay in the store',
      answers: { 200: { description: 'How many there were.', schema: 'Forgotten' } },
      answer() {
        const { decisions } = service()
        const forgotten = decisions.size
        decisions.forgetAll()
        return { status: 200, json: { forgotten } }
      },
    },
    {
      ...{ id: 'listDecisions', method: 'GET', path: '/v1/destinations' },
      summary: 'Decisions in memory, page by page, the earliest made first',
      description: 'One that is renewed between two pages comes again with the later one.',
      query: {
        limit: {
          description: 'decisions on a page',
          schema: { type: 'integer', minimum: 1, maximum: limits.http.pageMost, default: limits.http.pageUsual },
        },
        after: { description: '`next` of the page before', schema: { type: 'integer', minimum: 0, default: 0 } },
      },
      answers: { 200: { description: 'A page.', schema: 'List' } },
      refusals: ['busy'],
      answer: async ({ query }) => {
        if (listing >= limits.http.listsAtOnce) return problem('busy', undefined, { 'retry-after': '1' })
        listing++
        try {
          return await listPage(service(), query)
        } finally {
          listing--
        }
      },
    },
  ]
}

const whyNone = {
  parent: 'policies hold for no domain but their own',
  literal: 'it is an address',
  path: 'it is the path of a socket',
  'no-name': 'it is no domain name',
  'no-port': 'there is no such port',
} as const

function isMade(found: Made<ServedView> | Reply): found is Made<ServedView> {
  return 'view' in found
}

function isEmpty(body: unknown): boolean {
  return body === undefined || (typeof body === 'object' && body !== null && Object.keys(body).length === 0)
}

/** Lookups for HTTP clients, of which only so many may be under way, so that Postfix has its turn. */
function createLookups(service: () => Service) {
  const refreshed = new Map<string, number>()
  let underWay = 0
  const look = async (work: () => Promise<Made<ServedView>>): Promise<Made<ServedView> | Reply> => {
    if (underWay >= limits.http.lookupsAtOnce) return problem('busy', undefined, { 'retry-after': '1' })
    underWay++
    try {
      return await work()
    } finally {
      underWay--
    }
  }
  return {
    decide: (destination: Destination) => look(() => service().decisions.decide(destination)),
    renew: (destination: Destination) => {
      const key = keyOf(destination)
      const now = service().world.clock.now()
      const since = now - (refreshed.get(key) ?? Number.NEGATIVE_INFINITY)
      const { refreshPauseMs, refreshesKept } = limits.http
      if (since >= 0 && since < refreshPauseMs) {
        const seconds = Math.ceil((refreshPauseMs - since) / 1000)
        return problem('too-many', 'it was refreshed just now', { 'retry-after': String(seconds) })
      }
      return look(() => {
        refreshed.delete(key)
        refreshed.set(key, now)
        if (refreshed.size > refreshesKept) refreshed.delete(refreshed.keys().next().value as string) // it has one
        return service().decisions.renew(destination)
      })
    },
  }
}

async function listPage({ decisions }: Service, query: ReadonlyMap<string, string>): Promise<Reply> {
  const { pageUsual, pageMost, listedInOneGo } = limits.http
  const limit = readNumber(query.get('limit'), pageUsual)
  const after = readNumber(query.get('after'), 0)
  if (limit === undefined || limit < 1 || limit > pageMost)
    return problem('bad-request', `limit must be from 1 to ${pageMost}`)
  if (after === undefined) return problem('bad-request', 'after must be what stood in `next`')
  const destinations: string[] = []
  let done = 0
  let last: number | undefined
  for (const made of decisions.list()) {
    // A long list, or a long page, must not keep others waiting.
    const isListed = made.serial > after
    done += isListed ? weightOfListed : 1
    if (done >= listedInOneGo) {
      done = 0
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (!isListed) continue
    if (destinations.length === limit) return page(destinations, last ?? null)
    destinations.push(JSON.stringify(destinationReport(made)))
    last = made.serial
  }
  return page(destinations, null)
}

/** What a decision that is written out costs, in decisions that are passed over. */
const weightOfListed = 100

function page(destinations: readonly string[], next: number | null): Reply {
  const body = `{"schema":"waxseal.list/1","destinations":[${destinations.join(',')}],"next":${next}}\n`
  return { status: 200, text: { type: 'application/json', body } }
}

function readNumber(text: string | undefined, usual: number): number | undefined {
  if (text === undefined) return usual
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
