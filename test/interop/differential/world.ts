// The planned zones, signed, spoilt and served by NSD, Knot and BIND, below a signed root.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ResourceRecord } from '../../../src/core/dns/message.ts'
import { formatRecord } from '../../../src/core/dns/zone-text.ts'
import { formatName } from '../../../src/core/name/text.ts'
import { nameOfText } from '../../support/records.ts'
import { addresses as at } from '../addresses.ts'
import type { Question } from '../questions.ts'
import { addAddresses, type Stage, startUnbound } from '../servers.ts'
import { startServer } from './authorities.ts'
import type { Chance } from './chance.ts'
import { makeContent } from './content.ts'
import { planZones, type Server, type ZonePlan } from './plans.ts'
import { signPlanned, writeUnsigned } from './sign.ts'

/** A question, and the zone that its name lies in. */
export interface Asked extends Question {
  readonly plan: ZonePlan
}

export interface DifferentialWorld {
  readonly rootHints: readonly { readonly address: string; readonly port: number }[]
  /** DS records of the root, as zone text. */
  readonly anchors: string
  readonly questions: readonly Asked[]
}

export interface Size {
  readonly zones: number
  readonly questionsPerZone: number
}

const leafAddress: Readonly<Record<Server, string>> = { nsd: '192.0.2.11', knot: '192.0.2.12', bind: '192.0.2.13' }
const topAddress: Readonly<Record<Server, string>> = { nsd: '192.0.2.21', knot: '192.0.2.22', bind: '192.0.2.23' }

/** The same each time for the same chance, but for keys and signatures. */
export async function buildDifferentialWorld(stage: Stage, chance: Chance, size: Size): Promise<DifferentialWorld> {
  const tops = planZones(chance, size.zones)
  const origins = tops.flatMap(({ children }) => children.map(({ origin }) => origin))
  const building: Building = { stage, chance, origins, size, files: new Map(), questions: [] }
  const root: ZonePlan = {
    origin: '.',
    server: 'nsd',
    signing: {
      ...{ signer: 'waxseal', algorithm: 13, denial: 'nsec', iterations: 0, salt: '' },
      ...{ digestType: 2, ds: 'right', keys: 'split', defect: undefined },
    },
    children: tops,
  }
  const { ds } = buildZone(root, at.root, building)
  addAddresses([at.root, ...Object.values(leafAddress), ...Object.values(topAddress)])
  for (const [address, { server, files }] of building.files) await startServer[server](stage, address, files)
  const anchors = ds.map((record) => `${formatRecord(record)}\n`).join('')
  const hints = `. 3600000 NS ns.\nns. 3600000 A ${at.root}\n`
  // What it knows of other names' absence would answer in the place of the server.
  await startUnbound(stage, at.unbound, { anchors, hints, more: ['aggressive-nsec: no'] })
  writeFileSync(join(stage.folder, 'anchors'), anchors)
  return { rootHints: [{ address: at.root, port: 53 }], anchors, questions: building.questions }
}

interface Building {
  readonly stage: Stage
  readonly chance: Chance
  readonly origins: readonly string[]
  readonly size: Size
  /** By address. */
  readonly files: Map<string, { readonly server: Server; readonly files: Record<string, string> }>
  readonly questions: Asked[]
}

/** Children first: their parent vouches for their keys. */
function buildZone(
  plan: ZonePlan,
  address: string,
  building: Building,
): { readonly ds: readonly ResourceRecord[]; readonly delegation: readonly string[] } {
  const { stage, chance, origins } = building
  const { origin, server, signing, children } = plan
  const isTop = children.length > 0 && origin.split('.').length <= 2
  const delegations = children.flatMap((child) => {
    const where = origin === '.' ? topAddress[child.server] : leafAddress[child.server]
    return buildZone(child, where, building).delegation
  })
  const content = isTop ? { lines: [], questions: questionsAtTop(plan) } : makeContent(chance, plan, origins)
  const text = `${[...apexLines(origin, address), ...content.lines, ...delegations].join('\n')}\n`
  const zone = { origin: nameOfText(origin), name: origin, text }
  const signed =
    signing === undefined
      ? { file: writeUnsigned(stage, zone), ds: [], touched: [] }
      : signPlanned(stage, zone, signing, chance)
  filesAt(address, server, building)[origin] = signed.file
  const touched = [...new Set(signed.touched.map(formatName))].flatMap(questionsAt)
  const others = chance.some(content.questions, Math.max(0, building.size.questionsPerZone - touched.length))
  building.questions.push(...[...touched, ...others].map((question) => ({ ...question, plan })))
  const ns = nameServerOf(origin)
  const delegation = [`${origin} 3600 IN NS ${ns}`, `${ns} 3600 IN A ${address}`, ...signed.ds.map(formatRecord)]
  return { ds: signed.ds, delegation }
}

function filesAt(address: string, server: Server, { files }: Building): Record<string, string> {
  const known = files.get(address) ?? { server, files: {} }
  files.set(address, known)
  return known.files
}

function nameServerOf(origin: string): string {
  return origin === '.' ? 'ns.' : `ns.${origin}`
}

function apexLines(origin: string, address: string): string[] {
  const ns = nameServerOf(origin)
  return [
    `${origin} 3600 IN SOA ${ns} hostmaster.${origin === '.' ? '' : origin} 1 3600 600 86400 300`,
    `${origin} 3600 IN NS ${ns}`,
    `${ns} 3600 IN A ${address}`,
  ]
}

function questionsAt(name: string): Question[] {
  return ['A', 'MX', 'TXT', 'CNAME', 'DS'].map((type) => ({ name, type }))
}

function questionsAtTop({ origin, children }: ZonePlan): Question[] {
  const ofChildren = children.map((child) => ({ name: child.origin, type: 'DS' }))
  const own = ['SOA', 'NS', 'DNSKEY', 'DS', 'A'].map((type) => ({ name: origin, type }))
  return [...ofChildren, ...own, { name: `nothing.${origin === '.' ? '' : origin}`, type: 'A' }]
}
