/** How a handshake is signed. RFC 8446 §4.2.3, and for the older ones RFC 5246 §7.4.1.4.1 */
export interface SignatureScheme {
  readonly id: number
  /** As IANA has it; older pairs of hash and algorithm as `rsa_pkcs1_sha224`. */
  readonly name: string
}

const scheme = (id: number, name: string): SignatureScheme => ({ id, name })

/** No weaker than SHA-256. */
export const soundSchemes: readonly SignatureScheme[] = [
  scheme(0x0403, 'ecdsa_secp256r1_sha256'),
  scheme(0x0503, 'ecdsa_secp384r1_sha384'),
  scheme(0x0603, 'ecdsa_secp521r1_sha512'),
  scheme(0x0807, 'ed25519'),
  scheme(0x0808, 'ed448'),
  scheme(0x0804, 'rsa_pss_rsae_sha256'),
  scheme(0x0805, 'rsa_pss_rsae_sha384'),
  scheme(0x0806, 'rsa_pss_rsae_sha512'),
  scheme(0x0809, 'rsa_pss_pss_sha256'),
  scheme(0x080a, 'rsa_pss_pss_sha384'),
  scheme(0x080b, 'rsa_pss_pss_sha512'),
  scheme(0x0401, 'rsa_pkcs1_sha256'),
  scheme(0x0501, 'rsa_pkcs1_sha384'),
  scheme(0x0601, 'rsa_pkcs1_sha512'),
  scheme(0x0402, 'dsa_sha256'),
]

export const sha224Schemes: readonly SignatureScheme[] = [
  scheme(0x0303, 'ecdsa_sha224'),
  scheme(0x0301, 'rsa_pkcs1_sha224'),
  scheme(0x0302, 'dsa_sha224'),
]

/** With SHA-1 or MD5. RFC 9155 §2 */
export const sha1Schemes: readonly SignatureScheme[] = [
  scheme(0x0203, 'ecdsa_sha1'),
  scheme(0x0201, 'rsa_pkcs1_sha1'),
  scheme(0x0202, 'dsa_sha1'),
  scheme(0x0101, 'rsa_pkcs1_md5'),
]

const all = [...soundSchemes, ...sha224Schemes, ...sha1Schemes]

/** The name of any scheme; `0x…` for one that we do not know. */
export function schemeName(id: number): string {
  return all.find((one) => one.id === id)?.name ?? `0x${id.toString(16).padStart(4, '0')}`
}
