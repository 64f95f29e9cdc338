import type { ResourceRecord } from '../../core/dns/message.ts'
import { CLASS, TYPE } from '../../core/dns/types.ts'
import { isAtOrBelow, type Name, nameFromLabels, rootName, withoutLabels } from '../../core/name/name.ts'

/** What is answered here, as no name server should ever be asked. RFC 6761 §6 */
export type SpecialAnswer =
  | { readonly kind: 'records'; readonly records: readonly ResourceRecord[] }
  | { readonly kind: 'nodata' | 'nxdomain' }
  | { readonly kind: 'refuse'; readonly reason: string }

/** RFC 6761 §6.4, RFC 7686 §2, RFC 9476 §3. `test` is left to whoever set up a root that has it. */
const absent = ['invalid', 'onion', 'alt'].map(topLevel)
const localhost = topLevel('localhost')
const local = topLevel('local')

/** Reverse names of addresses that are nobody's in the public DNS. RFC 6303 §4 */
const reverse = [
  ...['0', '10', '127', '254.169', '168.192', '2.0.192', '100.51.198', '113.0.203', '255.255.255.255'],
  ...Array.from({ length: 16 }, (_, step) => `${16 + step}.172`),
].map((labels) => nameOf(`${labels}.in-addr.arpa`))
const reverse6 = [
  `1.${'0.'.repeat(31)}`,
  '0.'.repeat(32),
  'd.f.',
  '8.e.f.',
  '9.e.f.',
  'a.e.f.',
  'b.e.f.',
  '8.b.d.0.1.0.0.2.',
].map((labels) => nameOf(`${labels}ip6.arpa`))

const tops: ReadonlySet<string> = new Set([...absent, localhost, local, topLevel('arpa')].map(({ key }) => key))

/** Undefined for names that are to be looked up. */
export function specialAnswer(name: Name, type: number): SpecialAnswer | undefined {
  if (!tops.has(withoutLabels(name, name.labelCount - 1).key)) return undefined
  if (isAtOrBelow(name, localhost)) return localhostAnswer(name, type)
  if (absent.some((suffix) => isAtOrBelow(name, suffix))) return { kind: 'nxdomain' }
  if (isAtOrBelow(name, local)) return { kind: 'refuse', reason: 'names below local. are for multicast DNS alone' }
  if ([...reverse, ...reverse6].some((suffix) => isAtOrBelow(name, suffix))) return { kind: 'nxdomain' }
  return undefined
}

/** RFC 6761 §6.3 */
function localhostAnswer(name: Name, type: number): SpecialAnswer {
  const rdata =
    type === TYPE.A ? Uint8Array.of(127, 0, 0, 1) : type === TYPE.AAAA ? new Uint8Array(16).fill(1, 15) : undefined
  if (rdata === undefined) return { kind: 'nodata' }
  return { kind: 'records', records: [{ name, type, class: CLASS.IN, ttl: 3600, rdata }] }
}

function topLevel(label: string): Name {
  return nameOf(label)
}

function nameOf(text: string): Name {
  return nameFromLabels(text.split('.')) ?? rootName
}
