import * as z from 'zod'
import { type CheckReport, senderIds, severities, verdicts } from '../../core/check/report.ts'

const text = z.string().max(100_000)
const maybe = text.nullable()
const cell = z.looseObject({ state: z.enum(['good', 'bad', 'weak', 'none', 'unknown']), text, detail: maybe })

const senderHost = z.looseObject({
  host: text,
  does: z.enum(['delivers', 'skips', 'sometimes', 'cannot-tell']),
  protection: z.enum(['authenticated', 'host-authenticated', 'encrypted', 'cleartext']).nullable(),
  row: text,
  text,
})

const key = z.looseObject({
  keyType: z.enum(['RSA', 'ECDSA']),
  ...{ handshake: cell, chain: cell, name: cell, expires: cell, tlsa: cell },
})

const finding = z.looseObject({
  ...{ id: text, severity: z.enum(severities), section: text, title: text, subject: text, date: maybe },
  seen: z.array(z.looseObject({ text, source: maybe })),
  ...{ who: text, whoseName: maybe, rfc: text, help: text },
  publish: z.array(z.looseObject({ kind: z.enum(['dns', 'file', 'setting']), where: text, text, note: text })),
})

/** A report as `--json` prints it. Keys that are not known are passed over, as docs/json.md has readers do. */
const reportSchema = z.looseObject({
  schema: z.literal('waxseal.check/1'),
  ...{
    domain: text,
    unicode: maybe,
    checkedAt: z.number(),
    verdict: z.enum(verdicts),
    sentence: text,
    why: z.array(text),
  },
  lines: z.array(
    z.looseObject({
      protocol: z.enum(['DANE', 'MTA-STS', 'TLSRPT']),
      state: z.enum(['on', 'partly', 'testing', 'off', 'broken', 'unknown']),
      ...{ since: maybe, until: maybe, reason: text },
    }),
  ),
  senders: z.array(
    z.looseObject({
      ...{ id: z.enum(senderIds), title: text, does: z.enum(['delivers', 'delays', 'returns', 'cannot-tell']), text },
      protection: z.enum(['authenticated', 'host-authenticated', 'encrypted', 'cleartext']).nullable(),
      hosts: z.array(senderHost),
    }),
  ),
  grid: z.array(
    z.looseObject({
      ...{ host: text, preference: z.number() },
      addresses: z.array(
        z.looseObject({
          ...{ address: text, family: z.enum(['IPv4', 'IPv6']), connect: cell, startTls: cell, keys: z.array(key) },
        }),
      ),
    }),
  ),
  findings: z.array(finding),
  operators: z.array(z.looseObject({ part: text, name: text, zone: maybe, isYours: z.boolean() })),
  sections: z.array(z.looseObject({ name: text, state: z.enum(['done', 'left-out']) })),
  leftOut: z.array(text),
})

/** A report out of JSON, or why it is none, in one line. */
export function readReport(value: unknown): { ok: true; value: CheckReport } | { ok: false; fault: string } {
  const other = schemaOf(value)
  if (other !== 'waxseal.check/1') {
    if (other === undefined) return { ok: false, fault: 'it is no result of "waxseal check --json"' }
    return {
      ok: false,
      fault: `its schema is ${JSON.stringify(other.slice(0, 40))}, and this reads waxseal.check/1 alone`,
    }
  }
  const read = reportSchema.safeParse(value)
  if (read.success) return { ok: true, value: read.data as CheckReport } // as the schema has just checked
  const [issue] = read.error.issues
  return {
    ok: false,
    fault: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not as it should be'}`.slice(0, 200),
  }
}

function schemaOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('schema' in value)) return undefined
  return typeof value.schema === 'string' ? value.schema : undefined
}
