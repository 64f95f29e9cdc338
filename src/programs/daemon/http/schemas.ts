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

const name = () => z.string().nullable()

const override = z.strictObject({
  domain: name().describe('With a dot before it, that and all names below it'),
  host: name(),
  kind: z.enum(['require', 'relax', 'skip']),
  level: z.enum(['encrypt', 'pkix', 'dane', 'may']).nullable(),
  names: z.array(z.string()),
  author: z.string(),
  reason: z.string(),
  createdAt: moment(),
  expiresAt: moment().nullable(),
  ended: z.boolean().describe('Its time is over: it counts for nothing'),
})

const auditEntry = z.strictObject({
  schema: z.literal('waxseal.audit/1'),
  id: z.int().positive(),
  at: z.string().describe('ISO 8601'),
  author: z.string(),
  action: z.enum(['add', 'replace', 'remove']),
  domain: name(),
  host: name(),
  rule: z.string(),
  reason: z.string(),
  expiresAt: moment().nullable(),
  intact: z.boolean().describe('Whether this entry and what was before it are as they were written once'),
})

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
  Override: schemaOf(override),
  Overrides: schemaOf(z.strictObject({ schema: z.literal('waxseal.overrides/1'), overrides: z.array(override) })),
  NewOverride: schemaOf(
    z.strictObject({
      domain: z.string().optional().describe('As `waxseal override add --domain` takes it'),
      host: z.string().optional().describe('As --host'),
      kind: z.enum(['require', 'relax', 'skip']),
      level: z.enum(['encrypt', 'pkix', 'dane', 'may']).optional().describe('Of require and relax'),
      names: z.array(z.string()).optional().describe('Of require pkix: of which the certificate must bear one'),
      until: z.string().optional().describe('When it ends, as --until: 12h, 30d, 2026-12-01 or 2026-12-01T15:00Z'),
      author: z.string(),
      reason: z.string(),
    }),
  ),
  Audit: schemaOf(
    z.strictObject({
      schema: z.literal('waxseal.audit-page/1'),
      entries: z.array(auditEntry).describe('The newest first'),
      next: z.int().nullable().describe('For `before` of the next page; null on the last'),
      whole: z.boolean().describe('false: entries at the end of the trail are gone'),
    }),
  ),
  Reloaded: schemaOf(
    z.strictObject({ restart: z.boolean().describe('Addresses changed, and count only after a restart') }),
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
