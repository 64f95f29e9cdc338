import type { SecureContext } from 'node:tls'
import type { Challenge } from '../../core/acme/authorization.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { Clock } from '../clock.ts'
import type { Challenges } from '../publish/certificate-source.ts'
import { makeChallengeContext } from './requests.ts'

/** What our own ports 80 and 443 answer while an authority validates; the server that has the ports asks. */
export interface PendingChallenges extends Challenges {
  /** Answers it until `withdraw`. */
  answer(name: DomainName, challenge: Challenge, keyAuthorization: string): Promise<void>
  withdraw(name: DomainName, challenge: Challenge): void
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
    tlsAlpn01: (host) => contexts.get(host)?.context,
  }
}
