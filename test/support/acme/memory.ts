// The work on certificates without disk or network: for thousands of names and hundreds of days.

import type { SpentBudget } from '../../../src/core/acme/issuance-budget.ts'
import type { RenewalWindow } from '../../../src/core/acme/renewal-information.ts'
import type { DomainName } from '../../../src/core/name/domain.ts'
import type { AcmeFailure } from '../../../src/io/acme/acme-failure.ts'
import type { CertificateAuthority, CertificateWish } from '../../../src/io/acme/authority.ts'
import type {
  CertificateFolder,
  StoredOrder,
  StoredPlan,
  StoredQueue,
} from '../../../src/io/acme/certificate-folder.ts'
import type { Issuing } from '../../../src/io/acme/issuing.ts'
import type { IssuedCertificate } from '../../../src/io/acme/judge-certificate.ts'
import type { MovedClock } from '../moved-clock.ts'

export interface MemoryFolder extends CertificateFolder {
  readonly certificates: Map<DomainName, IssuedCertificate>
  readonly plans: Map<DomainName, StoredPlan>
  /** What every write comes to. */
  failure: AcmeFailure | undefined
}

export function memoryFolder(): MemoryFolder {
  const certificates = new Map<DomainName, IssuedCertificate>()
  const orders = new Map<DomainName, StoredOrder>()
  const plans = new Map<DomainName, StoredPlan>()
  let spent: SpentBudget = []
  let queue: StoredQueue = new Map()
  const save = async (write: () => void) => {
    if (folder.failure === undefined) write()
    return folder.failure
  }
  const folder: MemoryFolder = {
    ...{ certificates, plans, failure: undefined },
    names: async () => [...new Set([...certificates.keys(), ...orders.keys(), ...plans.keys()])],
    certificate: (name) => certificates.get(name),
    saveCertificate: (name, certificate) => save(() => certificates.set(name, certificate)),
    order: (name) => orders.get(name),
    saveOrder: (name, order) => save(() => orders.set(name, order)),
    dropOrder: async (name) => void orders.delete(name),
    plan: (name) => plans.get(name),
    savePlan: (name, plan) => save(() => plans.set(name, plan)),
    remove: async (name) => {
      for (const kept of [certificates, orders, plans]) kept.delete(name)
    },
    spent: () => spent,
    saveSpent: (next) =>
      save(() => {
        spent = next
      }),
    queue: () => queue,
    saveQueue: (next) =>
      save(() => {
        queue = next
      }),
  }
  return folder
}

export interface FakeAuthority extends CertificateAuthority {
  /** Every order, in order. */
  readonly orders: { readonly name: DomainName; readonly at: number; readonly wish: CertificateWish }[]
  readonly questions: string[]
  /** The most orders that were under way at once, in all and for one name. */
  readonly most: { all: number; ofOneName: number }
  outcome: (name: DomainName, at: number) => AcmeFailure | undefined
  window: (renewalId: string) => RenewalWindow | undefined
  lifetimeMs: number
  hasRenewalInfo: boolean
}

const dayMs = 86_400_000

export function fakeAuthority(clock: MovedClock): FakeAuthority {
  const underWay = new Map<DomainName, number>()
  const authority: FakeAuthority = {
    ...{ orders: [], questions: [], most: { all: 0, ofOneName: 0 }, lifetimeMs: 90 * dayMs },
    hasRenewalInfo: true,
    outcome: () => undefined,
    window: () => undefined,
    async obtain(wish, signal) {
      const { name, key } = wish
      const now = clock.now()
      const number = authority.orders.push({ name, at: now, wish })
      underWay.set(name, (underWay.get(name) ?? 0) + 1)
      const { most } = authority
      most.all = Math.max(
        most.all,
        [...underWay.values()].reduce((sum, count) => sum + count, 0),
      )
      most.ofOneName = Math.max(most.ofOneName, underWay.get(name) ?? 0)
      const failure = (await wish.onOrder(`https://acme.test/order/${number}`)) ?? authority.outcome(name, now)
      await new Promise((resolve) => setImmediate(resolve))
      underWay.set(name, (underWay.get(name) ?? 1) - 1)
      if (signal.aborted) return { fault: 'aborted', reason: 'given up' }
      if (failure !== undefined) return failure
      const lifetime = { notBefore: now - 3_600_000, notAfter: now + authority.lifetimeMs }
      return {
        key,
        chain: '',
        ...lifetime,
        id: `${name} ${number}`,
        renewalId: authority.hasRenewalInfo ? `id.${number}` : undefined,
      }
    },
    async renewal(renewalId) {
      authority.questions.push(renewalId)
      const window = authority.window(renewalId)
      return window === undefined ? undefined : { window, keepMs: dayMs }
    },
  }
  return authority
}

/** Lets time pass until then, and everything happen that is due on the way. */
export async function advance(issuing: Issuing, clock: MovedClock, until: number): Promise<void> {
  for (;;) {
    const next = await issuing.step()
    if (issuing.running > 0) await issuing.settled()
    else if (next > until) break
    else clock.move(Math.max(0, next - clock.now()) / 1000)
  }
  clock.move(Math.max(0, until - clock.now()) / 1000)
}

/** `mta-sts.d1.example` and so on. */
export function policyHosts(count: number, prefix = 'd'): DomainName[] {
  return Array.from({ length: count }, (_, each) => `mta-sts.${prefix}${each}.example` as DomainName)
}
