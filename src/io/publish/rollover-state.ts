import * as z from 'zod'
import { parseTlsa } from '../../core/dane/tlsa.ts'
import { limits } from '../../core/limits.ts'
import { parseHostName } from '../../core/name/domain.ts'
import type { Combination } from '../../core/publish/rollover/association.ts'
import { combinationOf, kindOfSpki } from '../../core/publish/rollover/association.ts'
import { combinationsOffered } from '../../core/publish/rollover/follow.ts'
import type { Rollover } from '../../core/publish/rollover/rollover.ts'
import { accept, type Result, refuse } from '../../core/result.ts'
import { parseCertificate } from '../../core/x509/certificate.ts'
import { parseVersioned, type VersionedFault } from './versioned-json.ts'

export const rolloverSchema = 'waxseal.rollover/1'

const record = z.string().refine((text) => parseTlsa(text).ok)
const moment = z.number().int()

const stateSchema = z.strictObject({
  schema: z.literal(rolloverSchema),
  host: z.string(),
  port: z.number().int().min(1).max(65_535),
  combinations: z.array(z.string()).nullable(),
  keys: z
    .array(
      z.strictObject({
        ...{ kind: z.enum(['rsa', 'ecdsa', 'authority']), role: z.enum(['next', 'current', 'old', 'barred']) },
        ...{ since: moment, file: z.string().nullable(), compromised: z.boolean(), der: z.base64() },
      }),
    )
    .max(limits.rollover.keys),
  seen: z
    .array(
      z.strictObject({
        records: z.array(record).nullable(),
        ttl: z.number().int().min(0).max(0xffff_ffff),
        firstAt: moment,
        goneAt: moment.nullable(),
      }),
    )
    .max(limits.rollover.sets),
  lastWrite: z.strictObject({ at: moment, add: z.array(record), remove: z.array(record) }).nullable(),
})

/** One JSON object, for people to read too; what is in it is public but for the paths of files. */
export function formatRollover({ host, port, combinations, keys, history, lastWrite }: Rollover): string {
  const state: z.input<typeof stateSchema> = {
    ...{ schema: rolloverSchema, host, port, combinations: combinations?.map(combinationOf) ?? null },
    keys: keys.map(({ kind, role, since, file, isCompromised, octets }) => ({
      ...{ kind, role, since, file: file ?? null, compromised: isCompromised },
      der: Buffer.from(octets).toString('base64'),
    })),
    seen: history.map(({ records, ttl, firstAt, goneAt }) => ({
      ...{ records: records === undefined ? null : [...records], ttl, firstAt, goneAt: goneAt ?? null },
    })),
    lastWrite:
      lastWrite === undefined ? null : { ...lastWrite, add: [...lastWrite.add], remove: [...lastWrite.remove] },
  }
  return `${JSON.stringify(state, undefined, 2)}\n`
}

export function parseRollover(text: string): Result<Rollover, VersionedFault> {
  const versioned = parseVersioned(text, rolloverSchema)
  if (!versioned.ok) return versioned
  const read = stateSchema.safeParse(versioned.value)
  return read.success ? fromState(read.data) : refuse('damaged')
}

function fromState(state: z.output<typeof stateSchema>): Result<Rollover, VersionedFault> {
  const host = parseHostName(state.host)
  const keys = state.keys.map(({ kind, role, since, file, compromised, der }) => ({
    ...{ kind, role, since, file: file ?? undefined, isCompromised: compromised, octets: octetsOf(der) },
  }))
  const areKeys = keys.every(({ kind, octets }) => {
    return kind === 'authority' ? parseCertificate(octets) !== undefined : kindOfSpki(octets) === kind
  })
  const combinations = state.combinations?.map(parseCombination)
  if (!host.ok || !areKeys || combinations?.includes(undefined) === true) return refuse('damaged')
  const history = state.seen.map(({ records, ttl, firstAt, goneAt }) => ({
    ...{ records: records ?? undefined, ttl, firstAt, goneAt: goneAt ?? undefined },
  }))
  return accept({
    ...{ host: host.value, port: state.port, keys, history, lastWrite: state.lastWrite ?? undefined },
    combinations: combinations?.filter((one) => one !== undefined),
  })
}

function octetsOf(base64: string): Uint8Array {
  return Buffer.from(base64, 'base64')
}

/** `3 1 1`, or with other signs between; undefined for what is not offered. */
export function parseCombination(text: string): Combination | undefined {
  const plain = text
    .trim()
    .split(/[\s,]+/)
    .join(' ')
  return combinationsOffered.find((one) => combinationOf(one) === plain)
}
