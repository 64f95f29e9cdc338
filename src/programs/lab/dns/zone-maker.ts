import type { ResourceRecord } from '../../../core/dns/message.ts'
import { parseAddress } from '../../../core/dns/rdata/address.ts'
import type { Ds } from '../../../core/dns/rdata/records.ts'
import { writeDs, writeName, writeSoa } from '../../../core/dns/rdata/write.ts'
import { CLASS, TYPE } from '../../../core/dns/types.ts'
import type { ZoneDeclaration } from '../world/world.ts'
import { readOwner } from './text.ts'
import { arrangeZone, type ServedZone } from './zone.ts'
import { createZoneSigner } from './zone-signer.ts'

/** Makes one declared zone, again and again with the same keys. */
export interface ZoneMaker {
  /** The zone with these records besides those that every zone has, signed as of now (milliseconds). */
  make(records: readonly ResourceRecord[], now: number): ServedZone
  /** What its parent holds of it: NS, glue, and DS as its declaration has them. */
  readonly delegation: readonly ResourceRecord[]
  /** DS records of its keys. */
  readonly ds: readonly Ds[]
}

/** `address` is that of the zone's only name server, whose name lies in the zone itself. */
export function createZoneMaker(declaration: ZoneDeclaration, address: string): ZoneMaker {
  const { ttl, signed } = declaration
  const origin = readOwner(declaration.origin)
  const server = readOwner(declaration.origin === '.' ? 'a.root' : `ns.${declaration.origin}`)
  const mailbox = readOwner(declaration.origin === '.' ? 'hostmaster' : `hostmaster.${declaration.origin}`)
  const signer = signed ? createZoneSigner(declaration) : undefined
  const recordOf = (type: number, rdata: Uint8Array): ResourceRecord => {
    return { name: origin, type, class: CLASS.IN, ttl, rdata }
  }
  const soa = { primary: server, mailbox, serial: 1, refresh: 7200, retry: 900, expire: 1_209_600, minimum: 300 }
  const nameServers = [
    recordOf(TYPE.NS, writeName(server)),
    { ...recordOf(TYPE.A, parseAddress(address) ?? new Uint8Array(4)), name: server },
  ]
  const apex = [recordOf(TYPE.SOA, writeSoa(soa)), ...nameServers]
  const ds = signer?.ds ?? []
  return {
    ds,
    delegation: [
      ...nameServers,
      ...ds.flatMap((one) => publishedDs(one, declaration.ds)).map((one) => recordOf(TYPE.DS, writeDs(one))),
    ],
    make(records, now) {
      const all = [...apex, ...records]
      return signer === undefined ? arrangeZone(origin, all) : arrangeZone(origin, signer.sign(all, now), signer.hash)
    },
  }
}

/** What the parent says instead of a key's right DS record. */
function publishedDs(right: Ds, published: ZoneDeclaration['ds']): Ds[] {
  switch (published) {
    case 'right':
      return [right]
    case 'none':
      return []
    case 'wrong':
      return [{ ...right, digest: right.digest.map((octet) => octet ^ 0xff) }]
    case 'unknown-algorithm':
      return [{ ...right, algorithm: 99 }]
    case 'unknown-digest':
      return [{ ...right, digestType: 99 }]
  }
}
