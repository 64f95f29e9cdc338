import { randomBytes } from 'node:crypto'
import type { AddressProbe } from '../../core/check/address-probe.ts'
import type { CheckFacts } from '../../core/check/check-facts.ts'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { createCheckWorld } from '../check/check-world.ts'
import { gatherFacts } from '../check/gather.ts'
import type { GatherIo, GatherOptions, ProbeAsk } from '../check/gather-io.ts'
import { readClientName } from '../cli/client-name.ts'
import type { World } from '../cli/world.ts'
import { createRates } from '../daemon/http/rates.ts'
import { packageVersion } from '../daemon/version.ts'
import { type Checks, createChecks } from './checks.ts'
import { createHelp } from './help.ts'
import { type OptOut, readOptOut } from './opt-out.ts'
import { politeNetwork } from './polite-network.ts'
import type { Site } from './routes.ts'

/** The page with what it checks by, for one configuration. */
export interface OpenSite {
  readonly site: Site
  readonly checks: Checks
  /** Forgets reports that are too old, or of who is on the list now. */
  tidy(): Promise<void>
  /** Gives up checks under way; the world is whose it was. */
  close(): Promise<void>
}

/** Throws ConfigError for what the operator must mend. */
export function openSite(world: World, onError: (error: unknown) => void): OpenSite {
  const { settings, clock, store, smtpPort } = world
  if (settings['allow-private'] && !settings['web-allow-private'])
    throw new ConfigError(
      'web: with allow-private, visitors could have private addresses connected to: set web-allow-private if they may',
    )
  const optOut = readOptOut(settings['web-opt-out'])
  const clientName = readClientName(settings['web-helo'])
  const network = politeNetwork(world.network, () => clock.now(), optOut)
  const { resolver, resolverOptions, trust, authorities: ca } = world
  const checking = createCheckWorld({
    ...{ resolver, resolverOptions, network, clock, trust, ca, store, smtpPort, clientName, depth: 'quick' },
  })
  const checks = createChecks({
    ...{ clock, reports: store.reports, onError },
    newId: () => randomBytes(16).toString('base64url'),
    gather: (domain, options) => gatherLeavingAlone(domain, options, { checking, optOut }),
  })
  const { checksBurst: burst, checkEveryMs, clients } = limits.web
  const checkRates = createRates(() => clock.now(), { burst, requestsPerSecond: 1000 / checkEveryMs, clients })
  const site: Site = {
    ...{ checks, optOut, help: createHelp(), takeCheck: checkRates.take },
    url: settings['web-url'],
    about: { clientName, contact: settings['web-contact'], version: packageVersion() },
  }
  return {
    ...{ site, checks },
    tidy: () => checks.tidy(optOut.domain),
    async close() {
      await checks.close()
      await checking.close()
    },
  }
}

/** Hosts of who does not want it are not connected to, and it is said that they were not. */
async function gatherLeavingAlone(
  domain: DomainName,
  options: GatherOptions,
  { checking, optOut }: { readonly checking: GatherIo; readonly optOut: OptOut },
): Promise<CheckFacts> {
  const leftAlone = new Set<string>()
  const probe = async (ask: ProbeAsk): Promise<AddressProbe> => {
    const { host, address, serverName } = ask
    if (!optOut.host(host) && !optOut.address(address)) return checking.probe(ask)
    leftAlone.add(host)
    const at = checking.clock.now()
    const about = { host, address, port: checking.smtpPort, serverName, depth: 'quick', begun: at, ended: at } as const
    return { ...about, outcome: { kind: 'given-up' }, sessions: [] }
  }
  const facts = await gatherFacts(domain, options, { ...checking, probe })
  const leftOut = [...leftAlone].map((host) => `${host}, whose owner asked to be left alone`)
  return { ...facts, leftOut: [...facts.leftOut, ...leftOut] }
}
