// What stands in a zone, and what is asked of it: hosts, wildcards, aliases of both kinds, empty non-terminals, cuts.
import type { Question } from '../questions.ts'
import type { Chance } from './chance.ts'
import type { ZonePlan } from './plans.ts'

export interface Content {
  /** Zone text, its names absolute; SOA, NS and delegations are for others to add. */
  readonly lines: readonly string[]
  readonly questions: readonly Question[]
}

/** Octets of every kind, as zone text. */
const labels = [
  'a',
  'mail',
  '_tcp',
  'X9',
  'xn--bcher-kva',
  'under_score',
  '\\000\\255',
  'dot\\.ted',
  '0',
  '-',
  'zz',
  '\\*x',
]

interface Rrset {
  readonly owner: string
  readonly type: string
  readonly data: readonly string[]
}

/** Every zone has these, for aliases of others to point at. */
const always = (origin: string): Rrset[] => [
  { owner: `a.${origin}`, type: 'A', data: ['192.0.2.90'] },
  { owner: `a.${origin}`, type: 'MX', data: [`10 a.${origin}`, `20 b.ent.${origin}`] },
  { owner: `_25._tcp.a.${origin}`, type: 'TLSA', data: [`3 1 1 ${'5a'.repeat(32)}`] },
  { owner: `b.ent.${origin}`, type: 'AAAA', data: ['2001:db8::90'] },
  { owner: `*.wild.${origin}`, type: 'A', data: ['192.0.2.91'] },
  { owner: `*.wild.${origin}`, type: 'TXT', data: ['"expanded"'] },
  { owner: `below.here.wild.${origin}`, type: 'A', data: ['192.0.2.92'] },
  { owner: `*.pointing.${origin}`, type: 'CNAME', data: [`a.${origin}`] },
  { owner: `tree.${origin}`, type: 'DNAME', data: [`wild.${origin}`] },
  { owner: origin, type: 'MX', data: [`10 a.${origin}`] },
]

/** `origins` are those of all zones, for aliases that lead out of this one. */
export function makeContent(chance: Chance, { origin, children }: ZonePlan, origins: readonly string[]): Content {
  const hosts = makeHosts(chance, origin)
  const aliases = makeAliases(chance, origin, { hosts, origins })
  const rrsets = [...always(origin), ...hosts, ...aliases]
  const questions = [
    ...rrsets.flatMap((rrset) => questionsAbout(chance, rrset)),
    ...questionsAround(chance, origin, rrsets),
    ...children.flatMap((child) => questionsAtCut(child.origin)),
  ]
  return {
    lines: rrsets.flatMap(({ owner, type, data }) => data.map((rdata) => `${owner} 3600 IN ${type} ${rdata}`)),
    questions: [...new Map(questions.map((question) => [`${question.name} ${question.type}`, question])).values()],
  }
}

const kinds: readonly (readonly [type: string, data: (number: number, origin: string) => string])[] = [
  ['A', (number) => `192.0.2.${number}`],
  ['AAAA', (number) => `2001:db8::${number.toString(16)}`],
  ['TXT', (number) => `"text ${number}" "\\"\\\\\\200"`],
  ['MX', (number, origin) => `${number} a.${origin}`],
  ['SRV', (number, origin) => `1 ${number} 443 b.ent.${origin}`],
  ['CAA', (number) => `0 issue "ca${number}.alpha"`],
  ['TYPE65333', (number) => `\\# 2 00${number.toString(16).padStart(2, '0')}`],
]

/** At depths of one to three labels, so that there are empty names between. */
function makeHosts(chance: Chance, origin: string): Rrset[] {
  return Array.from({ length: 3 + chance.int(4) }, (_, index) => {
    const owner = `${chance
      .some(labels, chance.int(3))
      .map((label) => `${label}.`)
      .join('')}h${index}.${origin}`
    return chance.some(kinds, 1 + chance.int(3)).map(([type, data]) => ({
      ...{ owner, type },
      data: chance.some([1, 2, 3, 4, 5, 6], 1 + chance.int(2)).map((number) => data(number, origin)),
    }))
  }).flat()
}

/** To names that are there and names that are not, here and elsewhere, one behind the other. */
function makeAliases(
  chance: Chance,
  origin: string,
  { hosts, origins }: { readonly hosts: readonly Rrset[]; readonly origins: readonly string[] },
): Rrset[] {
  const elsewhere = chance.pick(origins)
  const targets = [
    ...[`a.${origin}`, `b.ent.${origin}`, `any.wild.${origin}`, `any.pointing.${origin}`, `x.tree.${origin}`],
    ...[`nothing.${origin}`, `ent.${origin}`, chance.pick(hosts).owner, `alias0.${origin}`],
    ...[`a.${elsewhere}`, `any.wild.${elsewhere}`, `nothing.${elsewhere}`, `any.tree.${elsewhere}`],
  ]
  const isNew = chance.some(targets, 4).filter((target) => target !== `alias0.${origin}`)
  const aliases = isNew.map((target, index) => ({ owner: `alias${index}.${origin}`, type: 'CNAME', data: [target] }))
  const chained = { owner: `chained.${origin}`, type: 'CNAME', data: [`alias${chance.int(isNew.length)}.${origin}`] }
  const grove = { owner: `grove.${origin}`, type: 'DNAME', data: [chance.pick([elsewhere, `ent.${origin}`])] }
  return [...aliases, chained, grove]
}

/** One question that it answers, and sometimes one that it denies. */
function questionsAbout(chance: Chance, { owner, type }: Rrset): Question[] {
  const others = ['A', 'AAAA', 'MX', 'TXT', 'TLSA', 'DS', 'CNAME', 'NS']
  const other = { name: owner, type: chance.pick(others) }
  const own = { name: owner, type }
  const asked = type === 'CNAME' ? [own, { name: owner, type: 'A' }] : [own]
  return chance.happens(0.5) ? [...asked, other] : asked
}

/** Names that are not there, beside and below those that are. */
function questionsAround(chance: Chance, origin: string, rrsets: readonly Rrset[]): Question[] {
  const types = ['A', 'MX', 'TXT', 'TLSA']
  const below = chance.some(rrsets, 3).map(({ owner }) => `x.${owner}`)
  const names = [
    ...[`nothing.${origin}`, `zzz.${origin}`, `x.y.${origin}`, `ent.${origin}`, `x.ent.${origin}`, `_tcp.a.${origin}`],
    ...[
      `x.wild.${origin}`,
      `x.y.wild.${origin}`,
      `here.wild.${origin}`,
      `x.here.wild.${origin}`,
      `x.pointing.${origin}`,
    ],
    ...[`tree.${origin}`, `x.tree.${origin}`, `x.y.tree.${origin}`, `a.grove.${origin}`, `nothing.grove.${origin}`],
    ...below,
  ]
  const apex = ['SOA', 'NS', 'DNSKEY', 'DS', 'MX', 'A', 'TXT'].map((type) => ({ name: origin, type }))
  const wild = ['A', 'TXT', 'MX'].map((type) => ({ name: `any.wild.${origin}`, type }))
  return [...names.map((name) => ({ name, type: chance.pick(types) })), ...wild, ...apex]
}

function questionsAtCut(child: string): Question[] {
  return [
    ...['DS', 'A', 'SOA'].map((type) => ({ name: child, type })),
    { name: `a.${child}`, type: 'A' },
    { name: `nothing.${child}`, type: 'A' },
  ]
}
