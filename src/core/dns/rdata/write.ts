import type { Name } from '../../name/name.ts'
import { fromLatin1 } from '../octets.ts'
import type { Dnskey, Ds, Mx, Nsec, Nsec3, Nsec3Parameters, Rrsig, Soa, Srv, TlsaFields, TypeSet } from './records.ts'

export function writeName(name: Name): Uint8Array {
  return fromLatin1(name.wire)
}

export function writeMx({ preference, exchange }: Mx): Uint8Array {
  return join([u16(preference), writeName(exchange)])
}

export function writeSoa({ primary, mailbox, serial, refresh, retry, expire, minimum }: Soa): Uint8Array {
  return join([writeName(primary), writeName(mailbox), ...[serial, refresh, retry, expire, minimum].map(u32)])
}

export function writeSrv({ priority, weight, port, target }: Srv): Uint8Array {
  return join([u16(priority), u16(weight), u16(port), writeName(target)])
}

/** Octet strings of at most 255 each. */
export function writeTxt(strings: readonly string[]): Uint8Array {
  return join(strings.flatMap((text) => [Uint8Array.of(text.length), fromLatin1(text)]))
}

export function writeTlsa({ usage, selector, matchingType, data }: TlsaFields): Uint8Array {
  return join([Uint8Array.of(usage, selector, matchingType), data])
}

export function writeDs({ keyTag, algorithm, digestType, digest }: Ds): Uint8Array {
  return join([u16(keyTag), Uint8Array.of(algorithm, digestType), digest])
}

export function writeDnskey({ flags, protocol, algorithm, publicKey }: Dnskey): Uint8Array {
  return join([u16(flags), Uint8Array.of(protocol, algorithm), publicKey])
}

export function writeRrsig(rrsig: Rrsig): Uint8Array {
  return join([writeRrsigPrefix(rrsig), rrsig.signature])
}

/** All but the signature, which is what the signature covers first, then with the signer in lower case. RFC 4034 §3.1.8.1 */
export function writeRrsigPrefix(rrsig: Omit<Rrsig, 'signature'>, signer = rrsig.signer.wire): Uint8Array {
  const octets = Buffer.allocUnsafe(18 + signer.length)
  octets.writeUInt16BE(rrsig.typeCovered, 0)
  octets.writeUInt8(rrsig.algorithm, 2)
  octets.writeUInt8(rrsig.labels, 3)
  octets.writeUInt32BE(rrsig.originalTtl, 4)
  octets.writeUInt32BE(rrsig.expiration, 8)
  octets.writeUInt32BE(rrsig.inception, 12)
  octets.writeUInt16BE(rrsig.keyTag, 16)
  octets.write(signer, 18, 'latin1')
  return octets
}

export function writeNsec({ next, types }: Nsec): Uint8Array {
  return join([writeName(next), writeBitmap(types)])
}

export function writeNsec3param({ hashAlgorithm, flags, iterations, salt }: Nsec3Parameters): Uint8Array {
  return join([Uint8Array.of(hashAlgorithm, flags), u16(iterations), Uint8Array.of(salt.length), salt])
}

export function writeNsec3(nsec3: Nsec3): Uint8Array {
  const next = [Uint8Array.of(nsec3.next.length), nsec3.next]
  return join([writeNsec3param(nsec3), ...next, writeBitmap(nsec3.types)])
}

/** Window blocks in order, without trailing zero octets. RFC 4034 §4.1.2 */
export function writeBitmap(types: TypeSet): Uint8Array {
  const windows = new Map<number, Uint8Array>()
  for (const type of [...types].sort((one, other) => one - other)) {
    const bits = windows.get(type >> 8) ?? new Uint8Array(32)
    windows.set(type >> 8, bits)
    const at = (type & 255) >> 3
    bits[at] = (bits[at] as number) | (0x80 >> (type & 7))
  }
  return join(
    [...windows].flatMap(([window, bits]) => {
      const length = bits.findLastIndex((octet) => octet !== 0) + 1
      return [Uint8Array.of(window, length), bits.subarray(0, length)]
    }),
  )
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255)
}

export function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255)
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(pieces)
}
