import { createHash, createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto'
import type { AcmeUrl } from './urls.ts'

/** The public half of an account's key. RFC 7517 §4, RFC 7518 §6.2.1 */
export interface PublicJwk {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
}

/** The key that an account is known by. */
export interface AccountKey {
  readonly key: KeyObject
  readonly jwk: PublicJwk
  readonly thumbprint: string
}

/** The account key that a private key is; undefined unless it is one of P-256, which is what ES256 takes. */
export function accountKeyOf(key: KeyObject): AccountKey | undefined {
  if (key.type !== 'private' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined
  const { x, y } = createPublicKey(key).export({ format: 'jwk' })
  if (x === undefined || y === undefined) return undefined
  const jwk = { kty: 'EC', crv: 'P-256', x, y } as const
  return { key, jwk, thumbprint: thumbprintOf(jwk) }
}

/** Members in the order of their names, and no white space. RFC 7638 §3 */
function thumbprintOf({ crv, kty, x, y }: PublicJwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
}

/** What shows at a name that the account asked for its certificate. RFC 8555 §8.1 */
export function keyAuthorization(token: string, { thumbprint }: AccountKey): string {
  return `${token}.${thumbprint}`
}

export interface RequestToSign {
  readonly url: AcmeUrl
  readonly nonce: string
  /** The account; undefined for the request that makes one, which carries the key itself. */
  readonly account: AcmeUrl | undefined
  /** Undefined fetches what is at the URL: POST-as-GET. RFC 8555 §6.3 */
  readonly payload: object | undefined
}

/** The body of a request: a JWS in flattened form, its algorithm ES256. RFC 8555 §6.2, RFC 7515 §7.2.2 */
export function signRequest({ key, jwk }: AccountKey, { url, nonce, account, payload }: RequestToSign): string {
  const header = { alg: 'ES256', ...(account === undefined ? { jwk } : { kid: account }), nonce, url }
  const input = { protected: encode(header), payload: payload === undefined ? '' : encode(payload) }
  // Two numbers side by side, not a sequence of DER. RFC 7518 §3.4
  const signature = sign('sha256', signingInput(input), { key, dsaEncoding: 'ieee-p1363' })
  return JSON.stringify({ ...input, signature: signature.toString('base64url') })
}

/** What an authority gave its customer, to tell whose a new account is. RFC 8555 §7.3.4 */
export interface ExternalAccount {
  readonly keyId: string
  readonly macKey: Uint8Array
}

/** The member `externalAccountBinding` of the request for a new account. RFC 8555 §7.3.4 */
export function bindExternalAccount({ jwk }: AccountKey, { keyId, macKey }: ExternalAccount, url: AcmeUrl): object {
  const input = { protected: encode({ alg: 'HS256', kid: keyId, url }), payload: encode(jwk) }
  const signature = createHmac('sha256', macKey).update(signingInput(input)).digest('base64url')
  return { ...input, signature }
}

function signingInput(input: { readonly protected: string; readonly payload: string }): Buffer {
  return Buffer.from(`${input.protected}.${input.payload}`)
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
