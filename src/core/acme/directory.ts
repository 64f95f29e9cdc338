import { limits } from '../limits.ts'
import { accept, type Result, refuse } from '../result.ts'
import { isObject, type JsonObject, memberOf, parseJsonObject, textOf } from './json.ts'
import { type AcmeOrigins, type AcmeUrl, readAcmeUrl } from './urls.ts'

/** Where an authority takes what kind of request, and what it asks of its clients. RFC 8555 §7.1.1 */
export interface Directory {
  readonly newNonce: AcmeUrl
  readonly newAccount: AcmeUrl
  readonly newOrder: AcmeUrl
  /** Of authorities that say when to renew. RFC 9773 §3 */
  readonly renewalInfo: AcmeUrl | undefined
  /** As it was sent: it is shown, never asked. */
  readonly termsOfService: string | undefined
  readonly externalAccountRequired: boolean
  /** Names of the kinds of certificate that may be asked for; none where the authority has but one. */
  readonly profiles: readonly string[]
}

export type DirectoryFault = 'json' | 'newNonce' | 'newAccount' | 'newOrder' | 'renewalInfo' | 'meta'

export function parseDirectory(body: Uint8Array, origins: AcmeOrigins): Result<Directory, DirectoryFault> {
  const object = parseJsonObject(body)
  if (object === undefined) return refuse('json')
  const url = (name: string) => readAcmeUrl(memberOf(object, name), origins)
  const newNonce = url('newNonce')
  if (newNonce === undefined) return refuse('newNonce')
  const newAccount = url('newAccount')
  if (newAccount === undefined) return refuse('newAccount')
  const newOrder = url('newOrder')
  if (newOrder === undefined) return refuse('newOrder')
  const renewalInfo = url('renewalInfo')
  if (renewalInfo === undefined && memberOf(object, 'renewalInfo') !== undefined) return refuse('renewalInfo')
  const meta = readMeta(memberOf(object, 'meta') ?? {})
  if (meta === undefined) return refuse('meta')
  return accept({ newNonce, newAccount, newOrder, renewalInfo, ...meta })
}

type Meta = Pick<Directory, 'termsOfService' | 'externalAccountRequired' | 'profiles'>

function readMeta(meta: unknown): Meta | undefined {
  if (!isObject(meta)) return undefined
  const required = memberOf(meta, 'externalAccountRequired') ?? false
  const profiles = memberOf(meta, 'profiles') ?? {}
  if (typeof required !== 'boolean' || !isObject(profiles)) return undefined
  return {
    termsOfService: textOf(meta, 'termsOfService'),
    externalAccountRequired: required,
    profiles: namesOf(profiles),
  }
}

function namesOf(profiles: JsonObject): readonly string[] {
  return Object.keys(profiles).slice(0, limits.acme.profiles)
}
