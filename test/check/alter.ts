// Ways to alter facts of a domain with which nothing is wrong.
import assert from 'node:assert/strict'
import type { AddressProbe, Talk } from '../../src/core/check/address-probe.ts'
import type { CheckFacts, PolicyLook, ServerSays, StsSide } from '../../src/core/check/check-facts.ts'
import type { Denial, Failure, Resolution } from '../../src/core/dnssec/resolution.ts'
import { parseStsPolicy } from '../../src/core/mtasts/policy.ts'

export type Alter = (facts: CheckFacts, now: number) => CheckFacts

export function withSts(change: (sts: StsSide) => Partial<StsSide>): Alter {
  return (whole1) => (whole1.sts === undefined ? whole1 : { ...whole1, sts: { ...whole1.sts, ...change(whole1.sts) } })
}

export function withLook(change: Partial<PolicyLook>, as: PolicyLook['as'] = 'nobody'): Alter {
  return withSts(({ fetches }) => ({
    fetches: fetches.map((look) => (look.as === as ? { ...look, ...change } : look)),
  }))
}

export function failing(fault: Extract<PolicyLook['outcome'], { kind: 'failed' }>['fault']): Partial<PolicyLook> {
  return { outcome: { kind: 'failed', fault, reason: 'as the test has it' }, certificate: undefined }
}

/** Alters what an address shows: all of them, or those of one family. */
export function withProbes(change: (probe: AddressProbe) => AddressProbe['outcome']): Alter {
  return ({ hosts = [], ...rest }) => ({
    ...rest,
    hosts: hosts.map((host) => ({
      ...host,
      probes: host.probes.map((probe) => ({ ...probe, outcome: change(probe) })),
    })),
  })
}

export function withTalk(change: (talk: Talk) => Partial<Talk>): Alter {
  return withProbes(({ outcome }) => (outcome.kind === 'talked' ? { ...outcome, ...change(outcome) } : outcome))
}

export const isSix = ({ address }: AddressProbe) => address.includes(':')
export const notConnected = (why: Extract<AddressProbe['outcome'], { kind: 'not-connected' }>['why']) =>
  ({ kind: 'not-connected', why }) as const

export function withServers(topic: string, change: (says: ServerSays) => readonly Partial<ServerSays>[]): Alter {
  return ({ servers = [], ...rest }) => ({
    ...rest,
    servers: servers.map((one) =>
      one.topic !== topic
        ? one
        : {
            ...one,
            servers: one.servers.flatMap((says) => [
              says,
              ...change(says).map((other) => ({ ...says, server: 'ns2.a.example', address: '192.0.2.99', ...other })),
            ]),
          },
    ),
  })
}

export function failureFor({ name, type }: Resolution, why: Failure['why']): Failure {
  return {
    kind: 'failure',
    name,
    type,
    why,
    reason: `the lookup: ${why}`,
    ede: 0,
    zone: undefined,
    server: undefined,
    cached: false,
    chain: [],
  }
}

export function denialFor({ name, type }: Resolution): Denial {
  const evidence = { chain: [], signer: undefined, server: undefined, cached: false, reason: undefined }
  return { kind: 'nxdomain', name, type, status: 'secure', canonicalName: name, aliases: [], ttl: 60, evidence }
}

export function withHostLookups(change: (lookup: Resolution) => Resolution): Alter {
  return ({ mail, ...rest }) => ({
    ...rest,
    mail: mail && {
      ...mail,
      hosts: mail.hosts.map((host) => ({ ...host, tlsa: { ...host.tlsa, lookups: host.tlsa.lookups.map(change) } })),
    },
  })
}

export const remembered: (mx: string, id?: string) => Alter = (mx, id) => (whole1, now) => {
  const body = `version: STSv1\nmode: enforce\nmx: ${mx}\nmax_age: 604800\n`
  const policy = parseStsPolicy(body)
  assert.ok(policy.ok)
  const current = whole1.mail?.sts?.id ?? ''
  const kept = {
    policy: policy.value,
    id: id ?? current,
    body,
    source: 'cache',
    fetchedAt: now - 86_400_000,
    expiresAt: now + 518_400_000,
  } as const
  return withSts(() => ({ remembered: kept }))(whole1, now)
}

export const served = (body: string): Partial<PolicyLook> => ({ outcome: { kind: 'fetched', body: Buffer.from(body) } })

/** Some other certificate. */
export function stranger({ sts }: CheckFacts): Uint8Array {
  return sts?.fetches[0]?.certificate ?? assert.fail('no certificate of the policy host')
}

export function reply(code: number, line: string) {
  return { code, lines: [line], enhanced: undefined }
}

export const failedKey = { kind: 'failed', failure: { fault: 'protocol', reason: 'alert 40', alert: 40 } } as const
export const slowKey = { kind: 'failed', failure: { fault: 'timeout', reason: 'timeout', alert: undefined } } as const

export function parameters({ parameters: known }: Talk): NonNullable<Talk['parameters']> {
  const untold = { kind: 'untold', why: 'not-asked' } as const
  return (
    known ?? {
      ...{ versions: [], suites: [], order: untold, groups: { tls13: untold, older: untold }, finiteField: untold },
      ...{ exchangeSignature: untold, compression: untold, secureRenegotiation: untold, clientRenegotiation: untold },
      ...{ earlyData: untold, extendedMasterSecret: untold, encryptThenMac: untold, commandInjection: untold },
    }
  )
}
