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
  const spent = { checks: 0, failedChecks: 0, nsec3Blocks: 0 }
  const isSpent = () => spent.checks >= bounds.checks || spent.failedChecks >= bounds.failedChecks
  return {
    spent,
    get isSpent() {
      return isSpent()
    },
    takeCheck() {
      if (isSpent()) return false
      spent.checks++
      return true
    },
    countFailure() {
      spent.failedChecks++
    },
    takeBlocks(blocks) {
      if (spent.nsec3Blocks + blocks > bounds.nsec3Blocks) return false
      spent.nsec3Blocks += blocks
      return true
    },
  }
}

export interface BudgetBounds {
  readonly checks: number
  readonly failedChecks: number
  readonly nsec3Blocks: number
}
