// What is asked of the world, of us and of Unbound alike.

export interface Question {
  readonly name: string
  readonly type: string
}

/** One of each kind: positive, NODATA, NXDOMAIN, wildcard, alias, TLSA. */
const few = `
a A
a MX
nothing A
alias A
far A
x.wild TXT
x.wild A
ent A
c.ent A
x.tree A
_25._tcp.a TLSA
_26._tcp.a TLSA
@ DNSKEY
@ DS
`

/** Every kind of answer and denial that the records of a zone allow. */
const all = `${few}
a AAAA
alias2 A
alias CNAME
alias MX
farther A
dangling A
into-broken A
x.wild MX
x.y.wild MX
host.wild TXT
host.wild A
y.host.wild TXT
z.wildalias A
z.wildalias CNAME
b.ent A
tree DNAME
tree A
y.tree A
x.grove A
y.grove A
child DS
odd\\.label TXT
text TXT
service SRV
_tcp.a TLSA
big TXT
@ SOA
@ NS
@ MX
`

const fewOf = ['rsa', 'rsa512', 'p384', 'ed448', 'iterated50', 'iterated200', 'island', 'unknown', 'expired', 'future']
const fewMoreOf = ['plain.dane', 'deep.dane', 'plain.optout', 'unseen']
const allOf = ['dane', 'anchored', 'optout', 'unseen.optout', 'unsigned', 'broken', 'tampered']

function within(zone: string, list: string): Question[] {
  const lines = list.split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const [label = '', type = ''] = line.split(' ')
    return { name: label === '@' ? `${zone}.` : `${label}.${zone}.`, type }
  })
}

/** By zone. Nobody asks for `test.` and its like: Unbound answers them by itself. */
export const questionsByZone: ReadonlyMap<string, readonly Question[]> = new Map([
  ...[...fewOf, ...fewMoreOf].map((zone) => [`${zone}.example`, within(`${zone}.example`, few)] as const),
  ...allOf.map((zone) => [`${zone}.example`, within(`${zone}.example`, all)] as const),
  [
    'the root and example.',
    [
      { name: '.', type: 'SOA' },
      { name: '.', type: 'NS' },
      { name: '.', type: 'DNSKEY' },
      { name: '.', type: 'A' },
      { name: 'example.', type: 'DS' },
      { name: 'example.', type: 'SOA' },
      { name: 'nosuch.', type: 'A' },
      { name: 'x.nosuch.', type: 'DS' },
      { name: 'nosuch.example.', type: 'A' },
      { name: 'ns.example.', type: 'A' },
      { name: 'x.ns.example.', type: 'A' },
      { name: 'A.DaNe.ExAmPlE.', type: 'A' },
    ],
  ],
])

/** Questions whose answers hang on SHA-1 signatures. */
export const sha1Questions: readonly Question[] = [...within('sha1.example', few), ...within('sha1nsec3.example', few)]

/** Denials of a zone with more NSEC3 iterations than we allow, and fewer than Unbound does. */
export const iteratedDenials: readonly Question[] = [
  { name: 'nothing.iterated100.example.', type: 'A' },
  { name: 'a.iterated100.example.', type: 'MX' },
  { name: 'x.wild.iterated100.example.', type: 'TXT' },
]

/** Questions below a delegation to a server that does not have the zone. */
export const lameQuestions: readonly Question[] = ['dane', 'anchored', 'optout', 'unsigned'].flatMap((zone) => [
  { name: `x.child.${zone}.example.`, type: 'A' },
  { name: `child.${zone}.example.`, type: 'MX' },
])

/** Put to the command line with every engine, each time by a process that remembers nothing. */
export const forTheCommandLine: readonly Question[] = [
  { name: 'a.dane.example.', type: 'A' },
  { name: 'a.anchored.example.', type: 'MX' },
  { name: 'nothing.dane.example.', type: 'A' },
  { name: 'nothing.optout.example.', type: 'A' },
  { name: 'x.wild.anchored.example.', type: 'TXT' },
  { name: 'x.wild.dane.example.', type: 'A' },
  { name: 'far.dane.example.', type: 'A' },
  { name: 'x.grove.dane.example.', type: 'A' },
  { name: 'unseen.optout.example.', type: 'DS' },
  { name: 'a.plain.dane.example.', type: 'A' },
  { name: 'a.broken.example.', type: 'A' },
  { name: 'a.expired.example.', type: 'A' },
  { name: '_25._tcp.a.ed448.example.', type: 'TLSA' },
  { name: 'big.rsa.example.', type: 'TXT' },
]
