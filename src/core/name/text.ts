import { accept, type Result, refuse } from '../result.ts'
import { labelsOf, type Name, nameFromLabels, prependLabels, rootName } from './name.ts'

/** Why zone text is no name. */
export type NameFault = 'empty' | 'empty-label' | 'label-or-name-too-long' | 'bad-escape' | 'not-octets' | 'no-origin'

/**
 * Reads a name of zone text: `\DDD` and `\X` escapes; without a final dot it is relative to `origin`, and refused when
 * that is null. RFC 1035 §5.1, RFC 4343 §2.1
 */
export function parseName(text: string, origin: Name | null = rootName): Result<Name, NameFault> {
  if (text === '') return refuse('empty')
  if (text === '.') return accept(rootName)
  if (text === '@') return origin === null ? refuse('no-origin') : accept(origin)
  const labels: string[] = []
  let label = ''
  let at = 0
  while (at < text.length) {
    const character = text.charAt(at)
    if (character === '.') {
      if (label === '') return refuse('empty-label', at)
      labels.push(label)
      label = ''
      at++
      continue
    }
    const octet = readOctet(text, at)
    if (octet === undefined) return refuse(character === '\\' ? 'bad-escape' : 'not-octets', at)
    label += octet.value
    at += octet.length
  }
  const isAbsolute = label === ''
  if (!isAbsolute) labels.push(label)
  if (!isAbsolute && origin === null) return refuse('no-origin', at)
  const name = isAbsolute || origin === null ? nameFromLabels(labels) : prependLabels(labels, origin)
  return name === undefined ? refuse('label-or-name-too-long') : accept(name)
}

/** One octet of text, escaped or plain, as the character of its value. */
export function readOctet(text: string, at: number): { value: string; length: number } | undefined {
  const character = text.charAt(at)
  if (character !== '\\') return character <= '\x7f' ? { value: character, length: 1 } : undefined
  const digits = /^\d{3}/.exec(text.slice(at + 1, at + 4))?.[0]
  if (digits !== undefined) {
    const code = Number(digits)
    return code > 255 ? undefined : { value: String.fromCharCode(code), length: 4 }
  }
  const next = text.charAt(at + 1)
  return next === '' || next > '\x7f' || /\d/.test(next) ? undefined : { value: next, length: 2 }
}

/** Zone text of a name, with its final dot; every octet that could mislead a reader or a parser is escaped. */
export function formatName(name: Name): string {
  if (name.labelCount === 0) return '.'
  return `${labelsOf(name).map(formatLabel).join('.')}.`
}

function formatLabel(label: string): string {
  if (/^[A-Za-z0-9_*-]*$/.test(label)) return label
  return label.replace(/[^A-Za-z0-9_*+=/!#%&',:<>?[\]^`{|}~-]/g, (octet) =>
    octet > ' ' && octet < '\x7f' ? `\\${octet}` : `\\${String(octet.charCodeAt(0)).padStart(3, '0')}`,
  )
}
