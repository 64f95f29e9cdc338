import type { ServerSays } from '../../check/check-facts.ts'
import { keyRecord, tlsaName } from '../../check/findings/tlsa-text.ts'
import { type HostView, isOfChain, type KeyView, type View } from '../../check/view.ts'
import { formatTlsa, parseTlsa, selectUsable, type Tlsa } from '../../dane/tlsa.ts'
import { serverLabel, serversAlong } from '../servers.ts'

/** What one name server has of a host's TLSA records. */
export interface Holder {
  /** `ns1.example.org [192.0.2.53]` */
  readonly label: string
  readonly says: ServerSays
  readonly state: 'records' | 'none' | 'untold'
  readonly records: readonly Tlsa[]
}

/** One certificate that a host presents, wherever it does. */
export interface HeldKey {
  /** As each of its addresses presented it. */
  readonly views: readonly KeyView[]
  readonly addresses: readonly string[]
  /** `3 1 1 …`; undefined for a certificate that cannot be read. */
  readonly record: string | undefined
  readonly on: readonly Holder[]
  /** Answering with records of which none is of it. */
  readonly notOn: readonly Holder[]
  /** Answering that there are no records. */
  readonly without: readonly Holder[]
}

/** What each name server says at the name of the TLSA records, or at the end of aliases there. RFC 7671 §6 */
export function holdersFor(view: View, host: HostView): Holder[] {
  return serversAlong(view.facts, 'tlsa', tlsaName(view, host)).map(holderOf)
}

function holderOf(says: ServerSays): Holder {
  const records = says.records.flatMap((text) => {
    const tlsa = parseTlsa(text)
    return tlsa.ok ? [tlsa.value] : []
  })
  const isNone = says.says === 'nodata' || says.says === 'nxdomain'
  return {
    label: serverLabel(says),
    says,
    records,
    state: says.says === 'answer' ? 'records' : isNone ? 'none' : 'untold',
  }
}

/** The certificates of a host, each once, and which servers have a record of it. */
export function keysHeld(host: HostView, holders: readonly Holder[]): HeldKey[] {
  const shown = host.addresses.flatMap(({ address, keys }) => keys.map((view) => ({ address, view })))
  const groups = Map.groupBy(shown, ({ view }) => view.chain[0]?.fingerprint256 ?? '')
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    const [leaf] = first?.view.chain ?? []
    if (first === undefined || leaf === undefined) return []
    const record = keyRecord(leaf)
    const with1 = holders.filter(({ state }) => state === 'records')
    const isOn = ({ records }: Holder) => group.every(({ view }) => hasMatch(records, view))
    return [
      {
        views: group.map(({ view }) => view),
        addresses: group.map(({ address }) => address),
        record: record && formatTlsa(record),
        on: with1.filter(isOn),
        notOn: with1.filter((holder) => !isOn(holder)),
        without: holders.filter(({ state }) => state === 'none'),
      },
    ]
  })
}

/** As a sender picks among records, so that one of a weaker digest does not count. RFC 7671 §9 */
function hasMatch(records: readonly Tlsa[], { chain }: KeyView): boolean {
  return selectUsable(records).some((record) => isOfChain(record, chain))
}

/** Each record that anybody has, with who does. What a resolver found stands for servers that could not be asked. */
export function recordsHeld(host: HostView, holders: readonly Holder[]) {
  const { tlsa } = host.facts
  const found = 'records' in tlsa ? tlsa.records : []
  const texts = new Set([...holders.flatMap(({ records }) => records), ...found].map(formatTlsa))
  const told = holders.filter(({ state }) => state !== 'untold')
  return [...texts].toSorted().map((record) => {
    const has = ({ records }: Holder) => records.some((one) => formatTlsa(one) === record)
    return { record, on: told.filter(has), notOn: told.filter((holder) => !has(holder)) }
  })
}
