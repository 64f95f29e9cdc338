import { limits } from '../limits.ts'

/** A URL that the client may ask: https, and of an origin that the operator named. Only `readAcmeUrl` makes one. */
export type AcmeUrl = string & { readonly brand: 'AcmeUrl' }

/** Scheme, host and port of each server that the operator named, as `https://acme.example`. */
export type AcmeOrigins = ReadonlySet<string>

/**
 * A URL of a document or a header; undefined for what the client may not ask.
 *
 * RFC 8555 §7.1 lets an authority name any URL, of other servers too; none does, and we go to no server that our operator
 * did not name: whoever speaks for the authority could have us sign for, or knock at, any other.
 */
export function readAcmeUrl(value: unknown, origins: AcmeOrigins, base?: AcmeUrl): AcmeUrl | undefined {
  if (typeof value !== 'string' || value.length > limits.acme.urlCharacters || !/^[!-~]+$/.test(value)) return undefined
  const url = URL.parse(value, base)
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '' || url.hash !== '') return undefined
  if (!origins.has(url.origin) || url.href.length > limits.acme.urlCharacters) return undefined
  return url.href as AcmeUrl
}
