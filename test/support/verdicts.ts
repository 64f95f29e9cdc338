import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide } from '../../src/core/decision/decide.ts'
import { type ConnectDecision, type DecisionOptions, defaultOptions } from '../../src/core/decision/decision.ts'
import type { FoundHosts } from '../../src/core/decision/facts.ts'
import {
  type DaneMatch,
  judgeSession,
  type PeerFault,
  type SessionFinding,
  type Verdict,
} from '../../src/core/decision/judge.ts'
import { factsOf, hostOf, insecureMx, now, secureMx, stsOf } from './decision-facts.ts'

const mx = 'mx.example.org'
export const listed = [mx]
export const other = ['other.example.org']

/** What is known of the one host, and wished for. */
export interface Case extends Partial<DecisionOptions> {
  readonly dane?: 'OK' | 'UNUSABLE' | 'NONE' | 'ERR'
  readonly mx?: FoundHosts
  readonly sts?: readonly ['testing' | 'enforce' | 'none', readonly string[]]
  readonly requireTls?: boolean
  readonly waived?: boolean
}

const daneRows = { OK: 'H5', UNUSABLE: 'H6', NONE: 'H7', ERR: 'H8' } as const

export function connectTo({
  dane = 'NONE',
  mx: records = secureMx as FoundHosts,
  sts,
  ...wish
}: Case): ConnectDecision {
  const { requireTls = false, waived = false, ...options } = wish
  const hosts = [hostOf(mx, { tlsa: daneRows[dane] })]
  const facts = factsOf({ mx: records, hosts, sts: sts === undefined ? stsOf() : stsOf(...sts) })
  const wishes = { options: { ...defaultOptions, ...options }, demand: { requireTls, waived } }
  const [host] = decide(facts, { now, ...wishes }).hosts
  assert.ok(host?.action === 'connect', `skipped before a session: ${host?.text}`)
  return host
}

export const insecure = insecureMx as FoundHosts
export const notOffered: SessionFinding = { kind: 'no-starttls', reason: 'starttls-not-offered' }
export const handshake: SessionFinding = { kind: 'no-handshake', reason: 'alert-40' }
export const untrusted: PeerFault = { resultType: 'certificate-not-trusted', reason: 'SELF_SIGNED_CERT_IN_CHAIN' }
export const expired: PeerFault = { resultType: 'certificate-expired', reason: 'CERT_HAS_EXPIRED' }
export const misnamed: PeerFault = { resultType: 'certificate-host-mismatch', reason: 'not of this host' }

/** TLS is up; DANE does not match unless told, and PKIX holds unless told. */
export function up(dane?: DaneMatch, pkixFault?: PeerFault): SessionFinding {
  return { kind: 'tls', peer: { dane, pkixFault } }
}

export const matched: DaneMatch = { kind: 'matched' }

export function differs(row: '4' | '5' | '6' | '7', resultType: PeerFault['resultType'], reason: string): DaneMatch {
  return { kind: 'failed', row, fault: { resultType, reason } }
}

/** `policy-type`, `S+` or result type, and reason. */
export type Report = string

export function reportsOf({ reports }: Verdict): Report[] {
  return reports.map(({ policyType, resultType, reason }) =>
    resultType === undefined ? `${policyType} S+` : `${policyType} ${resultType}${reason ? ` (${reason})` : ''}`,
  )
}

export type Outcome = readonly [row: string, action: string, protection: string, cause: string, ...reports: Report[]]

export const noMatch = 'tlsa validation-failure (dane-no-match)'
export const invalid = 'tlsa tlsa-invalid (all-records-unusable)'
export const unlisted = 'sts validation-failure (sts-mx-mismatch)'
export const stsExpired = 'sts certificate-expired (CERT_HAS_EXPIRED)'
export const leafDiffers = differs('4', 'validation-failure', 'dane-no-match')

export type Row = [name: string, host: Case, found: SessionFinding, outcome: Outcome]

/** Makes a test of each row. */
export function testVerdicts(rows: readonly Row[]): void {
  for (const [name, host, found, outcome] of rows) {
    test(name, () => {
      const verdict = judgeSession(connectTo(host), found)
      const { row, action, protection, cause } = verdict
      assert.deepEqual([row, action, protection, cause, ...reportsOf(verdict)], outcome)
    })
  }
}
