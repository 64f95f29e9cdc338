import { accept, type Result, refuse } from '../result.ts'

/** An element with its attributes, and either elements or text in it. */
export interface XmlElement {
  readonly name: string
  /** Where it begins, in characters. */
  readonly at: number
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  /** Without the white space around it. */
  readonly text: string
}

/** `xml-doctype` is also of entities, processing instructions and CDATA: none of them is read. */
export type XmlFault = 'xml-syntax' | 'xml-doctype' | 'xml-too-deep' | 'xml-too-large'

export interface XmlBounds {
  readonly depth: number
  readonly elements: number
}

const name = `[A-Za-z_][A-Za-z0-9_.-]*`
const value = `"[^"<&]*"|'[^'<&]*'`
const declaration =
  /^\ufeff?(?:<\?xml\s+version\s*=\s*(?:"1\.0"|'1\.0')(?:\s+encoding\s*=\s*(?:"(?:utf-8|us-ascii)"|'(?:utf-8|us-ascii)'))?(?:\s+standalone\s*=\s*(?:"yes"|'yes'))?\s*\?>)?/i
const comment = /<!--(?:(?!--)[\s\S])*-->/y
const startTag = new RegExp(`<(${name})((?:\\s+${name}\\s*=\\s*(?:${value}))*)\\s*(/?)>`, 'y')
const endTag = new RegExp(`</(${name})\\s*>`, 'y')
const attribute = new RegExp(`(${name})\\s*=\\s*(${value})`, 'g')
const characters = /[^<&]+/y
// Not of XML 1.0, or what stands for octets that were no UTF-8.
const forbidden = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffc}\u{10000}-\u{10ffff}]/u

interface Open extends Omit<XmlElement, 'children' | 'text'> {
  readonly children: XmlElement[]
  text: string
}

/**
 * Reads the part of XML that data needs: elements, attributes, text and comments. Whatever could make a document say
 * something else than what stands there, DOCTYPE and entities before all, is refused, and so is text beside elements.
 */
export function parseStrictXml(text: string, bounds: XmlBounds): Result<XmlElement, XmlFault> {
  const wrong = forbidden.exec(text)
  if (wrong !== null) return refuse('xml-syntax', wrong.index)
  const open: Open[] = []
  let root: XmlElement | undefined
  let elements = 0
  let at = declaration.exec(text)?.[0].length ?? 0
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at
    return pattern.exec(text)
  }

  while (at < text.length) {
    const inside = open.at(-1)
    const [ignored] = take(comment) ?? []
    if (ignored !== undefined) {
      at += ignored.length
      continue
    }
    const [between] = take(characters) ?? []
    if (between !== undefined) {
      if (inside !== undefined) inside.text += between
      else if (between.trim() !== '') return refuse('xml-syntax', at)
      at += between.length
      continue
    }
    const end = take(endTag)
    if (end !== null) {
      if (inside === undefined || inside.name !== end[1]) return refuse('xml-syntax', at)
      const closed = close(inside)
      if (closed === undefined) return refuse('xml-syntax', inside.at)
      open.pop()
      const around = open.at(-1)
      if (around === undefined) root = closed
      else around.children.push(closed)
      at += end[0].length
      continue
    }
    const start = take(startTag)
    if (start === null) return refuse(/^(?:&|<[!?])/.test(text.slice(at, at + 2)) ? 'xml-doctype' : 'xml-syntax', at)
    if (root !== undefined) return refuse('xml-syntax', at)
    if (++elements > bounds.elements) return refuse('xml-too-large', at)
    if (open.length === bounds.depth) return refuse('xml-too-deep', at)
    const attributes = readAttributes(start[2] ?? '')
    if (attributes === undefined || start[3] === '/') return refuse('xml-syntax', at)
    open.push({ name: start[1] ?? '', at, attributes, children: [], text: '' })
    at += start[0].length
  }
  return root === undefined ? refuse('xml-syntax', text.length) : accept(root)
}

/** Undefined when one is given twice. */
function readAttributes(text: string): ReadonlyMap<string, string> | undefined {
  const attributes = new Map<string, string>()
  for (const [, key = '', quoted = ''] of text.matchAll(attribute)) {
    if (attributes.has(key)) return undefined
    attributes.set(key, quoted.slice(1, -1))
  }
  return attributes
}

/** Undefined for text beside elements. */
function close({ name: called, at, attributes, children, text }: Open): XmlElement | undefined {
  const inside = text.trim()
  if (children.length > 0 && inside !== '') return undefined
  return { name: called, at, attributes, children, text: inside }
}
