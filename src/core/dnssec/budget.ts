import { limits } from '../limits.ts'

/**
 * What one client question may still cost, with all the lookups it needs; never set back.
 *
 * Bounds the attacks known as KeyTrap (CVE-2023-50387) and those on NSEC3 (CVE-2023-50868).
 */
export interface Budget {
  /** Counts a signature check about to be made; false when there must be none any more. */
  takeCheck(): boolean
  /** Counts a check that failed, or a key that could not be used. */
  countFailure(): void
  /** Counts SHA-1 blocks about to be computed; false when there must be none any more. */
  takeBlocks(blocks: number): boolean
  /** Whether no signature may be checked any more. */
  readonly isSpent: boolean
  readonly spent: { readonly checks: number; readonly failedChecks: number; readonly nsec3Blocks: number }
}

export function createBudget(bounds: BudgetBounds = limits.dnssec): Budget {
  return new Means(bounds)
}

/** A class, as every lookup has one: objects with getters of their own take several times as long to make. */
class Means implements Budget {
  readonly spent = { checks: 0, failedChecks: 0, nsec3Blocks: 0 }
  readonly #bounds: BudgetBounds

  constructor(bounds: BudgetBounds) {
    this.#bounds = bounds
  }

  get isSpent(): boolean {
    return this.spent.checks >= this.#bounds.checks || this.spent.failedChecks >= this.#bounds.failedChecks
  }

  takeCheck(): boolean {
    if (this.isSpent) return false
    this.spent.checks++
    return true
  }

  countFailure(): void {
    this.spent.failedChecks++
  }

  takeBlocks(blocks: number): boolean {
    if (this.spent.nsec3Blocks + blocks > this.#bounds.nsec3Blocks) return false
    this.spent.nsec3Blocks += blocks
    return true
  }
}

export interface BudgetBounds {
  readonly checks: number
  readonly failedChecks: number
  readonly nsec3Blocks: number
}
