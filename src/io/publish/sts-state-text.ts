import * as z from 'zod'
import { limits } from '../../core/limits.ts'
import { formatMxPattern } from '../../core/mtasts/policy.ts'
import { parseDomainName } from '../../core/name/domain.ts'
import { parseMxPattern } from '../../core/publish/mx-patterns.ts'
import { rampStages, wayOutStages } from '../../core/publish/sts-stages.ts'
import type { ServedTerm, StsState } from '../../core/publish/sts-state.ts'
import { accept, type Result, refuse } from '../../core/result.ts'
import { parseVersioned, type VersionedFault } from './versioned-json.ts'

export const stsSchema = 'waxseal.sts/1'

const moment = z.number().int()
const seconds = z.number().int().min(0)

const stateSchema = z.strictObject({
  schema: z.literal(stsSchema),
  domain: z.string(),
  stage: z.enum([...rampStages, ...wayOutStages]).nullable(),
  liveAt: moment.nullable(),
  served: z
    .array(
      z.strictObject({
        ...{ id: z.string().regex(/^[A-Za-z0-9]{1,32}$/), mode: z.enum(['none', 'testing', 'enforce']) },
        ...{ maxAge: seconds.max(limits.sts.maxAge), mx: z.array(z.string()), from: moment, until: moment.nullable() },
      }),
    )
    .max(limits.stsWays.terms),
  adoptedAt: moment.nullable(),
  recordTtl: seconds.max(0xffff_ffff),
  goneAt: moment.nullable(),
})

/** One JSON object, for people to read too; nothing in it is secret. */
export function formatStsState({ domain, stage, liveAt, served, adoptedAt, recordTtl, goneAt }: StsState): string {
  const state: z.input<typeof stateSchema> = {
    ...{ schema: stsSchema, domain, stage: stage ?? null, liveAt: liveAt ?? null },
    served: served.map(({ id, mode, maxAge, mx, from, until }) => ({
      ...{ id, mode, maxAge, mx: mx.map(formatMxPattern), from, until: until ?? null },
    })),
    ...{ adoptedAt: adoptedAt ?? null, recordTtl, goneAt: goneAt ?? null },
  }
  return `${JSON.stringify(state, undefined, 2)}\n`
}

export function parseStsState(text: string): Result<StsState, VersionedFault> {
  const versioned = parseVersioned(text, stsSchema)
  if (!versioned.ok) return versioned
  const read = stateSchema.safeParse(versioned.value)
  if (!read.success) return refuse('damaged')
  const { domain: name, stage, liveAt, served, adoptedAt, recordTtl, goneAt } = read.data
  const domain = parseDomainName(name)
  const terms = served.map(termOf)
  if (!domain.ok || domain.value !== name || terms.includes(undefined)) return refuse('damaged')
  return accept({
    ...{ domain: domain.value, stage: stage ?? undefined, liveAt: liveAt ?? undefined },
    served: terms.filter((term) => term !== undefined),
    ...{ adoptedAt: adoptedAt ?? undefined, recordTtl, goneAt: goneAt ?? undefined },
  })
}

/** Undefined for a policy that nobody can serve. */
function termOf({ mx, until, ...term }: z.output<typeof stateSchema>['served'][number]): ServedTerm | undefined {
  const patterns = mx.map(parseMxPattern)
  const known = patterns.flatMap((pattern) => (pattern.ok ? [pattern.value] : []))
  const isWhole = known.length === mx.length && (term.mode === 'none') === (mx.length === 0)
  return isWhole ? { ...term, mx: known, until: until ?? undefined } : undefined
}
