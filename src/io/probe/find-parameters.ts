import type { HandshakeSeen } from '../../core/check/address-probe.ts'
import type {
  ExchangeSignatureSeen,
  FiniteFieldSeen,
  GroupSeen,
  Listed,
  SuiteOrder,
  SuitesSeen,
  TlsParameters,
  Told,
  VersionSeen,
} from '../../core/check/tls-parameters.ts'
import { hex } from '../../core/dns/octets.ts'
import { limits } from '../../core/limits.ts'
import { EXTENSION, type HelloOffer } from '../../core/tls/client-hello.ts'
import { bitsOfPrime, nameOfPrime } from '../../core/tls/finite-field-groups.ts'
import { curvesBeforeTls13, type Group, groupName, groupsOfTls13 } from '../../core/tls/groups.ts'
import { schemeName, sha1Schemes, sha224Schemes, soundSchemes } from '../../core/tls/signature-schemes.ts'
import { type CipherSuite, suiteByName, suiteName, suitesOf } from '../../core/tls/suites.ts'
import { type TlsVersion, tlsVersions, versionByNumber } from '../../core/tls/versions.ts'
import type { AskHello, HelloAnswer } from './ask-hello.ts'
import { eliminate, orderSeen, told, untold } from './explore.ts'

type Chosen = Extract<HelloAnswer, { readonly kind: 'chosen' }>

/** What is known before the first hello. */
export interface KnownBefore {
  readonly serverName: string | undefined
  readonly handshakes: readonly HandshakeSeen[]
  /** The curve of the ECDSA certificate where there is no other one: TLS 1.2 must offer it. RFC 8422 §5.1 */
  readonly onlyCurve: number | undefined
}

/** What hellos alone can tell. */
export type HelloParameters = Omit<TlsParameters, 'clientRenegotiation' | 'commandInjection' | 'earlyData'>

const allSchemes = [...soundSchemes, ...sha224Schemes, ...sha1Schemes].map(({ id }) => id)
const idsOf = (list: readonly { readonly id: number }[]) => list.map(({ id }) => id)
const older = ['TLSv1.2', 'TLSv1.1', 'TLSv1', 'SSLv3'] as const

/**
 * Asks hello after hello. What says most goes first, as the number of connections is bounded: versions, then what is
 * wrong in single points, then the lists.
 */
export async function findParameters(ask: AskHello, known: KnownBefore): Promise<HelloParameters> {
  const offerOf = (version: TlsVersion, more: Partial<HelloOffer> = {}): HelloOffer => ({
    ...{ version, suites: idsOf(suitesOf(version)), serverName: known.serverName, schemes: allSchemes },
    groups: idsOf(version === 'TLSv1.3' ? groupsOfTls13 : curvesBeforeTls13),
    ...more,
  })
  const hellos = await askVersions(ask, offerOf)
  const versions = [...hellos].map(([version, answer]) => versionSeen(version, answer, known))
  const taken = versions.flatMap(({ version, finding }) =>
    finding.kind === 'told' && finding.value.kind === 'taken' ? [version] : [],
  )
  const best = older.find((version) => taken.includes(version))
  const firstOlder = best === undefined ? undefined : hellos.get(best)
  const finiteField = await findFiniteField(ask, offerOf, best)
  const exchangeSignature = await findSignature(ask, offerOf, taken.includes('TLSv1.2'))
  const groups = {
    tls13: taken.includes('TLSv1.3')
      ? await findGroups(ask, offerOf('TLSv1.3'), groupsOfTls13, {})
      : untold('meaningless'),
    older: best === undefined ? untold('meaningless') : await findCurves(ask, offerOf, best, known),
  }
  const suites: SuitesSeen[] = []
  for (const version of taken) {
    const listed = await findSuites(ask, offerOf(version))
    if (listed.kind === 'told') suites.push({ version, suites: listed.value })
  }
  return {
    ...{ versions, suites, groups, finiteField, exchangeSignature },
    order: await findOrder(ask, offerOf, suites),
    compression: ofHello(firstOlder, ({ hello }) => hello.compression !== 0),
    secureRenegotiation: ofHello(firstOlder, answered(EXTENSION.RENEGOTIATION_INFO)),
    extendedMasterSecret: ofHello(firstOlder, answered(EXTENSION.EXTENDED_MASTER_SECRET)),
    encryptThenMac: await findEncryptThenMac(ask, offerOf, suites),
  }
}

type OfferOf = (version: TlsVersion, more?: Partial<HelloOffer>) => HelloOffer

async function askVersions(ask: AskHello, offerOf: OfferOf): Promise<Map<TlsVersion, HelloAnswer>> {
  const answers = new Map<TlsVersion, HelloAnswer>()
  for (const version of tlsVersions) answers.set(version, await ask(version, offerOf(version)))
  return answers
}

/** What a handshake came to counts more than what a hello was answered. */
function versionSeen(version: TlsVersion, answer: HelloAnswer, { handshakes }: KnownBefore): VersionSeen {
  const done = handshakes.find(({ protocol }) => protocol === version)
  if (answer.kind === 'chosen' && versionByNumber(answer.hello.version) === version)
    return { version, finding: told({ kind: 'taken', suite: suiteName(answer.hello.suite) }) }
  if (done !== undefined) return { version, finding: told({ kind: 'taken', suite: done.suite }) }
  if (answer.kind === 'untold') return { version, finding: answer }
  const alert = answer.kind === 'refused' ? answer.alert : undefined
  return { version, finding: told({ kind: 'refused', alert }) }
}

function ofHello<Value>(answer: HelloAnswer | undefined, read: (answer: Chosen) => Value): Told<Value> {
  if (answer === undefined || answer.kind === 'refused') return untold('meaningless')
  return answer.kind === 'untold' ? answer : told(read(answer))
}

function answered(extension: number): (answer: Chosen) => boolean {
  return ({ hello }) => hello.extensions.includes(extension)
}

/** Without groups for finite fields in the list a server takes one of its own. RFC 7919 §4 */
async function findFiniteField(
  ask: AskHello,
  offerOf: OfferOf,
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
async function findSignature(ask: AskHello, offerOf: OfferOf, hasTls12: boolean): Promise<Told<ExchangeSignatureSeen>> {
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

async function findCurves(ask: AskHello, offerOf: OfferOf, version: TlsVersion, { onlyCurve }: KnownBefore) {
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
  return told({ items: items.map((id) => ({ id, name: groupName(id) })), isComplete })
}

async function findSuites(ask: AskHello, offer: HelloOffer): Promise<Told<Listed<string>>> {
  const found = await eliminate({
    ...{ candidates: offer.suites, most: limits.probe.suites },
    ask: (rest) => ask(`suites of ${offer.version}`, { ...offer, suites: rest }),
    choiceOf: ({ hello }) => hello.suite,
  })
  if (found.kind === 'untold') return found
  const { items, isComplete } = found.value
  return told({ items: items.map(suiteName), isComplete })
}

/** By the lists, or by offering two suites the other way round. */
async function findOrder(ask: AskHello, offerOf: OfferOf, lists: readonly SuitesSeen[]): Promise<Told<SuiteOrder>> {
  const list = lists.find(({ version }) => version === 'TLSv1.2') ?? lists[0]
  if (list === undefined) return untold('meaningless')
  const { version } = list
  const chosen = list.suites.items.flatMap((name) => suiteByName(name)?.id ?? [])
  const seen = orderSeen(version, idsOf(suitesOf(version)), chosen)
  if (seen !== undefined) return told(seen)
  const [first = 0, second = 0] = chosen
  const answer = await ask('order of suites', offerOf(version, { suites: [second, first] }))
  if (answer.kind === 'untold') return answer
  if (answer.kind === 'refused') return untold('lost')
  const between = [suiteName(first), suiteName(second)] as const
  if (answer.hello.suite === second) return told({ kind: 'client', version, between })
  return told({ kind: 'server', version, chosen: between[0], over: between[1] })
}

/** Asked for with CBC suites alone, as servers say nothing of it with others. RFC 7366 §3 */
async function findEncryptThenMac(
  ask: AskHello,
  offerOf: OfferOf,
  lists: readonly SuitesSeen[],
): Promise<Told<boolean>> {
  for (const { version, suites } of lists) {
    const cbc = suites.items.flatMap((name) => suiteByName(name) ?? []).filter(({ cipher }) => cipher.endsWith('_CBC'))
    if (cbc.length > 0) {
      const answer = await ask('encrypt then MAC', offerOf(version, { suites: idsOf(cbc) }))
      return ofHello(answer, answered(EXTENSION.ENCRYPT_THEN_MAC))
    }
  }
  return untold('meaningless')
}
