/** A cipher suite, and what its name says of it. */
export interface CipherSuite {
  readonly id: number
  /** As IANA has it. */
  readonly name: string
  /** `RSA` and `ECDH` are static: without forward secrecy. `any`: TLS 1.3, where groups and schemes decide. */
  readonly keyExchange: 'any' | 'ECDHE' | 'DHE' | 'ECDH' | 'RSA' | 'DH'
  readonly authentication: 'any' | 'RSA' | 'ECDSA' | 'DSS' | 'none'
  /** Such as `AES_128_GCM`. */
  readonly cipher: string
  readonly isAead: boolean
  /** Bits that its cipher is said to be worth. */
  readonly strength: number
}

/** By key exchange and authentication, `id:cipher` of each suite; TLS 1.3's have neither. */
const table: Readonly<Record<string, string>> = {
  RSA: `
    0001:NULL_MD5 0002:NULL_SHA 0004:RC4_128_MD5 0005:RC4_128_SHA 0007:IDEA_CBC_SHA 0009:DES_CBC_SHA
    000a:3DES_EDE_CBC_SHA 002f:AES_128_CBC_SHA 0035:AES_256_CBC_SHA 003b:NULL_SHA256
    003c:AES_128_CBC_SHA256 003d:AES_256_CBC_SHA256 0041:CAMELLIA_128_CBC_SHA 0084:CAMELLIA_256_CBC_SHA
    0096:SEED_CBC_SHA 009c:AES_128_GCM_SHA256 009d:AES_256_GCM_SHA384 00ba:CAMELLIA_128_CBC_SHA256
    00c0:CAMELLIA_256_CBC_SHA256 c050:ARIA_128_GCM_SHA256 c051:ARIA_256_GCM_SHA384
    c07a:CAMELLIA_128_GCM_SHA256 c07b:CAMELLIA_256_GCM_SHA384 c09c:AES_128_CCM c09d:AES_256_CCM
    c0a0:AES_128_CCM_8 c0a1:AES_256_CCM_8
  `,
  RSA_EXPORT: `
    0003:RC4_40_MD5 0006:RC2_CBC_40_MD5 0008:DES40_CBC_SHA
  `,
  DHE_DSS_EXPORT: `
    0011:DES40_CBC_SHA
  `,
  DHE_DSS: `
    0012:DES_CBC_SHA 0013:3DES_EDE_CBC_SHA 0032:AES_128_CBC_SHA 0038:AES_256_CBC_SHA
    0040:AES_128_CBC_SHA256 0044:CAMELLIA_128_CBC_SHA 006a:AES_256_CBC_SHA256 0087:CAMELLIA_256_CBC_SHA
    00a2:AES_128_GCM_SHA256 00a3:AES_256_GCM_SHA384 00bd:CAMELLIA_128_CBC_SHA256
    00c3:CAMELLIA_256_CBC_SHA256 c056:ARIA_128_GCM_SHA256 c057:ARIA_256_GCM_SHA384
  `,
  DHE_RSA_EXPORT: `
    0014:DES40_CBC_SHA
  `,
  DHE_RSA: `
    0015:DES_CBC_SHA 0016:3DES_EDE_CBC_SHA 0033:AES_128_CBC_SHA 0039:AES_256_CBC_SHA
    0045:CAMELLIA_128_CBC_SHA 0067:AES_128_CBC_SHA256 006b:AES_256_CBC_SHA256 0088:CAMELLIA_256_CBC_SHA
    009a:SEED_CBC_SHA 009e:AES_128_GCM_SHA256 009f:AES_256_GCM_SHA384 00be:CAMELLIA_128_CBC_SHA256
    00c4:CAMELLIA_256_CBC_SHA256 c052:ARIA_128_GCM_SHA256 c053:ARIA_256_GCM_SHA384
    c07c:CAMELLIA_128_GCM_SHA256 c07d:CAMELLIA_256_GCM_SHA384 c09e:AES_128_CCM c09f:AES_256_CCM
    c0a2:AES_128_CCM_8 c0a3:AES_256_CCM_8 ccaa:CHACHA20_POLY1305_SHA256
  `,
  DH_anon_EXPORT: `
    0017:RC4_40_MD5 0019:DES40_CBC_SHA
  `,
  DH_anon: `
    0018:RC4_128_MD5 001a:DES_CBC_SHA 001b:3DES_EDE_CBC_SHA 0034:AES_128_CBC_SHA 003a:AES_256_CBC_SHA
    0046:CAMELLIA_128_CBC_SHA 006c:AES_128_CBC_SHA256 006d:AES_256_CBC_SHA256 0089:CAMELLIA_256_CBC_SHA
    009b:SEED_CBC_SHA 00a6:AES_128_GCM_SHA256 00a7:AES_256_GCM_SHA384 00bf:CAMELLIA_128_CBC_SHA256
    00c5:CAMELLIA_256_CBC_SHA256 c084:CAMELLIA_128_GCM_SHA256 c085:CAMELLIA_256_GCM_SHA384
  `,
  '': `
    1301:AES_128_GCM_SHA256 1302:AES_256_GCM_SHA384 1303:CHACHA20_POLY1305_SHA256
    1304:AES_128_CCM_SHA256 1305:AES_128_CCM_8_SHA256
  `,
  ECDH_ECDSA: `
    c001:NULL_SHA c002:RC4_128_SHA c003:3DES_EDE_CBC_SHA c004:AES_128_CBC_SHA c005:AES_256_CBC_SHA
    c025:AES_128_CBC_SHA256 c026:AES_256_CBC_SHA384 c02d:AES_128_GCM_SHA256 c02e:AES_256_GCM_SHA384
  `,
  ECDHE_ECDSA: `
    c006:NULL_SHA c007:RC4_128_SHA c008:3DES_EDE_CBC_SHA c009:AES_128_CBC_SHA c00a:AES_256_CBC_SHA
    c023:AES_128_CBC_SHA256 c024:AES_256_CBC_SHA384 c02b:AES_128_GCM_SHA256 c02c:AES_256_GCM_SHA384
    c05c:ARIA_128_GCM_SHA256 c05d:ARIA_256_GCM_SHA384 c072:CAMELLIA_128_CBC_SHA256
    c073:CAMELLIA_256_CBC_SHA384 c086:CAMELLIA_128_GCM_SHA256 c087:CAMELLIA_256_GCM_SHA384
    c0ac:AES_128_CCM c0ad:AES_256_CCM c0ae:AES_128_CCM_8 c0af:AES_256_CCM_8
    cca9:CHACHA20_POLY1305_SHA256
  `,
  ECDH_RSA: `
    c00b:NULL_SHA c00c:RC4_128_SHA c00d:3DES_EDE_CBC_SHA c00e:AES_128_CBC_SHA c00f:AES_256_CBC_SHA
    c029:AES_128_CBC_SHA256 c02a:AES_256_CBC_SHA384 c031:AES_128_GCM_SHA256 c032:AES_256_GCM_SHA384
  `,
  ECDHE_RSA: `
    c010:NULL_SHA c011:RC4_128_SHA c012:3DES_EDE_CBC_SHA c013:AES_128_CBC_SHA c014:AES_256_CBC_SHA
    c027:AES_128_CBC_SHA256 c028:AES_256_CBC_SHA384 c02f:AES_128_GCM_SHA256 c030:AES_256_GCM_SHA384
    c060:ARIA_128_GCM_SHA256 c061:ARIA_256_GCM_SHA384 c076:CAMELLIA_128_CBC_SHA256
    c077:CAMELLIA_256_CBC_SHA384 c08a:CAMELLIA_128_GCM_SHA256 c08b:CAMELLIA_256_GCM_SHA384
    cca8:CHACHA20_POLY1305_SHA256
  `,
  ECDH_anon: `
    c015:NULL_SHA c016:RC4_128_SHA c017:3DES_EDE_CBC_SHA c018:AES_128_CBC_SHA c019:AES_256_CBC_SHA
  `,
}

const strengths: readonly (readonly [cipher: RegExp, bits: number])[] = [
  [/^NULL/, 0],
  [/_40|DES40/, 40],
  [/^DES_/, 56],
  [/^3DES/, 112],
  [/256|CHACHA20/, 256],
  [/./, 128],
]

function suiteOf(exchange: string, entry: string): CipherSuite {
  const [id = '', rest = ''] = entry.split(':')
  const [keyExchange, authentication = keyExchange] = exchange.replace('_EXPORT', '').split('_')
  const isAny = exchange === ''
  const cipher = rest.replace(/_(?:SHA(?:256|384)?|MD5)$/, '')
  return {
    id: Number.parseInt(id, 16),
    name: `TLS_${isAny ? '' : `${exchange}_WITH_`}${rest}`,
    keyExchange: isAny ? 'any' : (keyExchange as CipherSuite['keyExchange']),
    authentication: isAny
      ? 'any'
      : authentication === 'anon'
        ? 'none'
        : (authentication as CipherSuite['authentication']),
    cipher,
    isAead: /GCM|CCM|POLY1305/.test(cipher),
    strength: strengths.find(([pattern]) => pattern.test(cipher))?.[1] ?? 0,
  }
}

/** How much there is to say against a suite, for the order in which we offer them. */
function weakness({ keyExchange, authentication, isAead, strength }: CipherSuite): number {
  const isStatic = (keyExchange === 'RSA' || keyExchange === 'ECDH') && authentication !== 'none'
  return (
    (authentication === 'none' ? 16 : 0) +
    (strength < 128 ? 32 : 0) +
    (isStatic ? 4 : 0) +
    (isAead ? 0 : 2) +
    (keyExchange === 'DHE' ? 1 : 0)
  )
}

/** All that a server may take from us, the weakest first. */
export const cipherSuites: readonly CipherSuite[] = Object.entries(table)
  .flatMap(([exchange, entries]) =>
    entries
      .trim()
      .split(/\s+/)
      .map((entry) => suiteOf(exchange, entry)),
  )
  .sort((one, other) => weakness(other) - weakness(one) || one.id - other.id)

const byId = new Map(cipherSuites.map((suite) => [suite.id, suite]))
const byName = new Map(cipherSuites.map((suite) => [suite.name, suite]))

export function suiteById(id: number): CipherSuite | undefined {
  return byId.get(id)
}

export function suiteByName(name: string): CipherSuite | undefined {
  return byName.get(name)
}

/** The name of any suite; `0x…` for one that we do not know. */
export function suiteName(id: number): string {
  return byId.get(id)?.name ?? `0x${id.toString(16).padStart(4, '0')}`
}

/** Those that a version has: TLS 1.3 has its own, and authenticated encryption came with TLS 1.2. RFC 8446 §B.4 */
export function suitesOf(version: 'TLSv1.3' | 'TLSv1.2' | 'TLSv1.1' | 'TLSv1' | 'SSLv3'): readonly CipherSuite[] {
  if (version === 'TLSv1.3') return cipherSuites.filter(({ keyExchange }) => keyExchange === 'any')
  const older = cipherSuites.filter(({ keyExchange }) => keyExchange !== 'any')
  return version === 'TLSv1.2' ? older : older.filter(({ isAead, name }) => !isAead && !/_SHA(?:256|384)$/.test(name))
}
