import type { KeyObject } from 'node:crypto'
import type { ChallengeType } from '../../core/acme/authorization.ts'
import { parseRenewalInformation, type RenewalWindow } from '../../core/acme/renewal-information.ts'
import { parseRetryAfter } from '../../core/acme/retry-after.ts'
import { type AcmeOrigins, type AcmeUrl, readAcmeUrl } from '../../core/acme/urls.ts'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { createEnding } from '../ending.ts'
import { pauseFor, type StopSignal } from '../stop.ts'
import { type AccountOptions, createAccount } from './account.ts'
import { type AcmeFailure, isAcmeFailure } from './acme-failure.ts'
import { createSendRequest, type HttpParts } from './authority-http.ts'
import type { PendingChallenges } from './challenges.ts'
import type { IssuedCertificate, JudgeChain } from './judge-certificate.ts'
import { obtainCertificate, type Wish } from './obtain.ts'
import { createSession, protocolFailure } from './session.ts'

/** One authority, as what asks it for certificates sees it. Nothing here rejects for what the authority does. */
export interface CertificateAuthority {
  obtain(wish: CertificateWish, signal: StopSignal): Promise<IssuedCertificate | AcmeFailure>
  /** Undefined when the authority has nothing to say of it. RFC 9773 §4 */
  renewal(renewalId: string, signal: StopSignal): Promise<RenewalAdvice | AcmeFailure | undefined>
}

export interface CertificateWish {
  readonly name: DomainName
  readonly key: KeyObject
  /** The preferred way first. */
  readonly challenges: readonly ChallengeType[]
  readonly replaces?: string | undefined
  readonly resume?: string | undefined
  readonly onOrder: (url: string) => Promise<AcmeFailure | undefined>
}

export interface RenewalAdvice {
  readonly window: RenewalWindow
  /** For how long it need not be asked for again. */
  readonly keepMs: number
}

export interface AcmeAuthorityOptions
  extends HttpParts,
    Pick<AccountOptions, 'folder' | 'contact' | 'agreesToTerms' | 'externalAccount'> {
  /** URL of the directory. */
  readonly directory: string
  /** Further servers that the authority's URLs may name, as `https://other.example`. */
  readonly otherOrigins?: readonly string[] | undefined
  /** The kind of certificate, where the authority has several. */
  readonly profile?: string | undefined
  readonly pending: PendingChallenges
  readonly judgeChain: JudgeChain
  readonly pause?: ((milliseconds: number, signal: StopSignal) => Promise<void>) | undefined
}

/** An authority that speaks ACME. Throws ConfigError for a URL that cannot be one of a directory. RFC 8555 */
export function createAcmeAuthority(options: AcmeAuthorityOptions): CertificateAuthority {
  const { clock, pending, judgeChain, profile, pause = pauseFor } = options
  const { directory, origins } = readOrigins(options)
  const session = createSession({ directory, origins, clock, send: createSendRequest(options) })
  const account = createAccount({ ...options, directory, origins })

  const obtain = async (wish: CertificateWish, signal: StopSignal) => {
    const signer = await account.signer(session, signal)
    if (isAcmeFailure(signer)) return signer
    const whole: Wish = { ...wish, profile }
    const issued = await obtainCertificate(whole, {
      ...{ session, signer, origins, pending, judgeChain, clock, pause, signal },
    })
    if (isAcmeFailure(issued) && issued.problem === 'accountDoesNotExist') account.forget()
    return issued
  }
  return {
    async obtain(wish, signal) {
      const ending = createEnding(signal, limits.acme.orderMs)
      try {
        const issued = await obtain(wish, ending.signal)
        if (!isAcmeFailure(issued) || issued.fault !== 'aborted' || signal.aborted) return issued
        return { fault: 'endless', reason: `the order took over ${limits.acme.orderMs / 1000} seconds` }
      } finally {
        ending.stop()
      }
    },
    async renewal(renewalId, signal) {
      const found = await session.directory(signal)
      if (isAcmeFailure(found)) return found
      if (found.renewalInfo === undefined) return undefined
      const url = readAcmeUrl(`${found.renewalInfo.replace(/\/$/, '')}/${renewalId}`, origins)
      if (url === undefined) return protocolFailure('renewal information at a URL that is too long')
      const answer = await session.get(url, signal)
      if (isAcmeFailure(answer)) return answer
      const read = parseRenewalInformation(answer.body)
      if (!read.ok) return protocolFailure(`renewal information without usable ${read.fault}`)
      const { renewalInfoMs, renewalInfoMinMs, renewalInfoMaxMs } = limits.acme
      const asked = parseRetryAfter(answer.retryAfter, clock.now()) ?? renewalInfoMs
      return { window: read.value, keepMs: Math.min(renewalInfoMaxMs, Math.max(renewalInfoMinMs, asked)) }
    },
  }
}

function readOrigins(options: AcmeAuthorityOptions): { readonly directory: AcmeUrl; readonly origins: AcmeOrigins } {
  const others = (options.otherOrigins ?? []).map((text) => originOf(text))
  const origins = new Set([originOf(options.directory), ...others])
  const directory = readAcmeUrl(options.directory, origins)
  if (directory === undefined) throw new ConfigError(`not a URL of https: "${options.directory}"`)
  return { directory, origins }
}

function originOf(text: string): string {
  const url = URL.parse(text)
  if (url?.protocol !== 'https:') throw new ConfigError(`not a URL of https: "${text}"`)
  return url.origin
}
