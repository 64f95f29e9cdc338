import type { Resolution } from '../../src/core/dnssec/resolution.ts'
import type { ResolverOptions } from '../../src/io/resolver/create-resolver.ts'
import type { Behaviour, Saying, Server } from './fake-exchange.ts'
import { type MemoryResolver, memoryResolver } from './memory-resolver.ts'

/** Address of the only root server. */
export const root = '198.51.100.1'

/** A resolver that goes down from the root, and shows whole names unless told otherwise. */
export function iterate(server: Server, options: Partial<ResolverOptions> = {}): MemoryResolver {
  const usual = { engine: 'iterate', rootHints: [{ address: root, port: 53 }], minimise: false } as const
  return memoryResolver(server, { ...usual, ...options })
}

/** Sends everything below a zone to a server. */
export function referral(zone: string, address: string): Behaviour {
  return { authority: `${zone} 3600 NS ns.${zone}`, additional: `ns.${zone} 3600 A ${address}` }
}

export const question = 'www.example.org. A'
export const answer: Saying = { flags: 'aa', answer: 'www.example.org. 300 A 203.0.113.1' }
export const answered = 'answer insecure 300 www.example.org. 300 IN A 203.0.113.1'
export const soa = 'example.org. 3600 SOA ns.example.org. hostmaster.example.org. 1 7200 900 1209600 900'

/** The root, org. at 192.0.2.1, and example.org. at 192.0.2.2. */
export const honest: Record<string, Behaviour> = {
  [root]: referral('org.', '192.0.2.1'),
  '192.0.2.1': referral('example.org.', '192.0.2.2'),
  [`192.0.2.2 ${question}`]: answer,
}

export function reasonOf(resolution: Resolution): string {
  return resolution.kind === 'failure' ? resolution.reason : ''
}
