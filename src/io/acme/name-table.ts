import { compareUrgency, type NameState, orderTime } from '../../core/acme/issuance-queue.ts'
import { spreadOf } from '../../core/acme/spread.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { CertificateFolder, StoredPlan } from './certificate-folder.ts'
import { createHeap } from './heap.ts'
import { isOrderOf } from './issue-one.ts'
import type { IssuedCertificate } from './judge-certificate.ts'

/** One name, as the work on it changes it. */
export interface NameEntry extends NameState {
  /** How renewal information calls its certificate. */
  readonly renewalId: string | undefined
  /** When to order, as far as is known now. */
  readonly dueAt: number
  /** When to ask the authority again when to renew. */
  readonly windowAskAt: number
  readonly reason: string | undefined
  /** Whether it was told that its certificate has ended. */
  readonly isEndTold: boolean
}

/** All names that have a certificate or want one; what is due is found without a look at all of them. */
export interface NameTable {
  get(name: DomainName): NameEntry | undefined
  readonly size: number
  all(): Iterable<NameEntry>
  /** Adds it if it is not there and there is room; whether it is there now. */
  add(name: DomainName, askedAt: number): boolean
  change(name: DomainName, change: Partial<Omit<NameEntry, 'name' | 'dueAt'>>): void
  remove(name: DomainName): void
  /** The most urgent that is to be ordered for now. It stays until it is taken. */
  mostUrgent(now: number): NameEntry | undefined
  /** Takes that one out until its entry changes. */
  takeMostUrgent(): void
  dueCount(): number
  /** When the next will be due, of those that are not. */
  nextDueAt(): number
  /** Takes out one, until its entry changes, whose authority is to be asked now when to renew. */
  takeQuestion(now: number): NameEntry | undefined
  nextQuestionAt(): number
  /** Takes out those whose certificate has ended and was not told to have. */
  takeEnded(now: number): NameEntry[]
  nextEndAt(): number
}

export function createNameTable(): NameTable {
  const entries = new Map<DomainName, NameEntry>()
  const isCurrent = (entry: NameEntry) => entries.get(entry.name) === entry
  const heapBy = (time: (entry: NameEntry) => number) =>
    createHeap<NameEntry>((one, other) => time(one) - time(other), isCurrent)
  const later = heapBy(({ dueAt }) => dueAt)
  const due = createHeap<NameEntry>(compareUrgency, isCurrent)
  const questions = heapBy(({ windowAskAt }) => windowAskAt)
  const ends = heapBy(endOf)
  const never = Number.POSITIVE_INFINITY

  const set = (entry: Omit<NameEntry, 'dueAt'>) => {
    const whole = { ...entry, dueAt: orderTime(entry) }
    entries.set(entry.name, whole)
    later.push(whole)
    if (whole.renewalId !== undefined) questions.push(whole)
    if (whole.lifetime !== undefined && !whole.isEndTold) ends.push(whole)
  }
  return {
    get: (name) => entries.get(name),
    get size() {
      return entries.size
    },
    all: () => entries.values(),
    add(name, askedAt) {
      if (entries.has(name)) return true
      if (entries.size >= limits.acme.names) return false
      set({
        ...{ name, askedAt, lifetime: undefined, window: undefined, failures: 0, retryAt: 0 },
        ...{ renewalId: undefined, windowAskAt: 0, reason: undefined, isEndTold: false },
      })
      return true
    },
    change(name, change) {
      const entry = entries.get(name)
      if (entry !== undefined) set({ ...entry, ...change })
    },
    remove: (name) => void entries.delete(name),
    mostUrgent(now) {
      for (let next = later.peek(); next !== undefined && next.dueAt <= now; next = later.peek()) {
        later.pop()
        due.push(next)
      }
      return due.peek()
    },
    takeMostUrgent: () => void due.pop(),
    dueCount: () => due.valid().length,
    nextDueAt: () => later.peek()?.dueAt ?? never,
    takeQuestion: (now) => ((questions.peek()?.windowAskAt ?? never) <= now ? questions.pop() : undefined),
    nextQuestionAt: () => questions.peek()?.windowAskAt ?? never,
    takeEnded(now) {
      const ended: NameEntry[] = []
      for (let next = ends.peek(); next !== undefined && endOf(next) <= now; next = ends.peek()) {
        ends.pop()
        ended.push(next)
      }
      return ended
    },
    nextEndAt: () => {
      const next = ends.peek()
      return next === undefined ? never : endOf(next)
    },
  }
}

function endOf({ lifetime }: NameEntry): number {
  return lifetime?.notAfter ?? Number.POSITIVE_INFINITY
}

/** What a certificate changes in the entry of its name. */
export function certified(
  { notBefore, notAfter, id, renewalId }: IssuedCertificate,
  windowAskAt: number,
): Pick<NameEntry, 'lifetime' | 'renewalId' | 'windowAskAt' | 'isEndTold'> {
  return { lifetime: { notBefore, notAfter, id }, renewalId, windowAskAt, isEndTold: false }
}

const namesAtOnce = 50

/** Reads what is kept, some names at a time: thousands must not keep those waiting who want to be served. */
export async function readNames(table: NameTable, folder: CertificateFolder, now: number): Promise<void> {
  const waiting = folder.queue()
  let count = 0
  for (const name of await folder.names()) {
    if (++count % namesAtOnce === 0) await new Promise((resolve) => setImmediate(resolve))
    const certificate = folder.certificate(name)
    const plan = folder.plan(name)
    const order = certificate && folder.order(name)
    // Of a process that ended between the two: its key stands in one place from now on.
    if (order !== undefined && isOrderOf(order, certificate)) await folder.dropOrder(name)
    // Half of an order and nothing else is no wish: that stands in the queue.
    if (certificate === undefined && !waiting.has(name)) continue
    if (!table.add(name, now)) return
    // Whoever has asked again since the start has not lost its place by it.
    const askedAt = Math.min(waiting.get(name) ?? now, now)
    table.change(name, { askedAt, ...planned(plan, certificate, now), ...kept(name, certificate, now) })
  }
  for (const [name, askedAt] of waiting) {
    if (table.add(name, now)) table.change(name, { askedAt: Math.min(askedAt, now) })
  }
}

function kept(name: DomainName, certificate: IssuedCertificate | undefined, now: number): Partial<NameEntry> {
  // After a start the authority is not asked about all names at once.
  return certificate === undefined ? {} : certified(certificate, now + spreadOf(name) * limits.acme.renewalInfoMs)
}

/** A plan of a clock that was ahead would have us wait for years. What was to be kept for a while, and is not there, is not kept. */
function planned(
  plan: StoredPlan | undefined,
  certificate: IssuedCertificate | undefined,
  now: number,
): Partial<NameEntry> {
  if (plan === undefined || (certificate === undefined && plan.failures === 0)) return {}
  return { ...plan, retryAt: Math.min(plan.retryAt, now + 1.1 * limits.acme.backOffMaxMs) }
}
