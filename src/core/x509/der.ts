/** One element of DER: its tag octet, where its content lies, and where it ends. X.690 §8.1 */
export interface DerElement {
  readonly tag: number
  readonly start: number
  readonly content: number
  readonly end: number
}

export const DER = { INTEGER: 0x02, BIT_STRING: 0x03, OID: 0x06, SEQUENCE: 0x30, CONTEXT_0: 0xa0 } as const

/**
 * The element at `at`, which must end at or before `limit`; undefined when it does not, or is no DER: lengths in the
 * shortest form, tags of one octet. X.690 §10.1
 */
export function readElement(octets: Uint8Array, at: number, limit: number = octets.length): DerElement | undefined {
  const tag = octets[at]
  const first = octets[at + 1]
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined
  if (first < 0x80) return within({ tag, start: at, content: at + 2, end: at + 2 + first }, limit)
  const count = first & 0x7f
  if (count === 0 || count > 4 || at + 2 + count > limit) return undefined
  let length = 0
  for (const octet of octets.subarray(at + 2, at + 2 + count)) length = length * 256 + octet
  const isShortest = length >= 0x80 && length >= 256 ** (count - 1)
  const content = at + 2 + count
  return isShortest ? within({ tag, start: at, content, end: content + length }, limit) : undefined
}

function within(element: DerElement, limit: number): DerElement | undefined {
  return element.end <= limit ? element : undefined
}

/** The elements inside one, in order; undefined when they do not fill it. */
export function readChildren(octets: Uint8Array, parent: DerElement): DerElement[] | undefined {
  const children: DerElement[] = []
  for (let at = parent.content; at < parent.end; ) {
    const child = readElement(octets, at, parent.end)
    if (child === undefined) return undefined
    children.push(child)
    at = child.end
  }
  return children
}
