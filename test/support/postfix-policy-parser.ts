// Reads a policy as smtp_tls_policy.c of Postfix 3.10 and later does, step by step, written from postconf(5) and knowing
// nothing of the parser that the service checks itself with.

/** A policy, or why Postfix would put the mail back. */
export type ReadPolicy =
  | { readonly level: string; readonly attributes: ReadonlyMap<string, readonly string[]> }
  | { readonly wrong: string }

const blank = new Set(' \t\r\n,')
const levels = ['none', 'may', 'encrypt', 'fingerprint', 'verify', 'secure', 'dane', 'dane-only']
const single = ['protocols', 'ciphers', 'exclude', 'servername', 'policy_type', 'policy_domain', 'policy_ttl']
const repeated = ['match', 'tafile', 'policy_string', 'mx_host_pattern']
const switches = ['connection_reuse', 'enable_rpk']
const reporting = ['policy_ttl', 'policy_domain', 'policy_string', 'mx_host_pattern', 'policy_failure']

export function readAsPostfix(text: string): ReadPolicy {
  const words = cut(text)
  if (words === undefined) return { wrong: 'braces' }
  const [level = '', ...rest] = words
  if (!levels.includes(level.toLowerCase())) return { wrong: `level ${level}` }
  const attributes = new Map<string, string[]>()
  for (const word of rest) {
    const pair = split(word)
    if (pair === undefined) return { wrong: `pair ${word}` }
    const wrong = refuse(pair, level.toLowerCase(), attributes)
    if (wrong !== undefined) return { wrong: `${pair.name}: ${wrong}` }
    attributes.set(pair.name, [...(attributes.get(pair.name) ?? []), pair.value])
  }
  const stray = reporting.find((name) => attributes.has(name) && !attributes.has('policy_type'))
  return stray === undefined ? { level: level.toLowerCase(), attributes } : { wrong: `${stray} without policy_type` }
}

/** mystrtokq(3): words end at blanks and commas, but not inside braces. */
function cut(text: string): string[] | undefined {
  const words: string[] = []
  let word = ''
  let depth = 0
  for (const character of text) {
    if (depth === 0 && blank.has(character)) {
      if (word !== '') words.push(word)
      word = ''
      continue
    }
    if (character === '{') depth++
    if (character === '}') depth--
    if (depth < 0) return undefined
    word += character
  }
  if (word !== '') words.push(word)
  return depth === 0 ? words : undefined
}

interface Pair {
  readonly name: string
  readonly value: string
}

/** extpar(3) and split_nameval(3): nothing but blanks may stand around the braces' inside and the equals sign. */
function split(word: string): Pair | undefined {
  let inside = word
  if (word.startsWith('{')) {
    if (!word.endsWith('}') || word.indexOf('}') !== word.length - 1 || word.lastIndexOf('{') !== 0) return undefined
    inside = word.slice(1, -1).trim()
  }
  const equals = inside.indexOf('=')
  if (equals < 0) return undefined
  const name = inside.slice(0, equals).trim().toLowerCase()
  const value = inside.slice(equals + 1).trim()
  return /^[a-z_]+$/.test(name) && value !== '' ? { name, value } : undefined
}

function refuse({ name, value }: Pair, level: string, before: ReadonlyMap<string, unknown>): string | undefined {
  if (![...single, ...repeated, ...switches, 'policy_failure'].includes(name)) return 'unknown'
  if (before.has(name) && !repeated.includes(name) && !switches.includes(name)) return 'twice'
  switch (name) {
    case 'match':
      return refuseMatch(value, level)
    case 'tafile':
      return level === 'verify' || level === 'secure' ? undefined : 'not at this level'
    case 'servername':
      return value === 'hostname' || value === 'nexthop' || isHost(value) ? undefined : 'no name'
    case 'connection_reuse':
    case 'enable_rpk':
      return value === 'yes' || value === 'no' ? undefined : 'neither yes nor no'
    case 'policy_type':
      return value === 'sts' || value === 'no-policy-found' ? undefined : 'no type'
    case 'policy_ttl':
      return /^\d+$/.test(value) ? undefined : 'no number'
    case 'policy_domain':
      return isHost(value) ? undefined : 'no name'
    case 'mx_host_pattern':
      return isHost(value.startsWith('*.') ? value.slice(2) : value) ? undefined : 'no name'
    case 'policy_failure':
      return /^(?:sts-(?:policy-fetch-error|policy-invalid|webpki-invalid)|validation-failure)$/.test(value)
        ? undefined
        : 'no failure'
    default:
      return undefined
  }
}

function refuseMatch(value: string, level: string): string | undefined {
  if (level === 'fingerprint') return undefined
  if (level !== 'verify' && level !== 'secure') return 'not at this level'
  const isKnown = (item: string) =>
    ['hostname', 'nexthop', 'dot-nexthop'].includes(item) || isHost(item.startsWith('.') ? item.slice(1) : item)
  return value.split(':').every(isKnown) ? undefined : 'no name'
}

/** valid_hostname(3) */
function isHost(text: string): boolean {
  const labels = text.split('.')
  const isLabel = (label: string) => /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/.test(label)
  return text.length <= 255 && labels.every(isLabel) && !labels.every((label) => /^\d+$/.test(label))
}
