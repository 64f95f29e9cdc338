// Which zones there are: of every algorithm and kind of denial, by every signer, on every server, whole and broken.
import type { Chance } from './chance.ts'
import { type DefectName, defectNames } from './defects.ts'

export const servers = ['nsd', 'knot', 'bind'] as const
export type Server = (typeof servers)[number]

export const signers = ['waxseal', 'ldns', 'bind', 'knot'] as const
export type Signer = (typeof signers)[number]

/** Of DNSSEC, by number. RFC 8624 §3.1 */
export const algorithms = [5, 7, 8, 10, 13, 14, 15, 16] as const
export type AlgorithmNumber = (typeof algorithms)[number]

export const denials = ['nsec', 'nsec3', 'opt-out'] as const
export type Denial = (typeof denials)[number]

/** What the parent says of a signed zone, if not what its key is. */
export const delegations = ['right', 'none', 'wrong', 'unknown-algorithm', 'unknown-digest', 'beside-wrong'] as const

export interface Signing {
  readonly signer: Signer
  readonly algorithm: AlgorithmNumber
  readonly denial: Denial
  /** Of NSEC3. */
  readonly iterations: number
  /** Of NSEC3, in hex. */
  readonly salt: string
  /** Of the DS record. */
  readonly digestType: 1 | 2 | 4
  readonly ds: (typeof delegations)[number]
  /** One key for all, one for the keys and one for the rest, or two of each. */
  readonly keys: 'single' | 'split' | 'double'
  readonly defect: DefectName | undefined
}

export interface ZonePlan {
  /** With the final dot. */
  readonly origin: string
  readonly server: Server
  /** Undefined for an unsigned zone. */
  readonly signing: Signing | undefined
  readonly children: readonly ZonePlan[]
}

export const topLevels = ['alpha.', 'beta.', 'gamma.'] as const

const whole: Signing = {
  ...{ signer: 'waxseal', algorithm: 13, denial: 'nsec', iterations: 0, salt: '' },
  ...{ digestType: 2, ds: 'right', keys: 'split', defect: undefined },
}

/** The top-level zones with all zones below them; as many zones of their own as `count` says. */
export function planZones(chance: Chance, count: number): ZonePlan[] {
  const all = Array.from({ length: count }, (_, index) => planZone(chance, index))
  return topLevels.map((origin, place) => ({
    origin,
    server: servers[place] ?? 'nsd',
    signing: { ...whole, algorithm: [13, 8, 15][place] as AlgorithmNumber, denial: denials[place] ?? 'nsec' },
    children: all.filter((plan) => plan.origin.endsWith(`.${origin}`)),
  }))
}

/** By turns, so that a few dozen zones have all of it; what goes with what is left to chance. */
function planZone(chance: Chance, index: number): ZonePlan {
  const origin = `z${index}.${chance.pick(topLevels)}`
  const signing = index % 12 === 11 ? undefined : planSigning(chance, index)
  const server = serverFor(servers[(index + Math.floor(index / 3)) % 3] as Server, signing)
  const children = chance.happens(0.5) ? [planChild(chance, origin, server)] : []
  return { origin, server, signing, children }
}

/** Knot 3.2 may crash over zones in which names are missing that others speak of. */
function serverFor(server: Server, signing: Signing | undefined): Server {
  return server === 'knot' && signing?.defect?.endsWith('missing') === true ? 'bind' : server
}

/** On the server of its parent, where no referral shows the cut, or on another. */
function planChild(chance: Chance, parent: string, server: Server): ZonePlan {
  const signing = chance.happens(0.3) ? undefined : planSigning(chance, undefined)
  return {
    origin: `child.${parent}`,
    server: serverFor(chance.happens(0.5) ? server : chance.pick(servers), signing),
    signing,
    children: [],
  }
}

function planSigning(chance: Chance, index: number | undefined): Signing {
  const algorithm = index === undefined ? chance.pick(algorithms) : (algorithms[index % algorithms.length] ?? 13)
  const isBroken = index === undefined ? chance.happens(0.1) : index % 2 === 0
  const defect = isBroken ? defectOf(chance, index) : undefined
  const others = chance.pick(['ldns', 'bind', 'knot'] as const)
  const signer = defect !== undefined || chance.happens(0.3) ? 'waxseal' : others
  const isMisled = defect === undefined && chance.happens(0.25)
  return {
    signer,
    algorithm,
    // Algorithm 5 has no NSEC3: that is what 7 is for. RFC 5155 §2
    denial: algorithm === 5 ? 'nsec' : chance.pick(denials),
    iterations: chance.pick([0, 0, 0, 1, 10, 50]),
    salt: chance.pick(['', '', 'ab', '00ff17aabbccddee']),
    digestType: chance.pick([2, 2, 4, 1]),
    ds: isMisled ? chance.pick(delegations) : 'right',
    keys: chance.pick(keysOf(algorithm, defect)),
    defect,
  }
}

/** RSA keys of one kind are all the same here, as they take time to make. */
function keysOf(algorithm: AlgorithmNumber, defect: DefectName | undefined): readonly Signing['keys'][] {
  if (defect === 'key missing' || defect === 'key changed') return ['split'] // one key would not have the right flag
  return algorithm > 10 ? ['single', 'split', 'double'] : ['single', 'split']
}

function defectOf(chance: Chance, index: number | undefined): DefectName {
  return index === undefined ? chance.pick(defectNames) : (defectNames[(index / 2) % defectNames.length] as DefectName)
}
