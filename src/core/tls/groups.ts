/** A group for key exchange, as the registry of TLS has it. RFC 8422 §5.1.1, RFC 7919 §2, RFC 8446 §4.2.7 */
export interface Group {
  readonly id: number
  /** As IANA has it. */
  readonly name: string
  readonly family: 'curve' | 'finite-field' | 'hybrid'
  /** Whether TLS 1.3 has it. RFC 8446 §4.2.7 */
  readonly inTls13: boolean
}

const older =
  'sect163k1 sect163r1 sect163r2 sect193r1 sect193r2 sect233k1 sect233r1 sect239k1 sect283k1 sect283r1 sect409k1 sect409r1 sect571k1 sect571r1 secp160k1 secp160r1 secp160r2 secp192k1 secp192r1 secp224k1 secp224r1 secp256k1'
const brainpool = ['brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1']
const finiteField = ['ffdhe2048', 'ffdhe3072', 'ffdhe4096', 'ffdhe6144', 'ffdhe8192']

const curve = (id: number, name: string, inTls13: boolean): Group => ({ id, name, family: 'curve', inTls13 })

/** Every group that a server may take from us, those of old first. */
export const groups: readonly Group[] = [
  ...older.split(' ').map((name, place) => curve(place + 1, name, false)),
  ...brainpool.map((name, place) => curve(26 + place, name, false)),
  ...finiteField.map((name, place): Group => ({ id: 0x0100 + place, name, family: 'finite-field', inTls13: true })),
  ...brainpool.map((name, place) => curve(31 + place, `${name}tls13`, true)),
  curve(0x001e, 'x448', true),
  curve(0x0019, 'secp521r1', true),
  curve(0x0018, 'secp384r1', true),
  curve(0x0017, 'secp256r1', true),
  curve(0x001d, 'x25519', true),
  { id: 0x11eb, name: 'SecP256r1MLKEM768', family: 'hybrid', inTls13: true },
  { id: 0x11ed, name: 'SecP384r1MLKEM1024', family: 'hybrid', inTls13: true },
  { id: 0x11ec, name: 'X25519MLKEM768', family: 'hybrid', inTls13: true },
]

/** Those for TLS 1.3. */
export const groupsOfTls13: readonly Group[] = groups.filter(({ inTls13 }) => inTls13)

/** The curves for ECDHE in TLS 1.2 and before it. */
export const curvesBeforeTls13: readonly Group[] = groups.filter(
  ({ family, name }) => family === 'curve' && !name.endsWith('tls13'),
)

/** The name of any group; `0x…` for one that we do not know. */
export function groupName(id: number): string {
  return groups.find((group) => group.id === id)?.name ?? `0x${id.toString(16).padStart(4, '0')}`
}
