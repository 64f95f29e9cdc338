import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ChallengeType } from '../../../src/core/acme/authorization.ts'
import type { DomainName } from '../../../src/core/name/domain.ts'
import type { AcmeFailure } from '../../../src/io/acme/acme-failure.ts'
import {
  type AcmeAuthorityOptions,
  type CertificateAuthority,
  createAcmeAuthority,
} from '../../../src/io/acme/authority.ts'
import { createPendingChallenges, type PendingChallenges } from '../../../src/io/acme/challenges.ts'
import { createJudgeChain, type IssuedCertificate } from '../../../src/io/acme/judge-certificate.ts'
import { makeKey } from '../../../src/io/acme/keys.ts'
import { createPkixTrust } from '../../../src/io/https/pkix-trust.ts'
import { fakeNetwork } from '../fake-network.ts'
import { fakeResolver } from '../fake-resolver.ts'
import { type MovedClock, movedClock } from '../moved-clock.ts'
import { type StubAuthority, type StubOptions, startStubAuthority } from './authority.ts'

/** A stub of an authority and a client of ours; pauses cost no time and move the clock. */
export interface AcmeWorld {
  readonly stub: StubAuthority
  readonly clock: MovedClock
  readonly folder: string
  readonly pending: PendingChallenges
  readonly pauses: number[]
  /** A client anew, as after a restart. */
  client(change?: Partial<AcmeAuthorityOptions>): CertificateAuthority
  /** What all clients here are made of. */
  readonly options: AcmeAuthorityOptions
}

export const policyHost = 'mta-sts.example.org' as DomainName

export function makeFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-acme-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export async function openAcmeWorld(context: TestContext, options: Partial<StubOptions> = {}): Promise<AcmeWorld> {
  // OpenSSL judges chains by the machine's clock: ours starts there.
  const clock = movedClock(Date.now())
  const stub = await startStubAuthority({ now: clock.now, ...options })
  context.after(() => stub.close())
  const pending = createPendingChallenges(clock)
  const pauses: number[] = []
  const folder = makeFolder(context)
  const parts: AcmeAuthorityOptions = {
    ...{ folder, contact: ['mailto:postmaster@example.org'], agreesToTerms: true },
    resolver: fakeResolver('secure acme.test A 192.0.2.80'),
    network: fakeNetwork({ [`192.0.2.80:${stub.port}`]: stub.port }),
    ...{ clock, trust: createPkixTrust(stub.serverRoot), directory: stub.directory, pending },
    judgeChain: createJudgeChain(createPkixTrust(stub.root), clock),
    pause: async (milliseconds) => {
      pauses.push(milliseconds)
      clock.move(milliseconds / 1000)
    },
  }
  const client = (change: Partial<AcmeAuthorityOptions> = {}) => createAcmeAuthority({ ...parts, ...change })
  return { stub, clock, folder, pending, pauses, client, options: parts }
}

export interface Obtaining {
  readonly name?: DomainName
  readonly challenges?: readonly ChallengeType[]
  readonly replaces?: string
  readonly resume?: string
  readonly key?: Awaited<ReturnType<typeof makeKey>>
  readonly signal?: AbortSignal
  readonly onOrder?: (url: string) => Promise<AcmeFailure | undefined>
}

export async function obtain(
  client: CertificateAuthority,
  { signal = new AbortController().signal, ...wish }: Obtaining = {},
): Promise<IssuedCertificate | AcmeFailure> {
  const key = wish.key ?? (await makeKey('p256'))
  const defaults = { name: policyHost, challenges: ['http-01'], onOrder: async () => undefined } as const
  return client.obtain({ ...defaults, ...wish, key }, signal)
}
