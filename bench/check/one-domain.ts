import type { SectionName } from '../../src/core/check/check-facts.ts'
import { checkReport } from '../../src/core/check/check-report.ts'
import { parseDomainName } from '../../src/core/name/domain.ts'
import { createPkixTrust } from '../../src/io/https/pkix-trust.ts'
import { createResolver, type ResolverOptions } from '../../src/io/resolver/create-resolver.ts'
import { openStore } from '../../src/io/store/open-store.ts'
import { createCheckWorld } from '../../src/programs/check/check-world.ts'
import { gatherFacts } from '../../src/programs/check/gather.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { anchorsOf, type Engine } from '../decider.ts'
import { slowDown } from './round-trips.ts'

export const roundTripMs = 20

const hosts = [1, 2, 3]
const worldText = `world  A domain with three MX hosts of two addresses
zone   a.example
${hosts
  .map(
    (at) => `zone   a.example MX ${at} mx${at}.a.example
zone   _25._tcp.mx${at}.a.example TLSA 3 1 1 {mx${at}.a.example.spki.sha256}
host   mx${at}.a.example address=192.0.2.${at},2001:db8::${at}`,
  )
  .join('\n')}
policy a.example mode=enforce mx=*.a.example max_age=2592000
zone   _smtp._tls.a.example TXT "v=TLSRPTv1; rua=mailto:reports@a.example"
`

/** Round trips until the first section is shown, and until all is done. */
export interface Trips {
  readonly first: number
  readonly all: number
  readonly sections: readonly (readonly [name: SectionName, trips: number])[]
}

export interface OneDomain {
  readonly engine: Engine
  /** Whether connections to one address have the polite pause between them. */
  readonly isPolite: boolean
}

/** Checks a domain of which nothing is known, not even the root's servers. */
export async function checkOneDomain({ engine, isPolite }: OneDomain): Promise<Trips> {
  const lab = await startLab(worldText)
  const slow = slowDown(lab.network, roundTripMs)
  try {
    return await measure(lab, engine, isPolite ? slow : { ...slow, pause: async () => {} })
  } finally {
    slow.close()
    await lab.close()
  }
}

async function measure(lab: Lab, engine: Engine, { network, now, pause }: ReturnType<typeof slowDown>): Promise<Trips> {
  const begun = lab.clock.now()
  const clock = { now: () => begun + now() }
  const { rootHints, forwarder, ca } = lab
  // Patience is the machine's own time, and that goes on while this process is busy.
  const resolverOptions: ResolverOptions = {
    ...{ engine, network, clock, rootHints, servers: [forwarder], trustAnchors: anchorsOf(lab), patience: 20 },
  }
  const resolver = createResolver(resolverOptions)
  const store = openStore(':memory:')
  const world = createCheckWorld({
    ...{ resolver, resolverOptions, network, clock, trust: createPkixTrust(ca), ca, store, smtpPort: 25 },
    ...{ clientName: 'bench.test', depth: 'quick', pause },
  })
  const domain = parseDomainName('a.example')
  if (!domain.ok) throw new Error('the name is none')
  const sections: [SectionName, number][] = []
  const onSection = (section: SectionName) => void sections.push([section, now() / roundTripMs])
  try {
    const facts = await gatherFacts(domain.value, { signal: AbortSignal.timeout(120_000), onSection }, world)
    const { verdict, leftOut } = checkReport(facts, clock.now())
    if (verdict !== 'protected' || sections.length < 4) throw new Error(`${verdict}: ${leftOut.join(', ')}`)
    return { first: sections[0]?.[1] ?? Number.NaN, all: now() / roundTripMs, sections }
  } finally {
    await world.close()
    await resolver.close()
    await store.close()
  }
}
