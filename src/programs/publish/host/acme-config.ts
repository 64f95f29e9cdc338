import { join } from 'node:path'
import type { ChallengeType } from '../../../core/acme/authorization.ts'
import type { IssuanceBudget } from '../../../core/acme/issuance-budget.ts'
import { limits } from '../../../core/limits.ts'
import type { KeyKind } from '../../../io/acme/keys.ts'
import type { HostTable } from './host-schema.ts'

/** How a policy host obtains certificates itself. RFC 8555 */
export interface AcmeConfig {
  /** Where all that it brings is kept. */
  readonly folder: string
  readonly directory: string
  readonly contact: readonly string[]
  readonly agreesToTerms: boolean
  /** RFC 8555 §7.3.4 */
  readonly externalAccount: { readonly keyId: string; readonly keyFile: string } | undefined
  readonly profile: string | undefined
  readonly keyKind: KeyKind
  readonly challenges: readonly ChallengeType[]
  readonly budget: IssuanceBudget
  /** Whether a name must lead to the host's own addresses before it is ordered for. */
  readonly checksAddresses: boolean
  /** Files with authorities: of the ACME server, and of what it issues; those that Node carries where undefined. */
  readonly serverRoots: string | undefined
  readonly roots: string | undefined
  readonly otherOrigins: readonly string[]
}

interface Reader {
  refuse(where: readonly string[], why: string): never
  file(path: string | undefined): string | undefined
}

type AcmeTable = NonNullable<HostTable['acme']>

const usualChallenges: readonly ChallengeType[] = ['http-01', 'tls-alpn-01']

/** Reads what texts and numbers of the table mean, and looks for what it needs of the rest. */
export function readAcmeConfig(
  table: AcmeTable,
  { state, http, addresses }: Pick<HostTable, 'state' | 'http' | 'addresses'>,
  { refuse, file }: Reader,
): AcmeConfig {
  const of = (key: string) => ['acme', key]
  const { directory } = table
  if (!isHttps(directory)) refuse(of('directory'), 'it must be an https URL')
  const contact = list(table.contact)
  const wrong = contact.find((one) => !/^mailto:[^\s,?@]+@[^\s,?@]+$/.test(one))
  if (wrong !== undefined) refuse(of('contact'), `${JSON.stringify(wrong)} is no mailto: URL of one address`)
  const { key = 'p256', challenges: given } = table
  if (key !== 'p256' && key !== 'rsa') refuse(of('key'), 'it is neither "p256" nor "rsa"')
  const challenges = given === undefined ? usualChallenges : list(given)
  const unknown = challenges.find((one) => one !== 'http-01' && one !== 'tls-alpn-01')
  if (unknown !== undefined || challenges.length === 0)
    refuse(of('challenges'), 'it lists "http-01", "tls-alpn-01" or both, the preferred one first')
  const folder = file(state)
  if (folder === undefined) return refuse(['acme'], 'it needs "state", where it keeps what it obtains')
  // Where nobody listens on port 80, the other way is the only one.
  const ways = list(http).length > 0 ? challenges : challenges.filter((one) => one !== 'http-01')
  if (ways.length === 0) refuse(of('challenges'), 'http-01 needs "http", where it is answered')
  if (table['check-addresses'] === true && list(addresses).length === 0)
    refuse(of('check-addresses'), 'it needs "addresses", which are to be found')
  const keyId = table['external-account']
  const keyFile = file(table['external-account-key'])
  if ((keyId === undefined) !== (keyFile === undefined))
    refuse(of('external-account'), 'it needs external-account-key, and the other way round')
  const origins = list(table['other-servers'])
  if (origins.some((one) => !isHttps(one))) refuse(of('other-servers'), 'each must be an https URL')
  const number = (name: 'per-hour' | 'per-day' | 'per-week' | 'at-once', usual: number, most: number) => {
    const value = table[name] ?? usual
    if (!Number.isInteger(value) || value < 1 || value > most) refuse(of(name), `it must be from 1 to ${most}`)
    return value
  }
  const { perHour, perDay, perWeek, atOnce, ordersMost, atOnceMost } = limits.acmeBudget
  return {
    folder: join(folder, 'acme'),
    directory,
    contact,
    agreesToTerms: table['agree-terms'] === true,
    externalAccount: keyId === undefined || keyFile === undefined ? undefined : { keyId, keyFile },
    profile: table.profile,
    keyKind: key === 'rsa' ? 'rsa' : 'p256',
    challenges: ways.map((one) => (one === 'http-01' ? 'http-01' : 'tls-alpn-01')),
    budget: {
      perHour: number('per-hour', perHour, ordersMost),
      perDay: number('per-day', perDay, ordersMost),
      perWeek: number('per-week', perWeek, ordersMost),
      atOnce: number('at-once', atOnce, atOnceMost),
    },
    checksAddresses: table['check-addresses'] === true,
    serverRoots: file(table['server-ca-file']),
    roots: file(table['certificate-ca-file']),
    otherOrigins: origins,
  }
}

function isHttps(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === 'https:'
}

function list(given: string | readonly string[] | undefined): readonly string[] {
  return given === undefined ? [] : typeof given === 'string' ? [given] : given
}
