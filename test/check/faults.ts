import { daneFaults } from './faults/dane.ts'
import type { Fault } from './faults/fault.ts'
import { generalFaults } from './faults/general.ts'
import { hostsFaults } from './faults/hosts.ts'
import { mxFaults } from './faults/mx.ts'
import { stsFaults } from './faults/sts.ts'
import { tlsrptFaults } from './faults/tlsrpt.ts'

/** What may be wrong with a domain, each fault planted in a domain of its own. */
export const faults: readonly Fault[] = [
  ...generalFaults,
  ...daneFaults,
  ...mxFaults,
  ...stsFaults,
  ...tlsrptFaults,
  ...hostsFaults,
]
