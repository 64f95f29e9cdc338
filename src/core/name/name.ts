import { limits } from '../limits.ts'

/**
 * A domain name as DNS has it: labels of any octets, absolute. RFC 1035 §3.1
 *
 * Octets stand in strings as the characters U+0000 to U+00FF, so that names are immutable, compare with `===` and
 * key a `Map`. Two names are the same name when their `key` is equal (RFC 4343); `wire` keeps the case received.
 */
export interface Name {
  /** The uncompressed wire form, length octets and final zero included. */
  readonly wire: string
  /** `wire` with ASCII letters in lower case, and nothing else folded. */
  readonly key: string
  /** How many labels it has; the root has none. */
  readonly labelCount: number
}

export const rootName: Name = { wire: '\0', key: '\0', labelCount: 0 }

/**
 * A name of these labels, leftmost first; undefined when a label is empty or over 63 octets, or the name over 255.
 */
export function nameFromLabels(labels: readonly string[]): Name | undefined {
  let wire = ''
  for (const label of labels) {
    if (label.length === 0 || label.length > limits.names.labelOctets) return undefined
    wire += String.fromCharCode(label.length) + label
  }
  return nameFromWire(`${wire}\0`, labels.length)
}

function nameFromWire(wire: string, labelCount: number): Name | undefined {
  if (wire.length > limits.names.octets) return undefined
  return { wire, key: foldCase(wire), labelCount }
}

/** Lower-cases ASCII letters alone. Length octets are below 64, so whole wire names may be folded. RFC 4343 §3 */
export function foldCase(octets: string): string {
  for (let at = 0; at < octets.length; at++) {
    const octet = octets.charCodeAt(at)
    if (octet >= 0x41 && octet <= 0x5a) return octets.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  }
  return octets
}

export function sameName(one: Name, other: Name): boolean {
  return one.key === other.key
}

/** The labels, leftmost first, in the case received. */
export function labelsOf(name: Name): string[] {
  const labels: string[] = []
  for (let at = 0; at < name.wire.length - 1; ) {
    const length = name.wire.charCodeAt(at)
    labels.push(name.wire.slice(at + 1, at + 1 + length))
    at += 1 + length
  }
  return labels
}

/** The name without its `count` leftmost labels; the root when there are no more. */
export function withoutLabels(name: Name, count: number): Name {
  if (count <= 0) return name
  if (count >= name.labelCount) return rootName
  let at = 0
  for (let left = count; left > 0; left--) at += 1 + name.wire.charCodeAt(at)
  return { wire: name.wire.slice(at), key: name.key.slice(at), labelCount: name.labelCount - count }
}

/** The name one label up; undefined for the root. */
export function parentOfName(name: Name): Name | undefined {
  return name.labelCount === 0 ? undefined : withoutLabels(name, 1)
}

/** The key of the name one label up, for looking up many without making the names; never of the root. */
export function keyAbove(key: string): string {
  return key.slice(1 + key.charCodeAt(0))
}

/** Whether `name` is `ancestor` or lies below it. */
export function isAtOrBelow(name: Name, ancestor: Name): boolean {
  if (name.labelCount <= ancestor.labelCount) return name.key === ancestor.key
  // Nothing is made for it: this is asked of every record that comes.
  let at = 0
  for (let left = name.labelCount - ancestor.labelCount; left > 0; left--) at += 1 + name.key.charCodeAt(at)
  return name.key.length - at === ancestor.key.length && name.key.endsWith(ancestor.key)
}

export function isBelow(name: Name, ancestor: Name): boolean {
  return name.labelCount > ancestor.labelCount && isAtOrBelow(name, ancestor)
}

/** `labels` put before `name`, undefined when the result is no name. */
export function prependLabels(labels: readonly string[], name: Name): Name | undefined {
  return nameFromLabels([...labels, ...labelsOf(name)])
}

/** The name with everything from `suffix` up replaced by `target`; undefined when too long. RFC 6672 §2.2 */
export function replaceSuffix(name: Name, suffix: Name, target: Name): Name | undefined {
  return prependLabels(labelsOf(name).slice(0, name.labelCount - suffix.labelCount), target)
}

/** The longest name that both are at or below. */
export function commonAncestor(one: Name, other: Name): Name {
  let left = withoutLabels(one, one.labelCount - other.labelCount)
  let right = withoutLabels(other, other.labelCount - one.labelCount)
  while (left.key !== right.key) {
    left = withoutLabels(left, 1)
    right = withoutLabels(right, 1)
  }
  return left
}

/** Whether the leftmost label is exactly `*`. RFC 4592 §2.1.1 */
export function isWildcard(name: Name): boolean {
  return name.key.startsWith('\x01*')
}

/** Canonical order of names: by label from the root, as lower-case unsigned octets. RFC 4034 §6.1 */
export function compareNames(one: Name, other: Name): number {
  const left = keyLabels(one)
  const right = keyLabels(other)
  for (let step = 1; step <= Math.min(left.length, right.length); step++) {
    const a = left[left.length - step] as string
    const b = right[right.length - step] as string
    if (a !== b) return a < b ? -1 : 1
  }
  return left.length - right.length
}

function keyLabels(name: Name): string[] {
  return labelsOf({ wire: name.key, key: name.key, labelCount: name.labelCount })
}
