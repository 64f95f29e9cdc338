import type { SecureContext } from 'node:tls'
import type { Challenge } from '../../core/acme/authorization.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { Clock } from '../clock.ts'
import { makeChallengeContext } from './requests.ts'

/** What our own ports 80 and 443 answer while an authority validates; the server that has the ports asks. */
export interface PendingChallenges {
  /** Answers it until `withdraw`. */
  answer(name: DomainName, challenge: Challenge, keyAuthorization: string): Promise<void>
  withdraw(name: DomainName, challenge: Challenge): void
  /** RFC 8555 §8.3 */
  http01(host: DomainName, token: string): string | undefined
  readonly isTlsAlpnAwaited: boolean
  /** RFC 8737 §3 */
  tlsAlpn01(host: DomainName): SecureContext | undefined
}

export function createPendingChallenges(clock: Clock): PendingChallenges {
  const tokens = new Map<string, string>()
  const contexts = new Map<DomainName, { readonly token: string; readonly context: SecureContext }>()
  const keyOf = (host: DomainName, token: string) => `${host} ${token}`
  return {
    async answer(name, { type, token }, keyAuthorization) {
      if (type === 'http-01') tokens.set(keyOf(name, token), keyAuthorization)
      else contexts.set(name, { token, context: await makeChallengeContext(name, keyAuthorization, clock.now()) })
    },
    withdraw(name, { type, token }) {
      if (type === 'http-01') tokens.delete(keyOf(name, token))
      else if (contexts.get(name)?.token === token) contexts.delete(name)
    },
    http01: (host, token) => tokens.get(keyOf(host, token)),
    get isTlsAlpnAwaited() {
      return contexts.size > 0
    },
    tlsAlpn01: (host) => contexts.get(host)?.context,
  }
}
