import { writeDs } from '../dns/rdata/write.ts'
import { CLASS, TYPE } from '../dns/types.ts'
import { formatRecord } from '../dns/zone-text.ts'
import { formatName, parseName } from '../name/text.ts'
import { parseTrustAnchors } from './anchors.ts'
import type { AnchorState, KeyAnchor, TrackedAnchor, TrustPoint } from './trust-point.ts'

/** A trust point as text, to be kept: JSON, with the anchors as records of zone text. */
export function formatTrustPoint({ owner, anchors, observedAt, askAt, retryAfter }: TrustPoint): string {
  return JSON.stringify({
    owner: formatName(owner),
    anchors: anchors.map(({ anchor, state, since, holdUntil }) => ({
      ...{ record: recordOf(anchor), state, since },
      ...(holdUntil !== undefined && { holdUntil }),
    })),
    ...{ observedAt: observedAt ?? null, askAt, retryAfter },
  })
}

function recordOf(anchor: KeyAnchor): string {
  const rdata = anchor.kind === 'ds' ? writeDs(anchor.ds) : anchor.rdata
  const type = anchor.kind === 'ds' ? TYPE.DS : TYPE.DNSKEY
  return formatRecord({ name: anchor.owner, type, class: CLASS.IN, ttl: 0, rdata })
}

/** Undefined for a text that is not one of ours; whoever reads it then begins anew. */
export function parseTrustPoint(text: string): TrustPoint | undefined {
  const read = parseJson(text)
  if (!isRecord(read) || typeof read.owner !== 'string' || !Array.isArray(read.anchors)) return undefined
  const owner = parseName(read.owner)
  const anchors = read.anchors.map(readTracked)
  const { observedAt, askAt, retryAfter } = read
  if (!owner.ok || !isSeconds(askAt) || !isSeconds(retryAfter)) return undefined
  if (observedAt !== null && !isSeconds(observedAt)) return undefined
  if (anchors.length === 0 || !anchors.every((one) => one?.anchor.owner.key === owner.value.key)) return undefined
  const known = anchors.flatMap((one) => one ?? [])
  return { owner: owner.value, anchors: known, observedAt: observedAt ?? undefined, askAt, retryAfter }
}

const states: ReadonlySet<unknown> = new Set<AnchorState>(['add-pend', 'valid', 'missing', 'revoked', 'removed'])

function isState(value: unknown): value is AnchorState {
  return states.has(value)
}

function readTracked(value: unknown): TrackedAnchor | undefined {
  if (!isRecord(value) || typeof value.record !== 'string' || !isState(value.state)) return undefined
  const { state, since, holdUntil } = value
  // A key that waits must have an end to that, or it would be trusted at once.
  if (!isSeconds(since) || (state === 'add-pend') !== isSeconds(holdUntil)) return undefined
  const anchors = parseTrustAnchors(value.record)
  const [anchor, ...more] = anchors.ok ? anchors.value : []
  if (anchor === undefined || anchor.kind === 'none' || more.length > 0) return undefined
  return { anchor, state, since, holdUntil: isSeconds(holdUntil) ? holdUntil : undefined }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value)
}
