import assert from 'node:assert/strict'
import { readDs } from '../../src/core/dns/rdata/records.ts'
import { createPolicy } from '../../src/core/dnssec/policy.ts'
import {
  type AnchorState,
  beginTrustPoint,
  type KeyAnchor,
  numbersOf,
  observeKeys,
  type TrackedAnchor,
  type TrustPoint,
} from '../../src/core/dnssec/trust-point.ts'
import { readZoneKey, type ZoneKey } from '../../src/core/dnssec/zone-key.ts'
import { limits } from '../../src/core/limits.ts'
import { rootName } from '../../src/core/name/name.ts'
import { dnskeyRrset, dsRdata } from './dnssec-vectors.ts'
import { makeKey, now as start, type TestKey } from './sign.ts'

export const day = 86_400
export const hour = 3600
export const policy = createPolicy()

/** The key as its owner publishes it to revoke it. */
export function revoke(key: TestKey): TestKey {
  const rdata = Uint8Array.from(key.rdata)
  rdata[1] = 0x81
  const revoked = readZoneKey(rdata)
  assert.ok(revoked)
  return { ...revoked, sign: key.sign }
}

export const [a, b, c] = [makeKey(15), makeKey(13), makeKey(15)]
export const zoneSigning = makeKey(15, { flags: 256 })
export const asKey = ({ rdata }: ZoneKey): KeyAnchor => ({
  kind: 'dnskey',
  owner: rootName,
  rdata: Uint8Array.from(rdata),
})

export function asDs(key: ZoneKey): KeyAnchor {
  const ds = readDs(dsRdata(rootName, key))
  assert.ok(ds.ok)
  return { kind: 'ds', owner: rootName, ds: ds.value }
}

export function nameOfKey(anchor: KeyAnchor): string {
  const { keyTag } = numbersOf(anchor)
  return [a, b, c].find((key) => key.keyTag === keyTag) === a ? 'a' : keyTag === b.keyTag ? 'b' : 'c'
}

/** `a valid, b missing`. */
export function show({ anchors }: TrustPoint): string {
  return anchors.map(({ anchor, state }) => `${nameOfKey(anchor)} ${state}`).join(', ')
}

export function tracked(key: ZoneKey, state: AnchorState, since = start, holdUntil?: number): TrackedAnchor {
  return { anchor: asKey(key), state, since, holdUntil }
}

export function pointOf(...anchors: TrackedAnchor[]): TrustPoint {
  return { ...beginTrustPoint(rootName, [], start), anchors }
}

export function look(point: TrustPoint, keys: readonly ZoneKey[], by: readonly TestKey[], at = start) {
  return observeKeys(point, dnskeyRrset(rootName, [...keys], [...by]), { now: at, policy })
}

export const held = start + limits.dnssec.anchorHoldDown
export const old = start - limits.dnssec.anchorRemoveHoldDown
