import type { X509Certificate } from 'node:crypto'
import { associationOf, associationOfKey } from '../../dane/match.ts'
import type { UsableTlsa } from '../../dane/tlsa.ts'
import { sameOctets } from '../../dns/octets.ts'
import type { Renewal } from '../acme/renewal.ts'
import type { TlsaForm } from './form.ts'
import { issuersOf, type ServerKey } from './server-key.ts'

/** A key that records are to be of. */
export interface KeyInput extends ServerKey {
  /** Where it was found, for people: a file, an address. */
  readonly sources: readonly string[]
  /** Whether it is of a time to come: the server does not have it yet. */
  readonly isNext: boolean
  /** What becomes of the key when its certificate is renewed, where that is known. */
  readonly renewal: Renewal | undefined
}

/** One record, and what it is of. */
export interface MadeTlsa {
  readonly tlsa: UsableTlsa
  /** The keys that are good by it. */
  readonly keys: readonly KeyInput[]
  /** The issuer that it names, under usage 2. */
  readonly authority: X509Certificate | undefined
  /** Whether the server sends the issuer's certificate, as far as what was given tells. */
  readonly isAuthoritySent: boolean
}

/** Why a record of this form cannot be made of a key. */
export type MakeFault =
  /** Of a whole certificate, where there is only a key. */
  | 'no-certificate'
  /** Usage 2 without the certificate of an issuer. RFC 7672 §3.1.2 */
  | 'no-issuer'
  /** Usage 2 for a certificate that signed itself: it is compared with issuers alone. */
  | 'self-signed'
  /** The issuer that was named is none of this certificate. */
  | 'foreign-issuer'

export type Making =
  | { readonly kind: 'made'; readonly records: readonly MadeTlsa[] }
  | { readonly kind: 'refused'; readonly fault: MakeFault; readonly form: TlsaForm; readonly input: KeyInput }

/**
 * Records of each form for each key, the same record once. Under usage 2 they are of one of the `issuers` given, else of
 * the topmost certificate that the server sends: the one that lives longest.
 */
export function makeTlsa(
  inputs: readonly KeyInput[],
  forms: readonly TlsaForm[],
  issuers: readonly X509Certificate[],
): Making {
  const records: MadeTlsa[] = []
  for (const form of forms) {
    for (const input of inputs) {
      // A key to come has no certificate yet: the record of the issuer, if there is one, is good for it too.
      if (input.isNext && input.certificate === undefined && (form.usage === 2 || form.selector === 0)) continue
      const made = form.usage === 3 ? ofServer(input, form) : ofIssuer(input, form, issuers)
      if (typeof made === 'string') return { kind: 'refused', fault: made, form, input }
      for (const record of made) addTo(records, record)
    }
  }
  return { kind: 'made', records }
}

function addTo(records: MadeTlsa[], record: MadeTlsa): void {
  const place = records.findIndex(({ tlsa }) => sameTlsa(tlsa, record.tlsa))
  const known = records[place]
  if (known === undefined) records.push(record)
  else {
    const isAuthoritySent = known.isAuthoritySent && record.isAuthoritySent
    records[place] = { ...known, keys: [...known.keys, ...record.keys], isAuthoritySent }
  }
}

export function sameTlsa(one: UsableTlsa, other: UsableTlsa): boolean {
  const isForm = one.usage === other.usage && one.selector === other.selector && one.matchingType === other.matchingType
  return isForm && sameOctets(one.data, other.data)
}

function ofServer(input: KeyInput, form: TlsaForm): MadeTlsa[] | MakeFault {
  const { certificate, spki } = input
  if (form.selector === 0 && certificate === undefined) return 'no-certificate'
  const data =
    form.selector === 0 && certificate !== undefined
      ? associationOf(certificate, form)
      : associationOfKey(spki, form.matchingType)
  return [{ tlsa: tlsaOf(form, data), keys: [input], authority: undefined, isAuthoritySent: false }]
}

function ofIssuer(input: KeyInput, form: TlsaForm, issuers: readonly X509Certificate[]): MadeTlsa[] | MakeFault {
  const { certificate } = input
  if (certificate === undefined) return 'no-issuer'
  if (issuers.length === 0) {
    const top = input.issuers.at(-1)
    if (top !== undefined) return [recordOf(input, form, top, true)]
    return certificate.checkIssued(certificate) ? 'self-signed' : 'no-issuer'
  }
  const path = issuersOf(certificate, [...input.issuers, ...issuers])
  const named = issuers.filter((issuer) => path.some(({ raw }) => sameOctets(raw, issuer.raw)))
  if (named.length === 0) return 'foreign-issuer'
  return named.map((issuer) =>
    recordOf(
      input,
      form,
      issuer,
      input.issuers.some(({ raw }) => sameOctets(raw, issuer.raw)),
    ),
  )
}

function recordOf(input: KeyInput, form: TlsaForm, authority: X509Certificate, isAuthoritySent: boolean): MadeTlsa {
  return { tlsa: tlsaOf(form, associationOf(authority, form)), keys: [input], authority, isAuthoritySent }
}

/** Nothing is ever published of nothing. */
function tlsaOf(form: TlsaForm, data: Uint8Array | undefined): UsableTlsa {
  if (data === undefined || data.length === 0) throw new Error('a certificate that was read has no key')
  return { ...form, data }
}
