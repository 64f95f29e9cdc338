import type { X509Certificate } from 'node:crypto'
import { formatTlsa, isUsable, type UsableTlsa } from '../../dane/tlsa.ts'
import { pathOf } from '../../x509/peer.ts'
import { isExpiringSoon, isShortLived } from '../forecast.ts'
import type { Evidence } from '../report.ts'
import { type HostView, isOfChain, type KeyView, type View } from '../view.ts'
import { certificateSeen, type Family, type FindingKinds, type Found, said } from './finding.ts'
import { recordsFor, tlsaName } from './tlsa-text.ts'

const kinds = {
  'tlsa-pins-certificate': {
    severity: 'will-break',
    title: 'A TLSA record is of the whole certificate, which is replaced every few weeks: the next one will not match',
    rfc: 'RFC 7671 §5.1',
  },
  'tlsa-pins-intermediate': {
    severity: 'weakens',
    title: 'A TLSA record is of an intermediate authority that may sign the next certificate or not',
    rfc: 'RFC 7671 §5.2',
  },
  'tlsa-combination-unmatched': {
    severity: 'weakens',
    title: 'TLSA records of one kind match nothing, and a sender that can use that kind alone finds no match',
    rfc: 'RFC 7671 §8',
  },
  'tlsa-no-next-key': {
    severity: 'note',
    title:
      'There are TLSA records for the keys in use and none for the next ones: a change of keys will hold mail back',
    rfc: 'RFC 7671 §8.1',
  },
  'tlsa-stale-record': {
    severity: 'note',
    title: 'A TLSA record matches nothing that the host presents, and is of no next key: it was left behind',
    rfc: 'RFC 7671 §8.1',
  },
  'tlsa-whole-data': {
    severity: 'note',
    title: 'A TLSA record holds a whole certificate or key: a digest does the same in small answers',
    rfc: 'RFC 7671 §10.1',
  },
  'dane-ta-expires': {
    severity: 'will-break',
    title: 'A certificate under a TLSA record of an authority (usage 2) ends soon, and its date counts there',
    rfc: 'RFC 7672 §3.1.2',
  },
} as const satisfies FindingKinds

type RolloverFound = Found<keyof typeof kinds>

/**
 * What becomes of TLSA records when keys and certificates change: each record is held against what is presented, and is
 * one in use, one for the next key, or a stale one. Counting them says nothing.
 */
export const rolloverFamily: Family = {
  section: 'dane',
  kinds,
  find: (view) => view.hosts.flatMap((host) => ofHost(view, host)),
}

function ofHost(view: View, host: HostView): RolloverFound[] {
  if (host.dane.state !== 'ok') return []
  const { records } = host.dane
  const keys = host.addresses.flatMap((address) => address.keys)
  const matching = keys.filter(({ dane }) => dane?.kind === 'matched')
  const whole = wholeData(view, host, records)
  // Where nothing was seen, or all is wrong, nothing is to be said of the next key.
  if (matching.length === 0) return whole
  const alone = unmatchedKinds(host, matching)
  return [
    ...whole,
    ...pinned(view, host, matching),
    ...combinations(view, host, alone),
    ...leftOver(
      view,
      host,
      matching,
      alone.flatMap((kind) => kind.records),
    ),
    ...ending(view, host, matching),
  ]
}

/** Records of one usage, selector and matching type. */
interface RecordKind {
  readonly records: readonly UsableTlsa[]
  /** Keys that are presented, and that none of the records is of. */
  readonly lacking: readonly KeyView[]
}

/** Each combination must match what is presented by itself: who can use no other finds no match. RFC 7671 §8 */
function unmatchedKinds({ facts: { tlsa } }: HostView, keys: readonly KeyView[]): RecordKind[] {
  const usable = 'records' in tlsa ? tlsa.records.filter(isUsable) : []
  const kindsOfRecords = Map.groupBy(
    usable,
    ({ usage, selector, matchingType }) => `${usage} ${selector} ${matchingType}`,
  )
  return [...kindsOfRecords.values()].flatMap((records) => {
    const lacking = keys.filter(({ chain, isOf }) => !records.some((record) => isOfChain(record, chain, isOf)))
    return lacking.length === 0 ? [] : [{ records, lacking }]
  })
}

function combinations(view: View, host: HostView, alone: readonly RecordKind[]): RolloverFound[] {
  if (alone.length === 0) return []
  const seen = alone.flatMap(({ records, lacking }) => {
    const leaves = lacking.flatMap(({ chain }) => chain.slice(0, 1))
    return [
      ...records.map((record) => said(`TLSA ${formatTlsa(record)}`, tlsaName(view, host))),
      ...leaves.map((leaf) => certificateSeen(leaf)),
    ]
  })
  return [{ id: 'tlsa-combination-unmatched', subject: host.host, seen, owner: view.owners.host(host.host) }]
}

function wholeData(view: View, host: HostView, records: readonly UsableTlsa[]): RolloverFound[] {
  const full = records.filter(({ matchingType }) => matchingType === 0)
  if (full.length === 0) return []
  const seen = full.map((record) =>
    said(`${record.usage} ${record.selector} 0, ${record.data.length} octets`, tlsaName(view, host)),
  )
  return [{ id: 'tlsa-whole-data', subject: host.host, seen, owner: view.owners.host(host.host) }]
}

/** Records that a renewal breaks although the key stays, unless some other record matches too. RFC 7671 §5.1 */
function pinned(view: View, host: HostView, keys: readonly KeyView[]): RolloverFound[] {
  const owner = view.owners.host(host.host)
  const subject = host.host
  const found: RolloverFound[] = []
  const certificates = keys.filter(({ chain: [leaf], matched }) => {
    const isPinned = matched.length > 0 && matched.every(({ usage, selector }) => usage === 3 && selector === 0)
    return isPinned && leaf !== undefined && isShortLived(leaf)
  })
  if (certificates.length > 0) {
    const leaves = certificates.flatMap(({ chain }) => chain.slice(0, 1))
    const date = Math.min(...leaves.map(({ validToDate }) => validToDate.getTime()))
    const seen = [
      ...leaves.map((leaf) => certificateSeen(leaf)),
      ...recordsSeen(certificates.flatMap(({ matched }) => matched)),
    ]
    const publish = recordsFor(view, host, certificates, 'for the key, which renewals may keep; then keep it')
    found.push({ id: 'tlsa-pins-certificate', subject, seen, owner, publish, date })
  }
  const authorities = keys.filter(({ chain: [leaf], matched }) => {
    return leaf !== undefined && isShortLived(leaf) && matched.length > 0 && matched.every(({ usage }) => usage === 2)
  })
  const intermediates = authorities.flatMap((key) => anchorsOf(key).filter((one) => !one.checkIssued(one)))
  if (intermediates.length > 0) {
    const publish = recordsFor(view, host, authorities, 'beside the record of the authority, for the key itself')
    found.push({
      id: 'tlsa-pins-intermediate',
      subject,
      seen: intermediates.map((one) => certificateSeen(one)),
      owner,
      publish,
    })
  }
  return found
}

/** Certificates above the server's own; those that records are of are among them. */
function anchorsOf({ chain }: KeyView): X509Certificate[] {
  return pathOf(chain).slice(1)
}

function recordsSeen(records: readonly UsableTlsa[]): Evidence[] {
  return [...new Set(records)].map((record) => said(`TLSA ${formatTlsa(record)}`))
}

/** Records that match nothing: one for each kind of key may be of its next one, if it is of a key at all. */
function leftOver(
  view: View,
  host: HostView,
  keys: readonly KeyView[],
  toldAlready: readonly UsableTlsa[],
): RolloverFound[] {
  if (host.dane.state !== 'ok') return []
  const { records } = host.dane
  const inUse = new Set(keys.flatMap(({ matched }) => matched))
  const unmatched = records.filter((record) => !inUse.has(record))
  const hasAuthority = [...inUse].some(({ usage }) => usage === 2)
  const next = unmatched.filter(({ usage, selector }) => usage === 3 && selector === 1)
  const kindsOfKeys = new Set(keys.map(({ keyType }) => keyType)).size
  const surplus = [...unmatched.filter((record) => !next.includes(record)), ...next.slice(kindsOfKeys)]
  const stale = surplus.filter((record) => !toldAlready.includes(record))
  const all = records.map((record) => said(`${formatTlsa(record)}: ${fate(record)}`, tlsaName(view, host)))
  const owner = view.owners.host(host.host)
  const found: RolloverFound[] = []
  if (stale.length > 0) found.push({ id: 'tlsa-stale-record', subject: host.host, seen: all, owner })
  if (next.length === 0 && !hasAuthority) found.push({ id: 'tlsa-no-next-key', subject: host.host, seen: all, owner })
  return found

  function fate(record: UsableTlsa): string {
    if (inUse.has(record)) return 'matches'
    return surplus.includes(record) ? 'matches nothing' : 'matches nothing yet, and may be of the next key'
  }
}

/** Dates count under usage 2, and not under usage 3. RFC 7672 §3.1.1 */
function ending(view: View, host: HostView, keys: readonly KeyView[]): RolloverFound[] {
  const soon = keys.flatMap((key) => {
    if (key.dane?.kind !== 'matched' || key.dane.usage !== 'dane-ta') return []
    return pathOf(key.chain).filter((certificate) => isExpiringSoon(certificate, view.now))
  })
  if (soon.length === 0) return []
  const date = Math.min(...soon.map(({ validToDate }) => validToDate.getTime()))
  const seen = soon.map((certificate) => certificateSeen(certificate))
  return [{ id: 'dane-ta-expires', subject: host.host, seen, owner: view.owners.host(host.host), date }]
}
