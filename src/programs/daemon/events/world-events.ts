import type { Failure, Resolution } from '../../../core/dnssec/resolution.ts'
import { formatName } from '../../../core/name/text.ts'
import { warningOf } from '../../../io/mtasts/sts-warning.ts'
import type { StsEvent } from '../../../io/mtasts/sts-work.ts'
import type { FleetState } from '../../../io/store/shared/fleet.ts'
import type { WorldEvent } from '../../cli/world.ts'
import type { ServiceEvent } from './event.ts'

/** What an operator should hear of what a world tells; undefined for what only counts. */
export function eventOf(told: WorldEvent): ServiceEvent | undefined {
  switch (told.kind) {
    case 'policy':
      return policyEvent(told.event)
    case 'engine': {
      const { engine, why } = told
      return { name: 'engine', text: `engine auto took ${engine}: ${why}`, details: { engine, why } }
    }
    case 'shared-store':
      return sharedStoreEvent(told.place, told.state)
    case 'shared-question':
    case 'turn':
      return undefined
    case 'resolver-warning':
    case 'store-warning':
      return { name: told.kind, text: told.text }
  }
}

function sharedStoreEvent(place: string, state: FleetState): ServiceEvent {
  const details = { place, reason: state.kind === 'up' ? null : state.reason }
  switch (state.kind) {
    case 'up':
      return { name: 'shared-store-up', text: `the shared store ${place} answers`, details }
    case 'refusing': {
      const text = `the shared store ${place} refuses what it is asked, and this machine fetches for itself: ${state.reason}`
      return { name: 'shared-store-refuses', text, details }
    }
    case 'away': {
      const text = `the shared store ${place} is away, and what this machine has counts until it is back: ${state.reason}`
      return { name: 'shared-store-away', text, details }
    }
  }
}

function policyEvent(event: StsEvent): ServiceEvent | undefined {
  const text = warningOf(event)
  if (text === undefined || event.kind !== 'refresh-failed') return undefined
  const { domain, expiresAt, failure } = event
  const details = { domain, until: new Date(expiresAt).toISOString(), fault: failure.fault, reason: failure.reason }
  return { name: 'policy-lapsing', text, details }
}

/** That the keys of a trust anchor cannot be proved any more: nothing below it is. RFC 4035 §5, RFC 5011 §2 */
export function anchorTroubleIn(resolution: Resolution): Failure | undefined {
  if (resolution.kind !== 'failure' || resolution.why !== 'bogus' || resolution.zone === undefined) return undefined
  return resolution.chain.length === 0 ? resolution : undefined
}

export function anchorTrouble({ zone, reason }: Failure): ServiceEvent {
  const name = zone === undefined ? '.' : formatName(zone)
  const text = `the trust anchor of ${name} does not fit its keys, so that no signed name can be told: ${reason}`
  return { name: 'anchor-trouble', text, details: { zone: name, reason } }
}
