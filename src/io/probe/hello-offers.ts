import type { HandshakeSeen } from '../../core/check/address-probe.ts'
import type { Told } from '../../core/check/tls-parameters.ts'
import type { HelloOffer } from '../../core/tls/client-hello.ts'
import { curvesBeforeTls13, groupsOfTls13 } from '../../core/tls/groups.ts'
import { sha1Schemes, sha224Schemes, soundSchemes } from '../../core/tls/signature-schemes.ts'
import { suitesOf } from '../../core/tls/suites.ts'
import type { TlsVersion } from '../../core/tls/versions.ts'
import type { AskHello, HelloAnswer } from './ask-hello.ts'
import { told, untold } from './explore.ts'

/** What is known of a server before the first hello. */
export interface KnownBefore {
  readonly serverName: string | undefined
  readonly handshakes: readonly HandshakeSeen[]
  /** The curve of the ECDSA certificate where there is no other one: TLS 1.2 must offer it. RFC 8422 §5.1 */
  readonly onlyCurve: number | undefined
}

/** A hello that offers everything that a version has, but for what is told otherwise. */
export type OfferOf = (version: TlsVersion, more?: Partial<HelloOffer>) => HelloOffer

export interface Asking {
  readonly ask: AskHello
  readonly offerOf: OfferOf
  readonly known: KnownBefore
}

export const allSchemes: readonly number[] = idsOf([...soundSchemes, ...sha224Schemes, ...sha1Schemes])

export function beginAsking(ask: AskHello, known: KnownBefore): Asking {
  const offerOf: OfferOf = (version, more = {}) => ({
    ...{ version, suites: idsOf(suitesOf(version)), serverName: known.serverName, schemes: allSchemes },
    groups: idsOf(version === 'TLSv1.3' ? groupsOfTls13 : curvesBeforeTls13),
    ...more,
  })
  return { ask, offerOf, known }
}

export function idsOf(list: readonly { readonly id: number }[]): number[] {
  return list.map(({ id }) => id)
}

export type Chosen = Extract<HelloAnswer, { readonly kind: 'chosen' }>

/** What an answer says; a refusal says nothing of that kind. */
export function ofHello<Value>(answer: HelloAnswer | undefined, read: (answer: Chosen) => Value): Told<Value> {
  if (answer === undefined || answer.kind === 'refused') return untold('meaningless')
  return answer.kind === 'untold' ? answer : told(read(answer))
}

/** Whether the server answered this extension. */
export function answered(extension: number): (answer: Chosen) => boolean {
  return ({ hello }) => hello.extensions.includes(extension)
}
