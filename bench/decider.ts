import { ConfigError } from '../src/core/config-error.ts'
import { decide } from '../src/core/decision/decide.ts'
import type { DomainDecision } from '../src/core/decision/decision.ts'
import { parseTrustAnchors, type TrustAnchor } from '../src/core/dnssec/anchors.ts'
import { type DomainName, parseDomainName } from '../src/core/name/domain.ts'
import type { Clock } from '../src/io/clock.ts'
import { examine } from '../src/io/examine/examine.ts'
import { createPkixTrust } from '../src/io/https/pkix-trust.ts'
import { createStsService } from '../src/io/mtasts/sts-service.ts'
import { createResolver } from '../src/io/resolver/create-resolver.ts'
import type { Resolver } from '../src/io/resolver/resolver.ts'
import { openStore } from '../src/io/store/open-store.ts'
import type { Lab } from '../src/programs/lab/lab.ts'
import { expectShortLives } from '../src/programs/short-lives.ts'

expectShortLives()

export type Engine = 'iterate' | 'forward'

/** Decides about mail to domains of a lab, and remembers what it learnt as a daemon does. */
export interface Decider {
  decide(domain: string): Promise<DomainDecision>
  close(): Promise<void>
}

export function createDecider(lab: Lab, engine: Engine): Decider {
  const { network, clock, rootHints, forwarder } = lab
  const trustAnchors = anchorsOf(lab)
  return decideWith(createResolver({ engine, network, clock, rootHints, servers: [forwarder], trustAnchors }), lab)
}

/** As `createDecider` does, with another resolver. */
export function decideWith(
  resolver: Resolver,
  { network, clock, ca }: Pick<Lab, 'network' | 'ca'> & { readonly clock: Clock },
): Decider {
  const store = openStore(':memory:')
  const sts = createStsService({ resolver, network, store, clock, trust: createPkixTrust(ca) })
  return {
    async decide(text) {
      const facts = await examine({ kind: 'domain', domain: readDomain(text) }, { resolver, sts, smtpPort: 25 })
      return decide(facts, { now: clock.now() })
    },
    async close() {
      await sts.close()
      await resolver.close()
      await store.close()
    },
  }
}

export function anchorsOf(lab: Pick<Lab, 'trustAnchors'>): readonly TrustAnchor[] {
  const anchors = parseTrustAnchors(lab.trustAnchors)
  if (!anchors.ok) throw new ConfigError(`the lab's own trust anchors: ${anchors.fault}`)
  return anchors.value
}

function readDomain(text: string): DomainName {
  const domain = parseDomainName(text)
  if (!domain.ok) throw new ConfigError(`no domain name: ${text} (${domain.fault})`)
  return domain.value
}

/** Fails the bench when a decision is not what was to be measured. */
export function expectTls(domain: string, { hosts, text }: DomainDecision, tls: string): void {
  const [host] = hosts
  const got = host?.action === 'connect' ? host.tls : (host?.text ?? text)
  if (got !== tls) throw new Error(`${domain}: expected ${tls}, got ${got}`)
}
