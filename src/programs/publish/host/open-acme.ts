import { ConfigError } from '../../../core/config-error.ts'
import { limits } from '../../../core/limits.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import { type AcmeSource, openAcmeSource } from '../../../io/acme/acme-source.ts'
import { createAddressCheck } from '../../../io/acme/address-check.ts'
import type { IssuingEvent } from '../../../io/acme/issuing-event.ts'
import { createPkixTrust, type PkixTrust } from '../../../io/https/pkix-trust.ts'
import { formatMoment } from '../../cli/durations.ts'
import type { World } from '../../cli/world.ts'
import { readText } from '../../config/read-file.ts'
import { readSecretFile } from '../../config/secret-file.ts'
import type { AcmeConfig } from './acme-config.ts'
import type { HostConfig } from './host-config.ts'
import type { HostEvent, HostLog } from './host-log.ts'

export interface OpenAcmeOptions {
  readonly config: HostConfig
  readonly world: World
  readonly log: HostLog
  /** Whether a name that is not of the configuration may have a certificate. */
  mayIssue(host: DomainName): boolean | Promise<boolean>
}

/** What obtains certificates for a policy host. Throws ConfigError for settings, files or folders that cannot be used. */
export async function openAcme(acme: AcmeConfig, options: OpenAcmeOptions): Promise<AcmeSource> {
  const { config, world, log, mayIssue } = options
  const { resolver, network, clock } = world
  const { contact, agreesToTerms, directory, otherOrigins, profile, keyKind, budget } = acme
  return openAcmeSource({
    ...{
      resolver,
      network,
      clock,
      contact,
      agreesToTerms,
      directory,
      otherOrigins,
      profile,
      keyKind,
      budget,
      mayIssue,
    },
    externalAccount: readExternalAccount(acme),
    ...{ challenges: acme.challenges, folder: acme.folder },
    trust: readRoots(acme.serverRoots),
    roots: readRoots(acme.roots),
    most: config.contextsKept,
    precheck: acme.checksAddresses ? createAddressCheck(resolver, config.addresses) : undefined,
    onEvent: (event) => tell(event, log),
  })
}

function readExternalAccount({ externalAccount }: AcmeConfig) {
  if (externalAccount === undefined) return undefined
  const { keyId, keyFile } = externalAccount
  const text = readSecretFile(keyFile, 'the key of the external account', limits.acmeBudget.externalKeyOctets).trim()
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(text))
    throw new ConfigError(`the key of the external account in "${keyFile}" is no base64url`)
  return { keyId, macKey: Buffer.from(text, 'base64url') }
}

function readRoots(path: string | undefined): PkixTrust {
  if (path === undefined) return createPkixTrust()
  try {
    return createPkixTrust(readText(path, limits.files.caOctets))
  } catch (error) {
    throw new ConfigError(`"${path}": ${error instanceof Error ? error.message : error}`)
  }
}

function tell(event: IssuingEvent, log: HostLog): void {
  const [name, text] = lineOf(event)
  log.event(name, text)
}

/** All texts of events are escaped already. */
function lineOf(event: IssuingEvent): readonly [HostEvent, string] {
  switch (event.kind) {
    case 'issued':
      return [
        'certificate-issued',
        `${event.name}${event.isRenewal ? ' again' : ''}, until ${formatMoment(event.notAfter)}`,
      ]
    case 'failed': {
      const { name, failure, retryAt, notAfter } = event
      const meanwhile = notAfter === undefined ? 'it has none' : `it has one until ${formatMoment(notAfter)}`
      return ['certificate-failed', `${name}: ${failure.reason}; next try ${formatMoment(retryAt)}, and ${meanwhile}`]
    }
    case 'paused':
      return ['acme-paused', `nothing is ordered until ${formatMoment(event.until)}: ${event.failure.reason}`]
    case 'budget-spent':
      return ['acme-budget', `${event.waiting} names wait until ${formatMoment(event.until)}`]
    case 'ended': {
      const why = event.reason === undefined ? '' : `: ${event.reason}`
      return ['certificate-ended', `${event.name} has no certificate any more${why}`]
    }
    case 'damaged':
      return ['certificate-trouble', event.what]
    case 'too-many-names':
      return ['acme-full', `no certificate for ${event.name}: too many names have one already`]
  }
}
