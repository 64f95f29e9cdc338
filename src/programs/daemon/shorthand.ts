/**
 * What texts about decisions are made of, longest first: each becomes one character from U+00A0 on. Never written
 * anywhere, so that the list may change with every release.
 */
const phrases = [
  'encrypted where TLS is offered, which an attacker on the way can prevent',
  ' { policy_string = version: STSv1 } { policy_string = mode: enforce }',
  ' { policy_string = version: STSv1 } { policy_string = mode: testing }',
  'each host authenticated by DANE, though nothing proves that the domain names it',
  ' servername=hostname policy_type=sts policy_domain=',
  ' policy_type=sts policy_domain=',
  ', authenticated by MTA-STS, until ',
  ' { policy_string = max_age: ',
  ', authenticated by DANE, until ',
  ' { policy_string = mx: ',
  ' is passed over: ',
  ' servername=hostname',
  ' mx_host_pattern=',
  ' { policy_string = ',
  ':OK secure match=',
  ':OK dane-only,',
  'authenticated by ',
  '{"host":"',
  ',"preference":',
  ' goes only to ',
  ' is returned: ',
  ',"tls":"pkix"}',
  ',"tls":"dane"}',
  ',"tls":"may"}',
  ',"tls":"encrypt"}',
  '{"action":"deliver","hosts":[',
  '],"reason":"',
  ', until ',
  ' goes to ',
  'NOTFOUND ,',
  'Mail to ',
  ' waits: ',
  ' UTC.',
  '"],"',
  ' and ',
  '","',
  ',0,0]',
  '",[],',
] as const

const firstName = 0x80
const mostNames = 32
const firstPhrase = 0xa0

const codes: ReadonlyMap<string, string> = new Map(
  phrases.map((phrase, at) => [phrase, String.fromCharCode(firstPhrase + at)]),
)
const anyPhrase = new RegExp(
  [...phrases]
    .sort((one, other) => other.length - one.length)
    .map((phrase) => phrase.replace(/[{}[\]().]/g, '\\$&'))
    .join('|'),
  'g',
)
/** Before a text that stands as it is, because it has characters that codes are made of. */
const asIs = '\n'

/**
 * The same in a fraction of its room, and of characters up to U+00FF: of phrases and of these names, which `lengthen` needs
 * again, one character each. The text must be well formed.
 */
export function shorten(text: string, names: readonly string[]): string {
  if (/[^\x00-\x7f]/.test(text) || text.startsWith(asIs)) return asIs + Buffer.from(text).toString('latin1')
  let short = text.replace(anyPhrase, (phrase) => codes.get(phrase) ?? phrase)
  const numbered = names.slice(0, mostNames).map((name, at) => ({ name, code: String.fromCharCode(firstName + at) }))
  // Longest first, because the name of a domain is the end of those of its hosts.
  for (const { name, code } of numbered.sort((one, other) => other.name.length - one.name.length)) {
    if (name.length > 1) short = short.replaceAll(name, code)
  }
  return short
}

/** What `shorten` made short with the same names. */
export function lengthen(short: string, names: readonly string[]): string {
  if (short.startsWith(asIs)) return Buffer.from(short.slice(1), 'latin1').toString()
  return short.replace(/[\x80-\xff]/g, (code) => {
    const number = code.charCodeAt(0)
    return (number < firstPhrase ? names[number - firstName] : phrases[number - firstPhrase]) ?? ''
  })
}
