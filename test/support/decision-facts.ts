import type { UsableTlsa } from '../../src/core/dane/tlsa.ts'
import type {
  AddressFinding,
  AppliedPolicy,
  Facts,
  HostFacts,
  MxFinding,
  StsFinding,
  TlsaFinding,
} from '../../src/core/decision/facts.ts'
import type { Denial, Evidence, Failure, Security } from '../../src/core/dnssec/resolution.ts'
import { parseStsPolicy } from '../../src/core/mtasts/policy.ts'
import { domain } from './domain.ts'
import { nameOfText } from './records.ts'

export const now = 1_800_000_000_000

const evidence: Evidence = { chain: [], signer: undefined, server: undefined, cached: false, reason: undefined }

/** A lookup that said something, for as long as `ttl` says. */
export function answered(
  status: Security = 'secure',
  { ttl = 3600, kind = 'nodata' }: { ttl?: number; kind?: Denial['kind'] } = {},
): Denial {
  const name = nameOfText('looked-up.example.')
  return { kind, name, type: 1, status, canonicalName: name, aliases: [], ttl, evidence }
}

export function failed(why: Failure['why'] = 'servfail'): Failure {
  return {
    ...{ kind: 'failure', name: nameOfText('looked-up.example.'), type: 1, why, reason: `the lookup: ${why}` },
    ...{ ede: 22, zone: undefined, server: undefined, cached: false, chain: [] },
  }
}

export const leafKey: UsableTlsa = { usage: 3, selector: 1, matchingType: 1, data: new Uint8Array(32) }

/** What rows H1 to H8 look like, of a host whose name is its base domain. */
export function tlsaOf(row: TlsaFinding['row'], name = 'mx.example.org'): TlsaFinding {
  const baseDomain = domain(name)
  switch (row) {
    case 'H5':
      return { row, baseDomain, records: [leafKey], usable: [leafKey], lookups: [answered()] }
    case 'H6':
      return { row, baseDomain, records: [{ ...leafKey, usage: 1 }], lookups: [answered()] }
    case 'H8':
      return { row, reason: 'the lookup: servfail', lookups: [failed()] }
    case 'H7':
      return { row, lookups: [answered()] }
    case 'H1':
    case 'H2':
    case 'H3':
    case 'H4':
      return { row, lookups: [] }
  }
}

export interface HostOptions {
  readonly tlsa?: TlsaFinding['row']
  readonly preference?: number
  readonly addresses?: AddressFinding
}

export function hostOf(name: string, { tlsa = 'H7', preference = 10, addresses = found }: HostOptions = {}): HostFacts {
  return { host: name, preference, addresses, tlsa: tlsaOf(tlsa, name) }
}

const found: AddressFinding = { kind: 'found', addresses: ['192.0.2.1'], lookups: [answered()] }
export const noAddress: AddressFinding = { kind: 'none', lookups: [answered()] }
export const addressFailed: AddressFinding = { kind: 'failed', reason: 'the lookup: servfail', lookups: [failed()] }

export const secureMx: MxFinding = { row: 'M5', resolution: answered(), status: 'secure', expanded: undefined }
export const insecureMx: MxFinding = {
  ...{ row: 'M6', resolution: answered('insecure'), status: 'insecure', expanded: undefined },
}

export function policyOf(mode: 'none' | 'testing' | 'enforce', mx: readonly string[] = []): AppliedPolicy {
  const lines = ['version: STSv1', `mode: ${mode}`, ...mx.map((pattern) => `mx: ${pattern}`), 'max_age: 86400']
  const body = lines.join('\r\n')
  const parsed = parseStsPolicy(body)
  if (!parsed.ok) throw new Error(`not a policy (${parsed.fault}): ${body}`)
  const expiresAt = now + 86_400_000
  return { policy: parsed.value, id: 'id1', body, source: 'cache', fetchedAt: now, expiresAt }
}

/** A policy in force, or with no mode what row S1 looks like. */
export function stsOf(mode?: 'none' | 'testing' | 'enforce', mx: readonly string[] = []): StsFinding {
  const base = { lapsed: false, failure: undefined, record: answered() }
  if (mode === undefined) return { ...base, row: 'S1', policy: undefined, id: undefined }
  return { ...base, row: 'S8', policy: policyOf(mode, mx), id: 'id1' }
}

export interface FactsOptions {
  readonly mx?: MxFinding
  readonly hosts?: readonly HostFacts[]
  readonly sts?: StsFinding | undefined
  readonly nextHop?: Facts['nextHop']
}

/** Mail to example.org, by way of mx.example.org unless told. */
export function factsOf(options: FactsOptions = {}): Facts {
  const { mx = secureMx, hosts = [hostOf('mx.example.org')], nextHop } = options
  const sts = 'sts' in options ? options.sts : stsOf()
  return { nextHop: nextHop ?? { kind: 'domain', domain: domain('example.org') }, mx, hosts, sts }
}
