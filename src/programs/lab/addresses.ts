/** Where the world's servers stand, each kind in a range of addresses that is nobody's. RFC 5737, RFC 2544 */
const ranges = {
  nameServer: { first: '198.51.100.', more: 18 << 16 },
  host: { first: '192.0.2.', more: 19 << 16 },
  policyHost: { first: '203.0.113.', more: (19 << 16) | (128 << 8) },
} as const

/** Gives out addresses of the world in order, none of them twice and none that `taken` has. */
export interface AddressPlan {
  next(kind: keyof typeof ranges): string
}

export function createAddressPlan(taken: ReadonlySet<string>): AddressPlan {
  const given = { nameServer: 0, host: 0, policyHost: 0 }
  const next: AddressPlan['next'] = (kind) => {
    given[kind] += 1
    const address = addressAt(kind, given[kind])
    return taken.has(address) ? next(kind) : address
  }
  return { next }
}

/** Past 254 servers of a kind the range for benchmarks goes on. */
function addressAt(kind: keyof typeof ranges, count: number): string {
  const { first, more } = ranges[kind]
  if (count < 255) return `${first}${count}`
  const value = more + count - 254
  return `198.${value >>> 16}.${(value >>> 8) & 255}.${value & 255}`
}
