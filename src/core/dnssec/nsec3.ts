import { createHash } from 'node:crypto'
import { base32hex } from '../dns/base32hex.ts'
import { fromLatin1, sameOctets } from '../dns/octets.ts'
import { type Nsec3, type Nsec3Parameters, readNsec3 } from '../dns/rdata/records.ts'
import { TYPE } from '../dns/types.ts'
import { limits } from '../limits.ts'
import { mapKnown } from '../lists.ts'
import { type Name, sameName, withoutLabels } from '../name/name.ts'
import type { Budget } from './budget.ts'
import type { VerifiedRrset } from './signature.ts'

export interface Nsec3Record extends Nsec3 {
  /** Base32hex in lower case, which sorts as the octets do. */
  readonly hash: string
  readonly nextHash: string
  readonly optOut: boolean
}

/** NSEC3 hash of a name, in octets. RFC 5155 §5 */
export function nsec3Hash(name: Name, { salt, iterations }: Pick<Nsec3Parameters, 'salt' | 'iterations'>): Uint8Array {
  let digest: Uint8Array = fromLatin1(name.key)
  for (let round = 0; round <= iterations; round++) digest = createHash('sha1').update(digest).update(salt).digest()
  return digest
}

/** SHA-1 blocks that one hash takes, in the unit of the limit. */
export function nsec3Price({ salt, iterations }: Pick<Nsec3Parameters, 'salt' | 'iterations'>): number {
  return (iterations + 1) * (Math.floor((20 + salt.length - 1) / 64) + 1)
}

/** The usable NSEC3 records of this zone: SHA-1, and no flag but opt-out. RFC 5155 §8.1, §8.2 */
export function readNsec3Records(proofs: readonly VerifiedRrset[], zone: Name): Nsec3Record[] {
  return mapKnown(proofs, ({ name, type, rdatas, signer }) => {
    const [rdata, surplus] = rdatas
    if (type !== TYPE.NSEC3 || !sameName(signer, zone) || rdata === undefined || surplus !== undefined) return undefined
    const nsec3 = readNsec3(rdata)
    if (!nsec3.ok || nsec3.value.hashAlgorithm !== 1 || nsec3.value.flags > 1 || nsec3.value.next.length !== 20)
      return undefined
    const hash = name.key.slice(1, 33)
    return { ...nsec3.value, hash, nextHash: base32hex(nsec3.value.next), optOut: nsec3.value.flags === 1 }
  })
}

/** Whether all were made with the same salt and iterations. RFC 5155 §8.2 */
export function areOfOneChain(records: readonly Nsec3Record[]): boolean {
  const [first] = records
  return records.every(
    ({ salt, iterations }) => first !== undefined && iterations === first.iterations && sameOctets(salt, first.salt),
  )
}

/** Looks names up among the records of one chain, each name hashed once, within the budget. */
export interface Nsec3Chain {
  matching(name: Name): Nsec3Record | undefined
  covering(name: Name): Nsec3Record | undefined
  /** Whether a hash was refused, so that nothing found since can be relied on. */
  isSpent(): boolean
}

export function openNsec3Chain(records: readonly Nsec3Record[], budget: Budget): Nsec3Chain {
  const hashes = new Map<string, string | undefined>()
  let isSpent = false
  const hashOf = (name: Name): string | undefined => {
    if (hashes.has(name.key)) return hashes.get(name.key)
    const [parameters] = records
    if (parameters === undefined) return undefined
    const mayHash = hashes.size < limits.dnssec.nsec3HashesPerDenial && budget.takeBlocks(nsec3Price(parameters))
    if (!mayHash) isSpent = true
    const hash = mayHash ? base32hex(nsec3Hash(name, parameters)) : undefined
    hashes.set(name.key, hash)
    return hash
  }
  return {
    matching(name) {
      const hash = hashOf(name)
      return hash === undefined ? undefined : records.find((record) => record.hash === hash)
    },
    covering(name) {
      const hash = hashOf(name)
      return hash === undefined ? undefined : records.find((record) => covers(record, hash))
    },
    isSpent: () => isSpent,
  }
}

/** The last record's span goes round to the first. RFC 5155 §3.1.7 */
function covers({ hash: owner, nextHash: next }: Nsec3Record, hash: string): boolean {
  return owner < next ? owner < hash && hash < next : hash > owner || hash < next
}

export interface CloserProof {
  readonly closestEncloser: Name
  /** Whether an unsigned delegation may stand where the next closer name would. */
  readonly optOut: boolean
}

/**
 * The closest encloser of a name that is not there, the name itself having been looked for. RFC 5155 §8.3
 *
 * Of a name with more ancestors than may be hashed, those nearest to it and those nearest to the zone are looked at: a
 * host far below its zone is the encloser of its `_25._tcp`. Where the encloser lies between them, nothing is proved.
 */
export function proveCloser(chain: Nsec3Chain, name: Name, zone: Name): CloserProof | undefined {
  for (const labels of labelsToTakeOff(name.labelCount - zone.labelCount)) {
    const encloser = withoutLabels(name, labels)
    const record = chain.matching(encloser)
    if (record === undefined) continue
    const { types } = record
    if (types.has(TYPE.DNAME) || (types.has(TYPE.NS) && !types.has(TYPE.SOA))) return undefined
    const covering = chain.covering(withoutLabels(name, labels - 1))
    return covering === undefined ? undefined : { closestEncloser: encloser, optOut: covering.optOut }
  }
  return undefined
}

/** From the nearest ancestor up; one hash is for the name itself, and one is kept for the wildcard. */
function labelsToTakeOff(depth: number): number[] {
  const all = Array.from({ length: depth }, (_, at) => at + 1)
  const most = limits.dnssec.nsec3HashesPerDenial - 2
  return depth <= most ? all : [...all.slice(0, most / 2), ...all.slice(-most / 2)]
}
