import { TYPE } from '../../../core/dns/types.ts'
import { readOwner, readZoneText } from '../dns/text.ts'
import type { Inhabitants } from '../inhabitants.ts'
import type { Attack, ResolutionAttack } from '../world/world.ts'
import { attackerHost } from './hosts.ts'
import type { Forgery } from './resolution.ts'

/** What DNS is forged with: records that lead to the attacker's own host. */
export function forgeryAgainst(kind: ResolutionAttack, { target }: Attack, inhabitants: Inhabitants): Forgery {
  const address = inhabitants.hosts.get(attackerHost.name)?.addresses[0] ?? '192.0.2.255'
  return {
    target: readOwner(`${prefixes[kind] ?? ''}${target}`),
    mx: rdataOf(`${attackerHost.name} MX 10 ${attackerHost.name}`, TYPE.MX),
    address: rdataOf(`${attackerHost.name} A ${address}`, TYPE.A),
  }
}

/** Attacks that name a host or domain and are made on a name below it. */
const prefixes: Partial<Record<ResolutionAttack, string>> = { 'suppress-txt': '_mta-sts.', 'break-tlsa': '_25._tcp.' }

function rdataOf(text: string, type: number): Uint8Array {
  const record = readZoneText(text).find((one) => one.type === type)
  return record?.rdata ?? new Uint8Array()
}
