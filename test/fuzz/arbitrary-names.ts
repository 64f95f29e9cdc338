import fc from 'fast-check'
import { type Name, nameFromLabels, rootName } from '../../src/core/name/name.ts'

/** Octets that zone text must escape, that fold, or that only look as if they did. */
const telling = [0, 9, 10, 32, 34, 36, 40, 41, 42, 46, 59, 64, 65, 90, 91, 92, 97, 122, 127, 128, 192, 222, 223, 255]

const octet = fc.oneof(fc.integer({ min: 0x61, max: 0x66 }), fc.constantFrom(...telling), fc.nat({ max: 255 }))

/** A label of any octets, mostly short, sometimes as long as it may be. RFC 2181 §11 */
export const labels = fc
  .oneof({ weight: 9, arbitrary: fc.nat({ max: 8 }) }, fc.constantFrom(61, 62))
  .chain((more) => fc.array(octet, { minLength: 1, maxLength: 1 + more }))
  .map((octets) => String.fromCharCode(...octets))

/** A name of any octets, the root included, up to 255 octets. */
export const names: fc.Arbitrary<Name> = fc
  .array(labels, { maxLength: 6 })
  .map((parts) => nameFromLabels(parts) ?? rootName)

/** Names that share endings, as those of one message do. */
export const kinNames: fc.Arbitrary<Name> = fc
  .array(fc.constantFrom('a', 'A', 'mx', 'example', '_25', '*'), { maxLength: 5 })
  .map((parts) => nameFromLabels(parts) ?? rootName)
