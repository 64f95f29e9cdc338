/** Where the world's servers are, each at an address of its own. */
export const addresses = {
  root: '192.0.2.1',
  topLevel: '192.0.2.2',
  leaves: '192.0.2.3',
  /** Unbound; a loopback address, because `trust-ad` believes no other. */
  unbound: '127.0.0.53',
  dane: '192.0.2.25',
  anchored: '192.0.2.26',
  listed: '192.0.2.27',
  plain: '192.0.2.28',
  wrong: '192.0.2.29',
  cleartext: '192.0.2.30',
  policies: '192.0.2.80',
} as const
