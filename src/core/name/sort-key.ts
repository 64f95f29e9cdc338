import { labelsOf, type Name } from './name.ts'

/**
 * Text that sorts among others as its name does in canonical order, by code units. RFC 4034 §6.1
 *
 * The labels stand from the root down, each octet one up and each label closed by U+0000: so a name sorts before those
 * below it, and a label before those that it begins.
 */
export function sortKeyOf(name: Name): string {
  let text = ''
  for (const label of labelsOf({ ...name, wire: name.key }).reverse()) {
    for (let at = 0; at < label.length; at++) text += String.fromCharCode(label.charCodeAt(at) + 1)
    text += '\0'
  }
  return text
}
