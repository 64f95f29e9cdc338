import type { Listed, SuiteOrder, SuitesSeen, TlsParameters, Told } from '../../core/check/tls-parameters.ts'
import { limits } from '../../core/limits.ts'
import { EXTENSION } from '../../core/tls/client-hello.ts'
import { type CipherSuite, suiteByName, suiteName, suitesOf } from '../../core/tls/suites.ts'
import type { TlsVersion } from '../../core/tls/versions.ts'
import { eliminate, orderSeen, told, untold } from './explore.ts'
import type { VersionsFound } from './find-versions.ts'
import { type Asking, answered, idsOf, ofHello } from './hello-offers.ts'

/** Which suites are taken, in whose order; the versions of old come last, as they may take what is left of the visit. */
export async function findSuites(
  asking: Asking,
  found: VersionsFound,
): Promise<Pick<TlsParameters, 'suites' | 'order' | 'encryptThenMac'>> {
  const isOfToday = (version: TlsVersion) => version === 'TLSv1.3' || version === 'TLSv1.2'
  const [now, old] = [found.taken.filter(isOfToday), found.taken.filter((version) => !isOfToday(version))]
  const [first, later] = now.length > 0 ? [now, old] : [old, []]
  const suites = await listEach(asking, found, first)
  const order = await findOrder(asking, suites)
  const encryptThenMac = await findEncryptThenMac(asking, suites)
  return { suites: [...suites, ...(await listEach(asking, found, later))], order, encryptThenMac }
}

async function listEach(asking: Asking, found: VersionsFound, versions: readonly TlsVersion[]): Promise<SuitesSeen[]> {
  const lists: SuitesSeen[] = []
  for (const version of versions) {
    const listed = await listSuites(asking, found, version)
    if (listed.kind === 'told') lists.push({ version, suites: listed.value })
  }
  return lists
}

async function listSuites(
  { ask, offerOf }: Asking,
  { answers }: VersionsFound,
  version: TlsVersion,
): Promise<Told<Listed<string>>> {
  const offer = offerOf(version)
  const found = await eliminate({
    ...{ candidates: offer.suites, most: limits.probe.suites, first: answers.get(version) },
    ask: (rest) => ask(`suites of ${version}`, { ...offer, suites: rest }),
    choiceOf: ({ hello }) => hello.suite,
  })
  if (found.kind === 'untold') return found
  const { items, isComplete } = found.value
  // A handshake was made all the same, so that these hellos say nothing.
  if (items.length === 0) return untold('lost')
  if (isComplete || items.length < limits.probe.suites) return told({ items: items.map(suiteName), isComplete })
  const weak = suitesOf(version).filter((suite) => !items.includes(suite.id) && isWeak(suite))
  const last = await ask(`weak suites of ${version}`, { ...offer, suites: idsOf(weak) })
  const all = last.kind === 'chosen' ? [...items, last.hello.suite] : items
  return told({ items: all.map(suiteName), isComplete })
}

/** Worth looking for among those that there was no room for. */
function isWeak({ authentication, keyExchange, strength }: CipherSuite): boolean {
  return authentication === 'none' || keyExchange === 'RSA' || strength < 128
}

/** By the lists, or by offering two suites the other way round. */
async function findOrder({ ask, offerOf }: Asking, lists: readonly SuitesSeen[]): Promise<Told<SuiteOrder>> {
  const list = lists.find(({ version }) => version === 'TLSv1.2') ?? lists[0]
  if (list === undefined) return untold('meaningless')
  const { version } = list
  const chosen = list.suites.items.flatMap((name) => suiteByName(name)?.id ?? [])
  const { isComplete } = list.suites
  const seen = isComplete || chosen.length > 1 ? orderSeen(version, idsOf(suitesOf(version)), chosen) : undefined
  if (seen !== undefined) return told(seen)
  const [first = 0, second = 0] = chosen
  const answer = await ask('order of suites', offerOf(version, { suites: [second, first] }))
  if (answer.kind === 'untold') return answer
  if (answer.kind === 'refused' || second === 0) return untold('lost')
  const between = [suiteName(first), suiteName(second)] as const
  if (answer.hello.suite === second) return told({ kind: 'client', version, between })
  return told({ kind: 'server', version, chosen: between[0], over: between[1] })
}

/** Asked for with CBC suites alone, as servers say nothing of it with others. RFC 7366 §3 */
async function findEncryptThenMac({ ask, offerOf }: Asking, lists: readonly SuitesSeen[]): Promise<Told<boolean>> {
  for (const { version, suites } of lists) {
    const cbc = suites.items.flatMap((name) => suiteByName(name) ?? []).filter(({ cipher }) => cipher.endsWith('_CBC'))
    if (cbc.length > 0) {
      const answer = await ask('encrypt then MAC', offerOf(version, { suites: idsOf(cbc) }))
      return ofHello(answer, answered(EXTENSION.ENCRYPT_THEN_MAC))
    }
  }
  return untold('meaningless')
}
