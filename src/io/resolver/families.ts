import { limits } from '../../core/limits.ts'

/**
 * Whether IPv4 and IPv6 lead anywhere from here: on many machines one of them does not. What is reached by it is asked
 * after the rest then, never left out: a network may come back.
 */
export interface Families {
  noteUnreachable(address: string): void
  noteReached(address: string): void
  /** The addresses in the order given, those of a family that leads nowhere last. */
  order(addresses: readonly string[]): readonly string[]
}

interface Family {
  /** Addresses in a row for which there was no way. */
  unreachable: number
  absentUntil: number
}

export function createFamilies(now: () => number): Families {
  const families = { 4: newFamily(), 6: newFamily() }
  const familyOf = (address: string) => families[address.includes(':') ? 6 : 4]
  const isAbsent = ({ absentUntil }: Family) => absentUntil > 0 && absentUntil > now()
  return {
    noteUnreachable(address) {
      const family = familyOf(address)
      family.unreachable++
      // One address alone may be what cannot be reached.
      if (family.unreachable >= limits.resolver.familyTries) {
        family.absentUntil = now() + limits.resolver.familyPause * 1000
      }
    },
    noteReached(address) {
      const family = familyOf(address)
      family.unreachable = 0
      family.absentUntil = 0
    },
    order(addresses) {
      if (!isAbsent(families[4]) && !isAbsent(families[6])) return addresses
      const leadsNowhere = (address: string) => isAbsent(familyOf(address))
      return [...addresses.filter((address) => !leadsNowhere(address)), ...addresses.filter(leadsNowhere)]
    },
  }
}

function newFamily(): Family {
  return { unreachable: 0, absentUntil: 0 }
}
