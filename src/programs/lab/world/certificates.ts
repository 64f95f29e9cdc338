import { accept, type Result } from '../../../core/result.ts'
import type { WorldFault } from './fault.ts'
import { listOf, numberIn, type Options, oneOf, readName } from './readers.ts'
import { type CertificateDeclaration, issuers, keyKinds, sendings, validities } from './world.ts'

/** Ready-made certificates by the names people have for what is wrong with them. */
const kinds = {
  good: {},
  'self-signed': { issuer: 'self' },
  expired: { validity: 'expired' },
  future: { validity: 'future' },
  'wrong-name': { names: ['wrong.invalid'], commonName: 'wrong.invalid' },
  'cn-only': { names: [] },
  untrusted: { issuer: 'untrusted' },
  'dane-ta': { issuer: 'private', sends: 'all' },
} as const satisfies Record<string, Partial<CertificateDeclaration>>

/** The kinds of certificates. */
export const kindNames = Object.keys(kinds) as (keyof typeof kinds)[]

/** The options by which hosts and policy hosts describe their certificate. */
export const certificateReaders = {
  certificate: oneOf(kindNames),
  names: listOf(readName),
  issuer: oneOf(issuers),
  valid: oneOf(validities),
  sends: oneOf(sendings),
  key: oneOf(keyKinds),
  generation: numberIn(1, 1000),
}

/** The certificate of the host `name`: what its kind says, and what single options say over that. */
export function describeCertificate(name: string, options: Options<typeof certificateReaders>): CertificateDeclaration {
  const usual: CertificateDeclaration = {
    names: [name],
    commonName: name,
    issuer: 'public',
    validity: 'good',
    sends: 'chain',
    key: 'p256',
    generation: 1,
  }
  return {
    ...usual,
    ...kinds[options.certificate ?? 'good'],
    ...(options.names && { names: options.names }),
    ...(options.issuer && { issuer: options.issuer }),
    ...(options.valid && { validity: options.valid }),
    ...(options.sends && { sends: options.sends }),
    ...(options.key && { key: options.key }),
    ...(options.generation && { generation: options.generation }),
  }
}

/** A macro in a record: octets of a certificate that the world makes, or that many zeros. */
export type Macro =
  | { readonly kind: 'zeros'; readonly octets: number }
  | {
      readonly kind: 'certificate'
      /** A host's name, or as many of its first labels as tell it from the others. */
      readonly host: string
      /** `also`: the leaf of the host's other certificate. */
      readonly of: 'leaf' | 'issuer' | 'root' | 'also'
      readonly part: 'cert' | 'spki'
      readonly digest: 'sha256' | 'sha512' | 'full'
    }

const macroText =
  /^(?:zeros\.(?<octets>\d{1,3})|(?<host>[a-z0-9_.-]+?)(?:\.(?<of>issuer|root|also))?\.(?<part>cert|spki)\.(?<digest>sha256|sha512|full))$/

/** Reads what stands between the braces; undefined when it is no macro. */
export function parseMacro(text: string): Macro | undefined {
  const { octets, host, of, part, digest } = macroText.exec(text)?.groups ?? {}
  if (octets !== undefined) return { kind: 'zeros', octets: Number(octets) }
  if (host === undefined) return undefined
  return {
    kind: 'certificate',
    host,
    of: (of ?? 'leaf') as 'leaf' | 'issuer' | 'root' | 'also',
    part: part as 'cert' | 'spki',
    digest: digest as 'sha256' | 'sha512' | 'full',
  }
}

/** Puts text in the place of each `{…}`; refuses at the first that is not understood or that `expand` does not know. */
export function expandMacros(
  text: string,
  expand: (macro: Macro) => string | undefined,
): Result<string, Extract<WorldFault, 'macro'>> {
  let expanded = ''
  let from = 0
  for (const match of text.matchAll(/\{([^{}]*)\}/g)) {
    const macro = parseMacro(match[1] as string)
    const replacement = macro === undefined ? undefined : expand(macro)
    if (replacement === undefined) return { ok: false, fault: 'macro', at: match.index }
    expanded += text.slice(from, match.index) + replacement
    from = match.index + match[0].length
  }
  return accept(expanded + text.slice(from))
}

/** The hosts that a macro may mean: the one of that name, or all whose names begin so. It must mean one. */
export function hostsMeant(hosts: Iterable<string>, text: string): readonly string[] {
  const all = [...hosts]
  return all.includes(text) ? [text] : all.filter((host) => host.startsWith(`${text}.`))
}
