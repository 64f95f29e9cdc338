// Checks domains of one lab, each with a fault of its own: a world for each would cost a second.

import type { AddressProbe, ProbeDepth } from '../../src/core/check/address-probe.ts'
import type { CheckFacts } from '../../src/core/check/check-facts.ts'
import { checkReport } from '../../src/core/check/check-report.ts'
import type { CheckReport } from '../../src/core/check/report.ts'
import { parseTrustAnchors } from '../../src/core/dnssec/anchors.ts'
import { createPkixTrust } from '../../src/io/https/pkix-trust.ts'
import { createResolver, type ResolverOptions } from '../../src/io/resolver/create-resolver.ts'
import { openStore } from '../../src/io/store/open-store.ts'
import type { Store } from '../../src/io/store/store.ts'
import { type CheckWorld, createCheckWorld } from '../../src/programs/check/check-world.ts'
import { gatherFacts } from '../../src/programs/check/gather.ts'
import type { GatherOptions } from '../../src/programs/check/gather-io.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { domain } from './domain.ts'

export interface CheckLab {
  readonly lab: Lab
  readonly store: Store
  readonly world: CheckWorld
  /** What resolvers of the lab are made from. */
  readonly resolverOptions: ResolverOptions
  gather(name: string, options?: Partial<GatherOptions>): Promise<CheckFacts>
  check(name: string, options?: Partial<GatherOptions>): Promise<CheckReport>
  close(): Promise<void>
}

export interface CheckLabOptions {
  readonly depth?: ProbeDepth
  readonly dnsDelayMs?: number
  /** By which waiting for answers is longer than usual; a quarter unless told. */
  readonly patience?: number
  /** In the place of what a host shows. */
  readonly probed?: (probe: AddressProbe) => AddressProbe
}

/** A lab, and what checks domains in it without waiting between connections. */
export async function startCheckLab(text: string, options: CheckLabOptions = {}): Promise<CheckLab> {
  const { depth = 'quick', dnsDelayMs, patience = 0.25, probed = (probe) => probe } = options
  const lab = await startLab(text, dnsDelayMs === undefined ? {} : { dnsDelayMs })
  const { network, clock, rootHints, ca } = lab
  const anchors = parseTrustAnchors(lab.trustAnchors)
  if (!anchors.ok) throw new Error(anchors.fault)
  const resolverOptions: ResolverOptions = {
    engine: 'iterate',
    network,
    clock,
    rootHints,
    trustAnchors: anchors.value,
    patience,
  }
  const resolver = createResolver(resolverOptions)
  const store = openStore(':memory:')
  const made = createCheckWorld({
    ...{ resolver, resolverOptions, network, clock, trust: createPkixTrust(ca), ca, store, smtpPort: 25 },
    ...{ clientName: 'checker.example', depth, pause: async () => {} },
  })
  const world: CheckWorld = { ...made, probe: async (ask) => probed(await made.probe(ask)) }
  const gather: CheckLab['gather'] = (name, more) => {
    return gatherFacts(domain(name), { signal: new AbortController().signal, ...more }, world)
  }
  return {
    ...{ lab, store, world, resolverOptions, gather },
    check: async (name, more) => checkReport(await gather(name, more), clock.now()),
    async close() {
      await world.close()
      await resolver.close()
      await store.close()
      await lab.close()
    },
  }
}

/** Ids of findings, each with its subject. */
export function idsOf({ findings }: CheckReport): string[] {
  return [...new Set(findings.map(({ id }) => id))].sort()
}
