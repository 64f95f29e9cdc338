import { formatTlsa } from '../dane/tlsa.ts'
import { dayOf, isExpiringSoon } from './forecast.ts'
import type { AddressRow, Cell, HostRow, KeyRow } from './report.ts'
import { notConnected } from './sessions.ts'
import type { AddressView, HostView, KeyView, View } from './view.ts'

/** Every MX host at every address with every kind of certificate. */
export function gridOf({ hosts, now }: View): HostRow[] {
  return hosts.map((host) => ({
    ...{ host: host.host, preference: host.facts.preference },
    addresses: host.addresses.map((address) => addressRow(address, host, now)),
  }))
}

function addressRow(view: AddressView, host: HostView, now: number): AddressRow {
  const { address, keys } = view
  return {
    ...{
      address,
      family: address.includes(':') ? 'IPv6' : 'IPv4',
      connect: connectCell(view),
      startTls: startTlsCell(view),
    },
    keys: keys.map((key) => keyRow(key, host, now)),
  }
}

function connectCell({ probe }: AddressView): Cell {
  const outcome = probe?.outcome
  switch (outcome?.kind) {
    case undefined:
      return cell('unknown', 'not tried')
    case 'talked':
      return cell('good', 'answers')
    case 'not-connected':
      return cell(
        outcome.why === 'refused' || outcome.why === 'forbidden' ? 'bad' : 'unknown',
        outcome.why,
        notConnected[outcome.why],
      )
    case 'no-greeting':
      return cell('unknown', 'silent')
    case 'busy':
      return cell('unknown', 'busy')
    case 'turned-away':
      return cell('unknown', 'turns us away')
    case 'not-smtp':
      return cell('bad', 'no SMTP')
    case 'given-up':
      return cell('unknown', 'not tried')
  }
}

function startTlsCell({ talk, keys }: AddressView): Cell {
  if (talk === undefined) return cell('unknown', '-')
  const { offer, answer } = talk.startTls
  if (offer.kind === 'absent') return cell('bad', 'not offered')
  if (offer.kind === 'garbled') return cell('bad', 'garbled', offer.keyword)
  if (keys.length > 0) return cell('good', 'works')
  if (answer.kind === 'busy' || answer.kind === 'timed-out') return cell('unknown', answer.kind)
  if (answer.kind === 'refused' || answer.kind === 'unavailable') return cell('bad', 'refused')
  return cell(offer.kind === 'unknown' ? 'unknown' : 'bad', offer.kind === 'unknown' ? '-' : 'no handshake')
}

function keyRow({ keyType, handshake, chain, pkix, dane, matched }: KeyView, host: HostView, now: number): KeyRow {
  const [leaf] = chain
  const isDane = host.dane.state === 'ok'
  const isSts = host.decision?.action === 'connect' && host.decision.sts.mode === 'enforce'
  // What public trust says is no fault where nobody asks for it.
  const lacking = isSts ? 'bad' : 'weak'
  const expires = leaf === undefined ? '-' : dayOf(leaf.validToDate)
  const isOut = pkix.dates !== undefined
  return {
    keyType: keyType === 'rsa' ? 'RSA' : 'ECDSA',
    handshake: cell('good', handshake.protocol, handshake.suite),
    chain:
      pkix.chainError === undefined
        ? cell('good', 'public')
        : cell(lacking, chainWord(pkix.chainError), pkix.chainError),
    name: pkix.nameMatches ? cell('good', 'ok') : cell(lacking, 'other', leaf?.subjectAltName ?? leaf?.subject ?? null),
    expires: cell(isOut ? lacking : leaf !== undefined && isExpiringSoon(leaf, now) ? 'weak' : 'good', expires),
    tlsa: isDane ? tlsaCell(dane, matched) : cell('none', '-'),
  }
}

function tlsaCell(dane: KeyView['dane'], matched: KeyView['matched']): Cell {
  if (dane === undefined) return cell('unknown', '-')
  if (dane.kind === 'failed') return cell('bad', dane.why === 'no-match' ? 'no match' : dane.why)
  const [record] = matched
  return cell(
    'good',
    record === undefined ? 'matches' : short(record),
    record === undefined ? null : formatTlsa(record),
  )
}

function short({ usage, selector, matchingType }: KeyView['matched'][number]): string {
  return `${usage} ${selector} ${matchingType}`
}

function chainWord(error: string): string {
  if (error === 'CERT_HAS_EXPIRED' || error === 'CERT_NOT_YET_VALID') return 'dates'
  return error.includes('SELF_SIGNED') ? 'self-signed' : 'not public'
}

function cell(state: Cell['state'], text: string, detail: string | null = null): Cell {
  return { state, text, detail }
}
