import { ConfigError } from '../../../core/config-error.ts'
import type { Question, ResourceRecord } from '../../../core/dns/message.ts'
import { formatRdata } from '../../../core/dns/rdata/format.ts'
import { writeDs } from '../../../core/dns/rdata/write.ts'
import { TYPE } from '../../../core/dns/types.ts'
import type { AddressPlan } from '../addresses.ts'
import { zoneAround } from '../world/undeclared.ts'
import type { Fate, ZoneDeclaration } from '../world/world.ts'
import { answerQuestion, type Sections } from './answer.ts'
import { readOwner, readZoneText } from './text.ts'
import type { ServedZone } from './zone.ts'
import { createZoneMaker, type ZoneMaker } from './zone-maker.ts'

/** All zones of a world, as their name servers have them at the moment. */
export interface Zones {
  /** Origins, and the world address of each one's name server. */
  readonly servers: ReadonlyMap<string, string>
  /** DS records of the root, as zone text: what a validator takes as its anchor. */
  readonly anchors: string
  /** What the name server of this origin says. */
  answer(origin: string, question: Question, dnssecOk: boolean): Sections
  /** What it would have said when the lab started. */
  formerAnswer(origin: string, question: Question, dnssecOk: boolean): Sections
  fateOf(question: Question): Fate | undefined
  /** Adds records, as zone text with absolute names, to the zone around their owner. */
  put(owner: string, text: string, fate?: Fate): void
  /** Takes all records of a type away from an owner. */
  drop(owner: string, type: number): void
  /** Signs every zone anew, by the clock as it is when it is asked next. */
  signAnew(): void
  /** Lets every zone keep the signatures that it has, or would have had by the clock as it is now. */
  keepSignatures(): void
  /** Keeps what the zones are now: from here on a change leaves the former answers as they were. */
  begin(): void
}

interface ZoneState {
  readonly maker: ZoneMaker
  readonly records: ResourceRecord[]
  /** Undefined until somebody asks, and again when something changed. */
  served: ServedZone | undefined
  former: ServedZone | undefined
}

export interface ZonesOptions {
  readonly declarations: readonly ZoneDeclaration[]
  readonly plan: AddressPlan
  /** Milliseconds. */
  readonly now: () => number
}

/** Sets up the declared zones, and a signed zone for the root and each top-level domain that is not declared. */
export function createZones({ declarations, plan, now }: ZonesOptions): Zones {
  const declared = withAncestors(declarations)
  const states = new Map<string, ZoneState>()
  const servers = new Map<string, string>()
  for (const [origin, declaration] of declared) {
    const address = plan.next('nameServer')
    servers.set(origin, address)
    const maker = createZoneMaker(declaration, address)
    states.set(origin, { maker, records: [], served: undefined, former: undefined })
  }
  const fates = new Map<string, Fate>()
  const origins = new Set(declared.keys())
  const stateOf = (origin: string) => {
    const state = states.get(origin)
    if (state === undefined) throw new ConfigError(`no zone in this world is called "${origin}"`)
    return state
  }
  const stateAround = (name: string) => stateOf(zoneAround(name, origins) ?? '.')
  const delegationsFrom = (origin: string): ResourceRecord[] =>
    [...states].flatMap(([child, { maker }]) => (parentOf(child, origins) === origin ? maker.delegation : []))
  let hasBegun = false
  const serve = (origin: string): ServedZone => {
    const state = stateOf(origin)
    state.served ??= state.maker.make([...state.records, ...delegationsFrom(origin)], now())
    return state.served
  }
  /** What the zones were at the start is made only when a change is about to lose it. */
  const beforeChange = () => {
    if (hasBegun) for (const [origin, state] of states) state.former ??= serve(origin)
  }
  return {
    servers,
    anchors: stateOf('.')
      .maker.ds.map((ds) => `. IN DS ${formatRdata(TYPE.DS, writeDs(ds))}\n`)
      .join(''),
    answer: (origin, question, dnssecOk) => answerQuestion([serve(origin)], question, dnssecOk),
    formerAnswer: (origin, question, dnssecOk) =>
      answerQuestion([stateOf(origin).former ?? serve(origin)], question, dnssecOk),
    fateOf: ({ name, type }) => fates.get(`${name.key} ${type}`),
    begin() {
      hasBegun = true
    },
    put(owner, text, fate) {
      beforeChange()
      const state = stateAround(owner)
      const records = readZoneText(text)
      state.records.push(...records)
      state.served = undefined
      for (const { name, type } of records) if (fate !== undefined) fates.set(`${name.key} ${type}`, fate)
    },
    drop(owner, type) {
      beforeChange()
      const state = stateAround(owner)
      const { key } = readOwner(owner)
      const kept = state.records.filter((record) => record.type !== type || record.name.key !== key)
      state.records.splice(0, state.records.length, ...kept)
      state.served = undefined
      fates.delete(`${key} ${type}`)
    },
    signAnew() {
      beforeChange()
      for (const state of states.values()) state.served = undefined
    },
    keepSignatures() {
      for (const origin of states.keys()) serve(origin)
    },
  }
}

/** The declared zones, and usual ones for the root and every top-level domain in use. */
function withAncestors(declarations: readonly ZoneDeclaration[]): Map<string, ZoneDeclaration> {
  const zones = new Map<string, ZoneDeclaration>()
  const tops = declarations.map(({ origin }) => origin.slice(origin.lastIndexOf('.') + 1)).filter((top) => top !== '')
  for (const origin of ['.', ...tops]) zones.set(origin, usualZone(origin))
  for (const declaration of declarations) zones.set(declaration.origin, declaration)
  return zones
}

function usualZone(origin: string): ZoneDeclaration {
  return { kind: 'zone', origin, signed: true, algorithm: 13, denial: 'nsec', iterations: 0, ds: 'right', ttl: 3600 }
}

/** The zone that an origin is delegated from. */
function parentOf(origin: string, origins: ReadonlySet<string>): string | undefined {
  if (origin === '.') return undefined
  const dot = origin.indexOf('.')
  return dot < 0 ? '.' : zoneAround(origin.slice(dot + 1), origins)
}
