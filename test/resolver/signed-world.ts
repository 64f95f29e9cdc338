import type { Message, Question } from '../../src/core/dns/message.ts'
import { parseTrustAnchors, type TrustAnchor } from '../../src/core/dnssec/anchors.ts'
import type { Resolution } from '../../src/core/dnssec/resolution.ts'
import type { Endpoint } from '../../src/io/network.ts'
import type { ResolverOptions } from '../../src/io/resolver/create-resolver.ts'
import { createAddressPlan } from '../../src/programs/lab/addresses.ts'
import { answerRecursively, type Sections } from '../../src/programs/lab/dns/answer.ts'
import { originFor } from '../../src/programs/lab/dns/text.ts'
import { createZones, type Zones } from '../../src/programs/lab/dns/zones.ts'
import { parseWorld } from '../../src/programs/lab/world/parse.ts'
import type { Asked, Behaviour, Server } from './fake-exchange.ts'
import { type MemoryResolver, memoryResolver, start } from './memory-resolver.ts'

export type Engine = 'forward' | 'iterate'
export const engines: readonly Engine[] = ['forward', 'iterate']

/** What an attacker or a fault makes of a reply; undefined lets it pass. */
export type Change = (message: Message, asked: Asked) => Behaviour | undefined

/** Signed zones from the root down, and their servers, in memory. */
export interface SignedWorld {
  readonly zones: Zones
  readonly anchors: readonly TrustAnchor[]
  readonly rootHints: readonly Endpoint[]
  /** Address of the name server of a zone. */
  serverOf(origin: string): string
  /** A resolver in this world; of two recursive servers when it forwards. */
  resolver(engine: Engine, change?: Change, options?: Partial<ResolverOptions>): MemoryResolver
  /** Moves the time by which zones are signed. Milliseconds since 1970. */
  signAt(now: number): void
}

/** The world of a text of `zone` lines, as docs/lab.md has them, signed at `start`. */
export function signedWorld(text: string): SignedWorld {
  const world = parseWorld(`world in memory\n${text}`)
  if (!world.ok) throw new Error(`no world: ${world.fault}`)
  const declarations = world.value.setting.flatMap((one) => (one.kind === 'zone' ? [one] : []))
  let now = start
  const zones = createZones({ declarations, plan: createAddressPlan(new Set()), now: () => now })
  for (const one of world.value.setting) if (one.kind === 'record') zones.put(one.owner, one.text)
  const anchors = parseTrustAnchors(zones.anchors)
  if (!anchors.ok) throw new Error(`no anchors: ${anchors.fault}`)
  const rootHints = [{ address: zones.servers.get('.') ?? '', port: 53 }]
  return {
    zones,
    anchors: anchors.value,
    rootHints,
    serverOf: (origin) => zones.servers.get(origin) ?? '',
    resolver(engine, change, options = {}) {
      const server = serverFor(engine, zones, change)
      const servers = ['192.0.2.1', '192.0.2.2'].map((address) => ({ address, port: 53 }))
      return memoryResolver(server, { engine, servers, rootHints, trustAnchors: anchors.value, ...options })
    },
    signAt(at) {
      now = at
      zones.signAnew()
    },
  }
}

function serverFor(engine: Engine, zones: Zones, change: Change = () => undefined): Server {
  const origins = new Set(zones.servers.keys())
  const origin = new Map([...zones.servers].map(([name, address]) => [address, name]))
  const say = (question: Question) => zones.answer(originFor(question, origins), question, true)
  return (asked) => {
    const question = { name: asked.name, type: asked.type, class: 1 }
    const own = origin.get(asked.server) ?? '.'
    const sections = engine === 'iterate' ? zones.answer(own, question, true) : answerRecursively(say, question)
    if (sections === undefined) return 'timeout'
    const message = messageOf(asked, sections, engine)
    return change(message, asked) ?? message
  }
}

function messageOf({ query }: Asked, sections: Sections, engine: Engine): Message {
  const isAuthoritative = engine === 'iterate' && sections.isAuthoritative
  return { ...query, ...sections, isResponse: true, isAuthoritative, recursionAvailable: engine === 'forward' }
}

/** `secure`, `insecure` with its reason, or why it failed with its reason. */
export function verdictOf(resolution: Resolution): string {
  if (resolution.kind === 'failure') return `${resolution.why}: ${resolution.reason}`
  return resolution.status === 'secure' ? 'secure' : `insecure: ${resolution.evidence.reason}`
}
