/** What must come of a question. */
export type Expected =
  | { readonly status: 'secure' | 'insecure'; readonly answer: readonly string[] }
  | { readonly status: 'secure' | 'insecure'; readonly denial: 'NOERROR' | 'NXDOMAIN' }
  | { readonly status: 'bogus' }

/** A world of ours that is kept as a recording. */
export interface World {
  /** Of the file. */
  readonly name: string
  /** One line: what it shows. */
  readonly claim: string
  /** `zone` lines, as docs/lab.md has them. */
  readonly zones: string
  /** Days that pass before the question, if any. */
  readonly questions: readonly (readonly [question: string, expected: Expected, days?: number])[]
}

const secure = (...answer: string[]): Expected => ({ status: 'secure', answer })
const insecure = (...answer: string[]): Expected => ({ status: 'insecure', answer })
const nodata = (status: 'secure' | 'insecure'): Expected => ({ status, denial: 'NOERROR' })
const nxdomain = (status: 'secure' | 'insecure'): Expected => ({ status, denial: 'NXDOMAIN' })
const bogus: Expected = { status: 'bogus' }

const content = `
zone mx.alpha.example A 203.0.113.1
zone _25._tcp.mx.alpha.example TLSA 3 1 1 8cb0fc6c527506a053f4f14c8464bebbd6dede2738d11468dd953d7d6a3021f1
zone *.wild.alpha.example A 203.0.113.2
zone alias.alpha.example CNAME mx.alpha.example
zone walias.alpha.example CNAME any.wild.alpha.example
zone old.alpha.example DNAME new.alpha.example
zone host.new.alpha.example A 203.0.113.3
zone ent.below.alpha.example TXT "text"
zone plain.alpha.example signed=no
zone mx.plain.alpha.example A 203.0.113.4
`

/** In a zone with opt-out what rests on a name's not being there is insecure. RFC 5155 §12.2 */
function usualQuestions(open: 'secure' | 'insecure'): World['questions'] {
  const either = (...answer: string[]): Expected => ({ status: open, answer })
  return [
    ['mx.alpha.example. A', secure('203.0.113.1')],
    [
      '_25._tcp.mx.alpha.example. TLSA',
      secure('3 1 1 8cb0fc6c527506a053f4f14c8464bebbd6dede2738d11468dd953d7d6a3021f1'),
    ],
    ['any.wild.alpha.example. A', either('203.0.113.2')],
    ['any.wild.alpha.example. TLSA', nodata(open)],
    ['alias.alpha.example. A', secure('203.0.113.1')],
    ['walias.alpha.example. A', either('203.0.113.2')],
    ['host.old.alpha.example. A', secure('203.0.113.3')],
    ['nobody.old.alpha.example. A', nxdomain(open)],
    ['mx.alpha.example. AAAA', nodata('secure')],
    ['below.alpha.example. A', nodata('secure')],
    ['nobody.alpha.example. A', nxdomain(open)],
    ['plain.alpha.example. DS', nodata(open)],
    ['mx.plain.alpha.example. A', insecure('203.0.113.4')],
  ]
}

const algorithms = ['ecdsap256', 'ecdsap384', 'ed25519', 'ed448']
const denials = ['nsec', 'nsec3', 'opt-out']

const usual = algorithms.flatMap((algorithm) =>
  denials.map((denial): World => {
    const open = denial === 'opt-out' ? 'insecure' : 'secure'
    return {
      name: `${algorithm}-${denial}`,
      claim: `every kind of answer of a zone signed with ${algorithm}, denials by ${denial}`,
      zones: `zone . algorithm=${algorithm}\nzone example algorithm=${algorithm}\nzone alpha.example algorithm=${algorithm} denial=${denial}\n${content}`,
      questions: usualQuestions(open),
    }
  }),
)

const host = 'zone mx.alpha.example A 203.0.113.1\n'
const question = 'mx.alpha.example. A'

/** Worlds in which one rule decides. */
const rules: readonly World[] = [
  {
    name: 'ds-unknown-algorithm',
    claim: 'a zone whose only DS is of an unknown algorithm is insecure (RFC 4035 §5.2)',
    zones: `zone alpha.example ds=unknown-algorithm\n${host}`,
    questions: [[question, insecure('203.0.113.1')]],
  },
  {
    name: 'ds-unknown-digest',
    claim: 'a zone whose only DS has an unknown digest is insecure (RFC 6840 §5.2)',
    zones: `zone alpha.example ds=unknown-digest\n${host}`,
    questions: [[question, insecure('203.0.113.1')]],
  },
  {
    name: 'ds-wrong',
    claim: 'a zone whose DS fits none of its keys is bogus (RFC 4035 §5.2)',
    zones: `zone alpha.example ds=wrong\n${host}`,
    questions: [
      [question, bogus],
      ['nobody.alpha.example. A', bogus],
    ],
  },
  {
    name: 'ds-none',
    claim: 'a signed zone without DS is insecure, as an island (RFC 4035 §4.3)',
    zones: `zone alpha.example ds=none\n${host}`,
    questions: [
      [question, insecure('203.0.113.1')],
      ['nobody.alpha.example. A', nxdomain('insecure')],
    ],
  },
  {
    name: 'nsec3-iterations-50',
    claim: 'denials with 50 iterations are secure (RFC 9276 §3.2)',
    zones: `zone alpha.example denial=nsec3 iterations=50\n${host}`,
    questions: [
      [question, secure('203.0.113.1')],
      ['nobody.alpha.example. A', nxdomain('secure')],
    ],
  },
  {
    name: 'nsec3-iterations-51',
    claim: 'denials with more than 50 iterations are insecure, data is not (RFC 9276 §3.2)',
    zones: `zone alpha.example denial=nsec3 iterations=51\n${host}zone plain.alpha.example signed=no\nzone mx.plain.alpha.example A 203.0.113.4\n`,
    questions: [
      [question, secure('203.0.113.1')],
      ['nobody.alpha.example. A', nxdomain('insecure')],
      ['mx.plain.alpha.example. A', insecure('203.0.113.4')],
    ],
  },
  {
    name: 'signatures-ending',
    claim: 'signatures count until they end, after two weeks, and no longer (RFC 4035 §5.3.1)',
    zones: `zone alpha.example\n${host}`,
    questions: [
      [question, secure('203.0.113.1')],
      [question, secure('203.0.113.1'), 13],
      [question, bogus, 2],
    ],
  },
  {
    name: 'algorithms-mixed',
    claim: 'every zone may have an algorithm of its own (RFC 6840 §5.11)',
    zones: `zone . algorithm=ed448\nzone example algorithm=ecdsap384 denial=opt-out\nzone alpha.example algorithm=ed25519 denial=nsec3\n${host}zone alias.alpha.example CNAME mx.beta.example\nzone beta.example algorithm=rsasha256\nzone mx.beta.example A 203.0.113.9\n`,
    questions: [
      [question, secure('203.0.113.1')],
      ['alias.alpha.example. A', secure('203.0.113.9')],
      ['nobody.alpha.example. A', nxdomain('secure')],
      ['nobody.beta.example. A', nxdomain('secure')],
    ],
  },
  {
    name: 'alias-out-of-the-chain',
    claim: 'an alias into an unsigned zone is insecure, and one into a bogus zone bogus (RFC 4035 §5.3)',
    zones: `zone alpha.example\nzone alias.alpha.example CNAME mx.plain.example\nzone worse.alpha.example CNAME mx.broken.example\nzone plain.example signed=no\nzone mx.plain.example A 203.0.113.4\nzone broken.example ds=wrong\nzone mx.broken.example A 203.0.113.5\n`,
    questions: [
      ['alias.alpha.example. A', insecure('203.0.113.4')],
      ['worse.alpha.example. A', bogus],
    ],
  },
]

export const worlds: readonly World[] = [...usual, ...rules]
