import { problems, type Route } from './reply.ts'
import { schemas } from './schemas.ts'

/** Refusals of every route, and those of every route that wants a token. */
const usualRefusals = ['bad-request', 'wrong-host', 'from-a-browser', 'too-many', 'failed'] as const
/** Of those that take a body. */
const bodyRefusals = ['not-json', 'too-large', 'wrong-type'] as const

/** The OpenAPI 3.1 document of these routes. */
export function openApiOf(routes: readonly Route[], version: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const operations = paths[route.path] ?? {}
    operations[route.method.toLowerCase()] = operationOf(route)
    paths[route.path] = operations
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Waxseal',
      version,
      summary: 'What TLS the destinations of mail must show',
      description: 'The HTTP interface of `waxseal serve`. docs/service.md says who may use it, and how.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).map(([name, { json }]) => [name, json])),
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'Wanted where `http-token-file` is set, but for sockets.',
        },
      },
    },
  }
}

function operationOf(route: Route) {
  const { id, summary, description, query = {}, answers, refusals = [], path, method } = route
  const { isOpen = false, isGuarded = false } = route
  const parameters = [
    ...(path.includes('{destination}') ? [destinationParameter] : []),
    ...Object.entries(query).map(([name, parameter]) => ({ name, in: 'query', ...parameter })),
  ]
  return {
    operationId: id,
    summary,
    ...(description !== undefined && { description }),
    security: isOpen ? [] : [{}, { token: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...(method === 'POST' && { requestBody: bodyOf(route) }),
    responses: {
      ...refusalsOf([
        ...usualRefusals,
        ...(method === 'POST' ? bodyRefusals : []),
        ...(isOpen ? [] : ['unauthorized' as const]),
        ...(isGuarded ? ['unguarded' as const] : []),
        ...refusals,
      ]),
      ...answersOf(answers),
    },
  }
}

const destinationParameter = {
  name: 'destination',
  in: 'path',
  required: true,
  description: 'A domain, or a next hop as Postfix names it: `[relay.example]:587`. In percent escapes.',
  schema: { type: 'string' },
}

function bodyOf({ body }: Route) {
  if (body === undefined) return emptyBody
  return { required: true, content: { 'application/json': { schema: { $ref: `#/components/schemas/${body}` } } } }
}

const emptyBody = {
  description: 'An empty object. The type is a must.',
  content: { 'application/json': { schema: { type: 'object', additionalProperties: false } } },
}

function answersOf(answers: Route['answers']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema }]) => [
      status,
      {
        description,
        ...(schema !== undefined && {
          content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } },
        }),
      },
    ]),
  )
}

function refusalsOf(codes: readonly (keyof typeof problems)[]): Record<string, unknown> {
  const byStatus = Map.groupBy(new Set(codes), (code) => problems[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, all]) => [
      status,
      {
        description: all.map((code) => `\`${code}\`: ${problems[code].title}.`).join(' '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  )
}
