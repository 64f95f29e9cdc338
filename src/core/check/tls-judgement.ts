import type { TlsVersion } from '../tls/versions.ts'

/** How strong a part of TLS is held to be: `phase-out` is still safe and will not be, `insufficient` is not. */
export type Level = 'good' | 'sufficient' | 'phase-out' | 'insufficient'

/** By whose guidelines TLS is judged. */
export const tlsProfiles = ['rfc9325', 'ncsc-nl'] as const

export type TlsProfileName = (typeof tlsProfiles)[number]

/** Names as IANA has them, the first rule that fits; what fits none is insufficient. */
type Rules = readonly (readonly [names: RegExp, level: Level])[]

export interface TlsJudgement {
  version(version: TlsVersion): Level
  suite(name: string): Level
  group(name: string): Level
  /** Of finite-field Diffie-Hellman: of the group's own name, or undefined for one of the server's making. */
  finiteField(bits: number, name: string | undefined): Level
  /** Of a certificate, by `asymmetricKeyType` and bits or curve as Node has them. */
  key(type: string | undefined, bits: number | undefined, curve: string | undefined): Level
  /** Of a signature on a certificate, by OpenSSL's name of its algorithm. */
  signature(algorithm: string): Level
}

const authenticated = /^TLS_(?:AES_256_GCM_SHA384|CHACHA20_POLY1305_SHA256)$/
const authenticated128 = /^TLS_AES_128_(?:GCM|CCM)_SHA256$/
const ecdheAuthenticated = /^TLS_ECDHE_(?:ECDSA|RSA)_WITH_(?:AES_(?:128|256)_(?:GCM|CCM)|CHACHA20_POLY1305)/
const broken = /NULL|_anon_|EXPORT|RC4|RC2|DES|IDEA|SEED|_MD5$|KRB5|PSK|SRP/

/** RFC 9325 §4.1, §4.2: forward secrecy and authenticated encryption; what lacks either is for those who have nothing else. */
const suitesOfRfc: Rules = [
  [broken, 'insufficient'],
  [authenticated, 'good'],
  [authenticated128, 'good'],
  [ecdheAuthenticated, 'good'],
  [/^TLS_(?:AES_128_CCM_8|ECDHE_.*_WITH_(?:ARIA|CAMELLIA)_.*GCM)/, 'sufficient'],
  [/^TLS_(?:ECDHE|DHE)_/, 'phase-out'],
  [/^TLS_RSA_WITH_/, 'phase-out'],
]

/** The guidelines of the Dutch NCSC, as Internet.nl applies them to mail servers. */
const suitesOfNcsc: Rules = [
  [broken, 'insufficient'],
  [authenticated, 'good'],
  [authenticated128, 'sufficient'],
  [/^TLS_AES_128_CCM_8/, 'insufficient'],
  [/_CCM_8$/, 'insufficient'],
  [ecdheAuthenticated, 'sufficient'],
  [/^TLS_ECDHE_.*_(?:AES|ARIA|CAMELLIA)_.*_(?:SHA256|SHA384)$/, 'phase-out'],
  [/^TLS_DHE_RSA_WITH_.*(?:GCM|CCM|CHACHA20_POLY1305|CBC_SHA256|CBC_SHA384)/, 'phase-out'],
  [/^TLS_(?:ECDHE|DHE)_.*_CBC_SHA$/, 'phase-out'],
]

const hybrid = /MLKEM/
const usual = /^(?:x25519|x448|secp256r1|secp384r1|secp521r1|brainpoolP(?:256|384|512)r1(?:tls13)?)$/

const groupsOfRfc: Rules = [
  [hybrid, 'good'],
  [usual, 'good'],
  [/^ffdhe(?:2048|3072|4096|6144|8192)$/, 'sufficient'],
  [/^(?:secp256k1|sect(?:283|409|571)[kr]1)$/, 'sufficient'],
  [/^(?:secp224[kr]1|sect(?:233|239)[kr]1)$/, 'phase-out'],
]

const groupsOfNcsc: Rules = [
  [hybrid, 'good'],
  [usual, 'sufficient'],
  [/^secp224r1$/, 'phase-out'],
  [/^ffdhe(?:3072|4096|6144|8192)$/, 'phase-out'],
]

function judge(rules: Rules, name: string): Level {
  return rules.find(([names]) => names.test(name))?.[1] ?? 'insufficient'
}

/** RFC 8996 §4, §5 */
function judgeVersion(version: TlsVersion): Level {
  if (version === 'TLSv1.3') return 'good'
  return version === 'TLSv1.2' ? 'sufficient' : 'insufficient'
}

/** Keys on curves of 256 bits and more, or of that strength by design, are enough by everyone's word. RFC 9325 §4.5 */
function judgeCurve(curve: string | undefined): Level {
  if (curve === undefined) return 'sufficient'
  if (/^(?:prime256v1|secp(?:256|384|521)\w*|brainpoolP(?:256|384|512)\w*)$/.test(curve)) return 'sufficient'
  return /224/.test(curve) ? 'phase-out' : 'insufficient'
}

function judgeSignature(algorithm: string): Level {
  if (/md[245]|sha-?1(?!\d)/i.test(algorithm)) return 'insufficient'
  return /sha-?224/i.test(algorithm) ? 'phase-out' : 'sufficient'
}

/** Least bits of an RSA key that is enough, and of one that soon will not be. */
const rsaBits: Record<TlsProfileName, readonly [enough: number, least: number]> = {
  rfc9325: [2048, 2048],
  'ncsc-nl': [3072, 2048],
}

/** The tables of one set of guidelines. */
export function judgementBy(profile: TlsProfileName): TlsJudgement {
  const isRfc = profile === 'rfc9325'
  const [enough, least] = rsaBits[profile]
  return {
    version: judgeVersion,
    suite: (name) => judge(isRfc ? suitesOfRfc : suitesOfNcsc, name),
    group: (name) => judge(isRfc ? groupsOfRfc : groupsOfNcsc, name),
    finiteField(bits, name) {
      if (name !== undefined && /^ffdhe/.test(name)) return judge(isRfc ? groupsOfRfc : groupsOfNcsc, name)
      return isRfc && bits >= 2048 ? 'phase-out' : 'insufficient'
    },
    key(type, bits, curve) {
      if (type === 'ed25519' || type === 'ed448') return 'sufficient'
      if (type === 'ec') return judgeCurve(curve)
      if (type !== 'rsa' && type !== 'rsa-pss') return 'insufficient'
      if (bits === undefined || bits >= enough) return 'sufficient'
      return bits >= least ? 'phase-out' : 'insufficient'
    },
    signature: judgeSignature,
  }
}
