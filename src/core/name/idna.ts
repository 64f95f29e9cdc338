import { createRequire } from 'node:module'

interface Tr46 {
  toASCII(domain: string, options: Tr46Options): string | null
  toUnicode(domain: string, options: Tr46Options): { domain: string; error: boolean }
}

interface Tr46Options {
  readonly checkBidi: boolean
  readonly checkHyphens: boolean
  readonly checkJoiners: boolean
  readonly useSTD3ASCIIRules: boolean
  readonly transitionalProcessing: boolean
  readonly verifyDNSLength: boolean
}

/** UTS #46, non-transitional: `faß` stays a name of its own. RFC 5891 §4, UTS #46 §4 */
const options: Tr46Options = {
  checkBidi: true,
  checkHyphens: false, // of U-labels alone, see below
  checkJoiners: true,
  useSTD3ASCIIRules: false, // host names are checked afterwards, and MX targets with `_` are seen in the wild
  transitionalProcessing: false,
  verifyDNSLength: true,
}

let loaded: Tr46 | undefined

/** Its tables cost a start more than all else here, and most names are ASCII: loaded when first needed. */
function tr46(): Tr46 {
  loaded ??= createRequire(import.meta.url)('tr46') as Tr46
  return loaded
}

/** The A-label form of a name with U-labels, or with A-labels to be checked; undefined when it is not valid. */
export function toALabels(text: string): string | undefined {
  const ascii = tr46().toASCII(text, options)
  if (ascii === null || ascii === '') return undefined
  const aLabels = ascii.split('.').filter((label) => label.startsWith('xn--'))
  return aLabels.every(hasSoundHyphens) ? ascii : undefined
}

/** RFC 5891 §4.2.3.1 bars hyphens third and fourth, first and last from U-labels; `r3---sn` beside one may stand. */
function hasSoundHyphens(aLabel: string): boolean {
  return tr46().toASCII(aLabel, { ...options, checkHyphens: true }) === aLabel
}

/** The U-label form for showing people; undefined when there is none, or it is the same. */
export function toULabels(domain: string): string | undefined {
  const { domain: text, error } = tr46().toUnicode(domain, options)
  return error || text === domain ? undefined : text
}
