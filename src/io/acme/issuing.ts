import type { ChallengeType } from '../../core/acme/authorization.ts'
import { nameBackOff, retryTime } from '../../core/acme/back-off.ts'
import type { IssuanceBudget } from '../../core/acme/issuance-budget.ts'
import { settledUntil } from '../../core/acme/renewal-time.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import type { Clock } from '../clock.ts'
import { Stop, type StopSignal } from '../stop.ts'
import { type AcmeFailure, concernsAll, isAcmeFailure } from './acme-failure.ts'
import type { CertificateAuthority } from './authority.ts'
import type { CertificateFolder } from './certificate-folder.ts'
import { issueOne } from './issue-one.ts'
import type { IssuingEvent } from './issuing-event.ts'
import type { IssuedCertificate } from './judge-certificate.ts'
import type { KeyKind } from './keys.ts'
import { certified, createNameTable, type NameEntry, type NameTable, readNames } from './name-table.ts'
import { createPace, type Pace } from './pace.ts'
import { askWindow } from './renewal-questions.ts'

export interface IssuingOptions {
  readonly authority: CertificateAuthority
  readonly folder: CertificateFolder
  readonly clock: Clock
  readonly budget: IssuanceBudget
  /** The ways to prove a name; after a failure another is tried. */
  readonly challenges: readonly ChallengeType[]
  readonly keyKind?: KeyKind
  /** Whether a name may have a certificate now: asked before each order for a name that is not configured. */
  readonly mayIssue: (name: DomainName, signal: StopSignal) => boolean | Promise<boolean>
  /** A cheap look whether validation can succeed; what is wrong, if anything, escaped. Costs nothing of the budget. */
  readonly precheck?: ((name: DomainName, signal: StopSignal) => Promise<string | undefined>) | undefined
  /** A certificate has taken the place of another, or of none. */
  readonly onIssued?: ((name: DomainName) => void) | undefined
  readonly onEvent?: ((event: IssuingEvent) => void) | undefined
}

/**
 * The work on certificates for many names: each gets one and keeps it renewed, within the budget, whoever has waited longest
 * first, and one order at a time for a name. Time passes only by the clock: whoever drives it calls `step`.
 */
export interface Issuing {
  /** Begins to read what is kept; all else waits for it. */
  open(): Promise<void>
  /** Whether what is kept has been read. */
  readonly isOpen: boolean
  /** A name wants a certificate, if it has none: it takes its turn. */
  want(name: DomainName): void
  /** The names that shall have certificates without having been asked for, instead of those before. */
  configure(names: ReadonlySet<DomainName>): void
  entry(name: DomainName): NameEntry | undefined
  entries(): Iterable<NameEntry>
  /** Begins whatever may begin now, and says when to come again: sooner only after a wish, or when some work has ended. */
  step(): Promise<number>
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
  /** How much is under way. */
  readonly running: number
  /** Called when there may be something to begin before the time that `step` said. */
  onChange: (() => void) | undefined
  close(): Promise<void>
}

export function createIssuing(options: IssuingOptions): Issuing {
  return new IssuingWork(options)
}

class IssuingWork implements Issuing {
  onChange: (() => void) | undefined
  readonly #options: IssuingOptions
  readonly #table: NameTable = createNameTable()
  readonly #pace: Pace
  readonly #stop = new Stop()
  /** Names with an order under way, and those about whose renewal a question is. */
  readonly #ordering = new Map<DomainName, Promise<void>>()
  readonly #asking = new Map<DomainName, Promise<void>>()
  #opened: Promise<void> | undefined
  #configured: ReadonlySet<DomainName> = new Set()
  #untaken: ReadonlySet<DomainName> | undefined
  #toldRoomAt = 0
  isOpen = false
  #isQueueChanged = false

  constructor(options: IssuingOptions) {
    this.#options = options
    this.#pace = createPace(options.clock, options.budget, (event) => this.#tell(event))
  }

  get running(): number {
    return this.#ordering.size + this.#asking.size
  }

  open(): Promise<void> {
    this.#opened ??= this.#read().catch((error) => {
      this.#opened = undefined // the next step tries again
      throw error
    })
    return this.#opened
  }

  async #read(): Promise<void> {
    const { folder, clock } = this.#options
    this.#pace.restore(folder.spent())
    await readNames(this.#table, folder, clock.now())
    this.isOpen = true
  }

  want(name: DomainName): void {
    if (this.#stop.aborted || this.#table.get(name) !== undefined) return
    if (this.#add(name)) this.onChange?.()
  }

  #add(name: DomainName): boolean {
    if (!this.#table.add(name, this.#options.clock.now())) {
      this.#tell({ kind: 'too-many-names', name })
      return false
    }
    this.#isQueueChanged = true
    return true
  }

  configure(names: ReadonlySet<DomainName>): void {
    this.#configured = names
    this.#untaken = names
    this.onChange?.()
  }

  entry(name: DomainName): NameEntry | undefined {
    return this.#table.get(name)
  }

  entries(): Iterable<NameEntry> {
    return this.#table.all()
  }

  async step(): Promise<number> {
    await this.open()
    await this.#takeConfigured()
    if (this.#stop.aborted) return Number.POSITIVE_INFINITY
    const orderAt = this.#beginOrders()
    const askAt = this.#beginQuestions()
    if (this.#isQueueChanged) await this.#saveQueue()
    return Math.min(orderAt, askAt, this.#tellEnded())
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#ordering.values(), ...this.#asking.values()])
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#opened?.catch(() => {}) // whoever opened it was told
    await this.settled()
    if (this.#isQueueChanged) await this.#saveQueue()
  }

  /** Some at a time: there may be thousands that are new. */
  async #takeConfigured(): Promise<void> {
    const names = this.#untaken
    this.#untaken = undefined
    let count = 0
    for (const name of names ?? []) {
      if (++count % 1000 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (this.#untaken !== undefined) return await this.#takeConfigured() // a newer list has come meanwhile
      if (this.#table.get(name) === undefined && !this.#add(name)) return
    }
  }

  /** When to look again, if nothing happens before. */
  #beginOrders(): number {
    const { clock, budget } = this.#options
    const now = clock.now()
    for (;;) {
      const next = this.#table.mostUrgent(now)
      if (next === undefined) return this.#table.nextDueAt()
      // Whoever ends makes room, has it take its place anew and us look again.
      if (this.#ordering.has(next.name)) this.#table.takeMostUrgent()
      else if (this.#pace.pausedUntil > now) return this.#pace.pausedUntil
      else if (this.#ordering.size >= budget.atOnce) return Number.POSITIVE_INFINITY
      else {
        const room = this.#pace.roomAt(now)
        if (room > now) return this.#waitForRoom(room)
        this.#table.takeMostUrgent()
        this.#begin(this.#ordering, next.name, this.#order(next))
      }
    }
  }

  #waitForRoom(until: number): number {
    if (until !== this.#toldRoomAt) this.#tell({ kind: 'budget-spent', waiting: this.#table.dueCount(), until })
    this.#toldRoomAt = until
    return until
  }

  /** What goes wrong with one name by a mistake of ours ends nothing else: policies are served on. */
  #begin(map: Map<DomainName, Promise<void>>, name: DomainName, work: Promise<void>): void {
    const ended = work
      .catch((error: unknown) => {
        this.#tell({ kind: 'damaged', what: escapeText(`${name}: ${error instanceof Error ? error.message : error}`) })
        this.#table.change(name, { retryAt: this.#options.clock.now() + limits.acme.backOffMinMs })
      })
      .finally(() => {
        map.delete(name)
        // It was passed over as long as it was here, also where it had become due again.
        this.#table.change(name, {})
        this.onChange?.()
      })
    map.set(name, ended)
  }

  async #order(entry: NameEntry): Promise<void> {
    const { name } = entry
    const { folder, authority, clock, keyKind = 'p256' } = this.#options
    if (!(await this.#isWorthIt(entry))) return
    const failure = await folder.saveSpent(this.#pace.spent)
    // What cannot be counted is not ordered: a full disk must not spend what the authority allows.
    if (failure !== undefined) return await this.#failed(name, failure)
    const present = folder.certificate(name)
    const request = { name, present, challenges: turned(this.#options.challenges, entry.failures) }
    const issued = await issueOne(request, { authority, folder, clock, keyKind, signal: this.#stop })
    await (isAcmeFailure(issued) ? this.#failed(name, issued) : this.#succeeded(entry, issued))
  }

  /** Whether to order at all. Until that is known a place in the budget is held; then it is spent. */
  async #isWorthIt({ name, lifetime }: NameEntry): Promise<boolean> {
    this.#pace.hold()
    const looked = await this.#lookAt(name)
    if (looked === 'good' && !this.#stop.aborted) {
      this.#pace.spendHeld()
      return true
    }
    this.#pace.giveBackHeld()
    if (looked instanceof Error) throw looked
    if (this.#stop.aborted || looked === 'good') return false
    if (looked === 'not-ours') await this.#dismiss(name, lifetime?.notAfter)
    else await this.#failed(name, { fault: 'elsewhere', reason: looked.wrong })
    return false
  }

  async #lookAt(name: DomainName): Promise<'good' | 'not-ours' | { readonly wrong: string } | Error> {
    const { mayIssue, precheck } = this.#options
    try {
      if (!this.#configured.has(name) && !(await mayIssue(name, this.#stop))) return 'not-ours'
      const wrong = await precheck?.(name, this.#stop)
      return wrong === undefined ? 'good' : { wrong }
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  /** A name that is not ours to order for. A certificate that it still has is kept until it ends. */
  async #dismiss(name: DomainName, notAfter: number | undefined): Promise<void> {
    const now = this.#options.clock.now()
    if (notAfter !== undefined && notAfter > now) {
      this.#table.change(name, { retryAt: Math.min(notAfter, now + limits.acme.backOffMaxMs) })
      return
    }
    this.#table.remove(name)
    this.#isQueueChanged = true
    await this.#options.folder.remove(name)
  }

  async #succeeded({ name, lifetime }: NameEntry, issued: IssuedCertificate): Promise<void> {
    const { folder, clock, onIssued } = this.#options
    this.#pace.succeed()
    const retryAt = settledUntil(clock.now(), issued.notAfter)
    const fresh = { failures: 0, retryAt, reason: undefined, window: undefined }
    this.#table.change(name, { ...fresh, ...certified(issued, clock.now()) })
    onIssued?.(name)
    this.#tell({ kind: 'issued', name, notAfter: issued.notAfter, isRenewal: lifetime !== undefined })
    await folder.savePlan(name, fresh)
  }

  async #failed(name: DomainName, failure: AcmeFailure): Promise<void> {
    const entry = this.#table.get(name)
    if (failure.fault === 'aborted' || entry === undefined) return
    this.#pace.fail(failure)
    const { clock, folder } = this.#options
    const now = clock.now()
    const isOwn = !concernsAll(failure) || failure.fault === 'rate-limited'
    const failures = entry.failures + (isOwn ? 1 : 0)
    const notAfter = entry.lifetime?.notAfter
    // A name that fares badly because all do comes after the others when the pause is over.
    const retryAt = isOwn
      ? retryTime(now, nameBackOff(name, failures, failure.retryAfterMs), notAfter)
      : now + 2 * Math.max(limits.acme.pauseMinMs, this.#pace.pausedUntil - now)
    this.#table.change(name, { failures, retryAt, reason: failure.reason })
    this.#tell({ kind: 'failed', name, failure, retryAt, notAfter })
    await folder.savePlan(name, { failures, retryAt, reason: failure.reason, window: entry.window })
  }

  /** Asks when to renew, of a few certificates at once. */
  #beginQuestions(): number {
    const { authority, folder, clock } = this.#options
    const parts = { authority, folder, clock, table: this.#table, signal: this.#stop }
    const now = clock.now()
    while (this.#table.nextQuestionAt() <= now) {
      if (this.#pace.pausedUntil > now) return this.#pace.pausedUntil
      if (this.#asking.size >= limits.acme.renewalInfoAtOnce) return Number.POSITIVE_INFINITY
      const next = this.#table.takeQuestion(now)
      if (next?.renewalId === undefined || this.#asking.has(next.name)) continue
      this.#begin(this.#asking, next.name, askWindow({ name: next.name, renewalId: next.renewalId }, parts))
    }
    return this.#table.nextQuestionAt()
  }

  /** When the next certificate ends. */
  #tellEnded(): number {
    for (const { name, lifetime, reason } of this.#table.takeEnded(this.#options.clock.now())) {
      this.#table.change(name, { isEndTold: true })
      if (lifetime !== undefined) this.#tell({ kind: 'ended', name, notAfter: lifetime.notAfter, reason })
    }
    return this.#table.nextEndAt()
  }

  /** A name that has its certificate since is no harm in it: each of them would be a reason to write all. */
  async #saveQueue(): Promise<void> {
    this.#isQueueChanged = false
    const waiting = [...this.#table.all()].filter(({ lifetime }) => lifetime === undefined)
    const failure = await this.#options.folder.saveQueue(new Map(waiting.map(({ name, askedAt }) => [name, askedAt])))
    if (failure !== undefined) this.#tell({ kind: 'damaged', what: failure.reason })
  }

  #tell(event: IssuingEvent): void {
    this.#options.onEvent?.(event)
  }
}

/** The ways to prove a name, from another one on after each failure. */
function turned(challenges: readonly ChallengeType[], failures: number): readonly ChallengeType[] {
  const from = challenges.length === 0 ? 0 : failures % challenges.length
  return [...challenges.slice(from), ...challenges.slice(0, from)]
}
