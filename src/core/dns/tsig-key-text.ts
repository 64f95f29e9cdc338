import { limits } from '../limits.ts'
import { type Result, refuse } from '../result.ts'
import { makeTsigKey, type TsigKey, type TsigKeyFault, type TsigKeyFields } from './tsig-key.ts'

/** Why text holds no key that could be used. */
export type TsigTextFault = TsigKeyFault | 'empty' | 'too-long' | 'syntax' | 'several'

/** The fields of one key as they are found; each once. */
type Found = Partial<TsigKeyFields>

/**
 * Reads the one key of a file, in any of the forms in which keys are handed on:
 *
 * `key "NAME" { algorithm hmac-sha256; secret "..."; };`, which is BIND's (`tsig-keygen`); `key:` with `id` (or `name`),
 * `algorithm` and `secret` below it, as Knot and NSD have it (`keymgr -t`); or `hmac-sha256:NAME:SECRET`, as `nsupdate -y`
 * takes it, where the algorithm may be left out.
 */
export function parseTsigKey(text: string): Result<TsigKey, TsigTextFault> {
  if (text.length > limits.writing.keyFileOctets) return refuse('too-long', limits.writing.keyFileOctets)
  const start = text.replace(/^(?:\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/, '')
  if (start === '') return refuse('empty')
  const found = /^key\s*:/.test(start) ? readIndented(text) : /^key\s/.test(start) ? readBraced(text) : readLine(start)
  if (found === undefined) return refuse('syntax')
  const [fields, another] = found
  if (fields === undefined) return refuse('empty')
  if (another !== undefined) return refuse('several')
  const { name, algorithm, secret } = fields
  if (name === undefined || algorithm === undefined || secret === undefined) return refuse('syntax')
  return makeTsigKey({ name, algorithm, secret })
}

/** What is wrong, in words that go behind the name of a file. */
export const tsigFaultText: Readonly<Record<TsigTextFault, string>> = {
  empty: 'there is no key in it',
  'too-long': `it is longer than ${limits.writing.keyFileOctets} octets`,
  syntax: 'it is in no form of a key: key "NAME" { algorithm hmac-sha256; secret "..."; }; or hmac-sha256:NAME:SECRET',
  several: 'there are several keys in it: leave the one that is meant',
  name: 'the name of the key is no domain name',
  algorithm: 'its algorithm is none of hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384 and hmac-sha512',
  weak: 'HMAC-MD5 must not be used any more: make a key with tsig-keygen -a hmac-sha256',
  truncation: 'its algorithm cuts MACs shorter than may be, or to bits that are no octets',
  secret: 'its secret is no base64',
}

/** A field into the key that it belongs to; whether it was free. */
function set(fields: Found, field: keyof TsigKeyFields, value: string): Found | undefined {
  return fields[field] === undefined ? { ...fields, [field]: value } : undefined
}

function readLine(text: string): Found[] | undefined {
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  const found = lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line): Found | undefined => {
      const [, algorithm = 'hmac-sha256', name, secret] = /^(?:([^\s:]+):)?([^\s:]+):([^\s:]+)$/.exec(line) ?? []
      return name === undefined || secret === undefined ? undefined : { algorithm, name, secret }
    })
  return found.every((fields) => fields !== undefined) ? found : undefined
}

const indentedFields: Readonly<Record<string, keyof TsigKeyFields>> = {
  ...{ id: 'name', name: 'name', algorithm: 'algorithm', secret: 'secret' },
}

/** Knot's and NSD's: a list below `key:`, or a `key:` for each. */
function readIndented(text: string): Found[] | undefined {
  const found: Found[] = []
  let isNew = true
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:#.*)?$/.test(line)) continue
    if (/^\s*key\s*:\s*(?:#.*)?$/.test(line)) {
      isNew = true
      continue
    }
    const [, dash, field = '', quoted, plain] =
      /^\s*(-\s+)?([a-z]+)\s*:\s*(?:"([^"\\]*)"|([^\s"#]+))\s*(?:\s#.*)?$/.exec(line) ?? []
    const known = Object.hasOwn(indentedFields, field) ? indentedFields[field] : undefined
    if (known === undefined) return undefined
    const before = isNew || dash !== undefined ? {} : found.pop()
    const fields = before === undefined ? undefined : set(before, known, quoted ?? plain ?? '')
    if (fields === undefined) return undefined
    found.push(fields)
    isNew = false
  }
  return found
}

/** BIND's: statements with comments of three kinds, whatever their lines. */
function readBraced(text: string): Found[] | undefined {
  const tokens = tokensOf(text)
  if (tokens === undefined) return undefined
  const found: Found[] = []
  const take = (...expected: readonly string[]) => expected.every((token) => tokens.shift() === token)
  while (tokens.length > 0) {
    if (!take('key')) return undefined
    let fields: Found | undefined = { name: wordOf(tokens.shift()) ?? '' }
    if (!take('{')) return undefined
    while (tokens[0] !== '}') {
      const field = tokens.shift()
      const value = wordOf(tokens.shift())
      if (value === undefined || !take(';') || (field !== 'algorithm' && field !== 'secret')) return undefined
      fields = set(fields, field, value)
      if (fields === undefined) return undefined
    }
    if (!take('}', ';')) return undefined
    found.push(fields)
  }
  return found
}

/** Words keep a quotation mark before them where they were quoted. */
function tokensOf(text: string): string[] | undefined {
  const tokens: string[] = []
  const token = /\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/|"([^"\\\n]*)"|([{};])|([^\s{};"#]+)/y
  while (token.lastIndex < text.length) {
    const match = token.exec(text)
    if (match === null) return undefined
    const [, quoted, mark, word] = match
    if (quoted !== undefined) tokens.push(`"${quoted}`)
    else if (mark !== undefined || word !== undefined) tokens.push(mark ?? word ?? '')
  }
  return tokens
}

function wordOf(token: string | undefined): string | undefined {
  if (token === undefined || /^[{};]$/.test(token)) return undefined
  return token.startsWith('"') ? token.slice(1) : token
}
