import type {
  ExchangeSignatureSeen,
  FiniteFieldSeen,
  GroupSeen,
  Listed,
  TlsParameters,
  Told,
} from '../../core/check/tls-parameters.ts'
import { hex } from '../../core/dns/octets.ts'
import { limits } from '../../core/limits.ts'
import type { HelloOffer } from '../../core/tls/client-hello.ts'
import { bitsOfPrime, nameOfPrime } from '../../core/tls/finite-field-groups.ts'
import { curvesBeforeTls13, type Group, groupName, groupsOfTls13 } from '../../core/tls/groups.ts'
import { schemeName, sha1Schemes, sha224Schemes } from '../../core/tls/signature-schemes.ts'
import { type CipherSuite, suitesOf } from '../../core/tls/suites.ts'
import type { TlsVersion } from '../../core/tls/versions.ts'
import type { AskHello } from './ask-hello.ts'
import { eliminate, told, untold } from './explore.ts'
import type { VersionsFound } from './find-versions.ts'
import { type Asking, allSchemes, idsOf } from './hello-offers.ts'

/** How keys are exchanged, and how that is signed. */
export async function findExchange(
  asking: Asking,
  { taken, older }: VersionsFound,
): Promise<Pick<TlsParameters, 'finiteField' | 'exchangeSignature' | 'groups'>> {
  const { ask, offerOf } = asking
  const hasTls13 = taken.includes('TLSv1.3')
  return {
    finiteField: await findFiniteField(asking, older),
    exchangeSignature: await findSignature(asking, taken.includes('TLSv1.2')),
    groups: {
      tls13: hasTls13 ? await findGroups(ask, offerOf('TLSv1.3'), groupsOfTls13, {}) : untold('meaningless'),
      older: older === undefined ? untold('meaningless') : await findCurves(asking, older),
    },
  }
}

/** Without groups for finite fields in the list a server takes one of its own. RFC 7919 §4 */
async function findFiniteField(
  { ask, offerOf }: Asking,
  version: TlsVersion | undefined,
): Promise<Told<FiniteFieldSeen | undefined>> {
  if (version === undefined) return untold('meaningless')
  const suites = idsOf(suitesOf(version).filter(({ keyExchange }) => keyExchange === 'DHE'))
  const answer = await ask('DHE', offerOf(version, { suites, groups: [] }))
  if (answer.kind === 'untold') return answer
  if (answer.kind === 'refused') return told(undefined)
  const { keyExchange } = answer.flight
  if (keyExchange?.kind !== 'finite-field') return untold('lost')
  const { prime } = keyExchange
  return told({ bits: bitsOfPrime(prime), name: nameOfPrime(prime), prime: hex(prime) })
}

/** What the server signs with, with all schemes to choose from, and with weak ones alone. RFC 9155 §2 */
async function findSignature({ ask, offerOf }: Asking, hasTls12: boolean): Promise<Told<ExchangeSignatureSeen>> {
  if (!hasTls12) return untold('meaningless')
  const isSigned = ({ keyExchange, authentication }: CipherSuite) =>
    (keyExchange === 'ECDHE' || keyExchange === 'DHE') && authentication !== 'none'
  const suites = idsOf(suitesOf('TLSv1.2').filter(isSigned))
  const schemeFor = async (purpose: string, schemes: readonly number[]): Promise<Told<string | undefined>> => {
    const answer = await ask(purpose, offerOf('TLSv1.2', { suites, schemes }))
    if (answer.kind === 'untold') return answer
    const scheme = answer.kind === 'chosen' ? answer.flight.keyExchange?.scheme : undefined
    return told(scheme === undefined ? undefined : schemeName(scheme))
  }
  const usual = await schemeFor('signature', allSchemes)
  if (usual.kind === 'untold') return usual
  if (usual.value === undefined) return untold('meaningless')
  return told({
    usual: usual.value,
    sha224: await schemeFor('signature with SHA-224', idsOf(sha224Schemes)),
    sha1: await schemeFor('signature with SHA-1', idsOf(sha1Schemes)),
  })
}

async function findCurves({ ask, offerOf, known: { onlyCurve } }: Asking, version: TlsVersion) {
  const suites = idsOf(suitesOf(version).filter(({ keyExchange }) => keyExchange === 'ECDHE'))
  return await findGroups(ask, offerOf(version, { suites }), curvesBeforeTls13, { always: onlyCurve })
}

async function findGroups(
  ask: AskHello,
  offer: HelloOffer,
  groups: readonly Group[],
  { always }: { readonly always?: number | undefined },
): Promise<Told<Listed<GroupSeen>>> {
  const found = await eliminate({
    ...{ candidates: idsOf(groups), most: limits.probe.groups, always },
    ask: (rest) => ask(`groups of ${offer.version}`, { ...offer, groups: rest }),
    choiceOf: ({ hello, flight: { keyExchange } }) =>
      offer.version === 'TLSv1.3' ? hello.group : keyExchange?.kind === 'curve' ? keyExchange.group : undefined,
  })
  if (found.kind === 'untold') return found
  const { items, isComplete } = found.value
  // TLS 1.3 needs a group: this server only objects to a hello without a key share.
  if (items.length === 0 && offer.version === 'TLSv1.3') return untold('lost')
  return told({ items: items.map((id) => ({ id, name: groupName(id) })), isComplete })
}
