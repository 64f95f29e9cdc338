import { z } from 'zod'

/** What answers look like: for the document, and for whoever checks an answer against it. */
interface Schema {
  readonly type: z.ZodType
  readonly json: Readonly<Record<string, unknown>>
}

const moment = () => z.int().nonnegative().describe('Milliseconds since 1970')
const level = z.string().describe('What Postfix is told in one word: dane-only, dane, secure, may, NOTFOUND, TEMP')

const destination = z.strictObject({
  schema: z.literal('waxseal.destination/1'),
  destination: z.string(),
  level,
  answers: z.strictObject({ QUERY: z.string(), QUERYwithTLSRPT: z.string() }),
  summary: z.string(),
  reasons: z.array(z.string()),
  madeAt: moment(),
  askedAt: moment(),
  until: z.string().describe('ISO 8601'),
  tookMs: z.int().nonnegative(),
  why: z.enum(['asked', 'renewed']),
})

const explanation = z
  .looseObject({ schema: z.literal('waxseal.explain/1'), domain: z.string(), summary: z.string() })
  .nullable()
  .describe('As `waxseal explain --json` prints it: docs/json.md. null when it is not kept any more')

export const schemas: Readonly<Record<string, Schema>> = {
  Destination: schemaOf(destination),
  Evidence: schemaOf(
    z.strictObject({
      schema: z.literal('waxseal.evidence/1'),
      decision: destination,
      explanation,
      history: z.array(
        z.strictObject({ decision: destination, times: z.int().positive(), lastAt: moment(), explanation }),
      ),
    }),
  ),
  List: schemaOf(
    z.strictObject({
      schema: z.literal('waxseal.list/1'),
      destinations: z.array(destination),
      next: z.int().nullable().describe('For `after` of the next page; null on the last'),
    }),
  ),
  Forgotten: schemaOf(z.strictObject({ forgotten: z.int().nonnegative() })),
  Live: schemaOf(z.strictObject({ live: z.literal(true) })),
  Ready: schemaOf(
    z.strictObject({
      ready: z.boolean(),
      why: z.string().nullable(),
      sharedStore: z
        .enum(['up', 'refusing', 'away'])
        .nullable()
        .describe('How the store is that machines share, without which each goes on by itself; null where none is set'),
    }),
  ),
  Problem: schemaOf(
    z.strictObject({
      type: z.literal('about:blank'),
      title: z.string(),
      status: z.int(),
      code: z.string().describe('What programs go by'),
      detail: z.string().optional(),
    }),
  ),
}

function schemaOf(type: z.ZodType): Schema {
  const { $schema: _, ...json } = z.toJSONSchema(type)
  return { type, json }
}
