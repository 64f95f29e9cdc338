// The other side of RFC 8945, written apart from ours: what a server checks in a request, and how it signs a reply.
import { createHmac } from 'node:crypto'
import { makeTsigKey, type TsigKey, type TsigKeyFields } from '../../src/core/dns/tsig-key.ts'

export function keyOf(fields: Partial<TsigKeyFields> = {}): TsigKey {
  const secret = Buffer.from('a secret of thirty-two octets ok').toString('base64')
  const key = makeTsigKey({ name: 'Update.example.', algorithm: 'hmac-sha256', secret, ...fields })
  if (!key.ok) throw new Error(`no key: ${key.fault}`)
  return key.value
}

export interface ReplySignature {
  /** Of the request; undefined signs as if there were none. */
  readonly requestMac: Uint8Array | undefined
  readonly time: number
  readonly fudge?: number
  readonly error?: number
  readonly otherData?: Uint8Array
  /** Of the MAC that is sent; 0 sends none. */
  readonly macOctets?: number
  /** What stands in the record, not in what is signed. */
  readonly originalId?: number
  readonly shownTime?: number
  readonly algorithmName?: string
}

/** A reply with a TSIG record behind all else. */
export function signReply(reply: Uint8Array, key: TsigKey, signature: ReplySignature): Buffer {
  const { requestMac, time, fudge = 300, error = 0, otherData = Buffer.alloc(0), shownTime = time } = signature
  const { algorithmName = key.algorithm } = signature
  const name = Buffer.from(key.name.wire, 'latin1')
  const label = Buffer.concat([Buffer.from([algorithmName.length]), Buffer.from(algorithmName), Buffer.from([0])])
  const timeOctets = (value: number) => number(value, 6)
  const hmac = createHmac(key.algorithm.replace('hmac-', ''), key.secret)
  if (requestMac !== undefined) hmac.update(Buffer.concat([number(requestMac.length, 2), requestMac]))
  hmac.update(reply)
  hmac.update(Buffer.from(key.name.key, 'latin1'))
  hmac.update(Buffer.from('00ff00000000', 'hex'))
  hmac.update(Buffer.concat([label, timeOctets(time), number(fudge, 2), number(error, 2)]))
  hmac.update(Buffer.concat([number(otherData.length, 2), otherData]))
  const whole = hmac.digest()
  const mac = Buffer.concat([whole, Buffer.alloc(8)]).subarray(0, signature.macOctets ?? whole.length)
  const originalId = signature.originalId === undefined ? reply.subarray(0, 2) : number(signature.originalId, 2)
  const rdata = Buffer.concat([
    ...[label, timeOctets(shownTime), number(fudge, 2), number(mac.length, 2), mac, originalId],
    ...[number(error, 2), number(otherData.length, 2), otherData],
  ])
  const head = Buffer.from('00fa00ff00000000', 'hex')
  const signed = Buffer.concat([reply, name, head, number(rdata.length, 2), rdata])
  signed.writeUInt16BE(signed.readUInt16BE(10) + 1, 10)
  return signed
}

/** Whether a request is signed with the key, for this time; its MAC and the message that was signed. */
export function readRequest(request: Uint8Array, key: TsigKey): { readonly message: Buffer; readonly mac: Buffer } {
  const octets = Buffer.from(request)
  const name = Buffer.from(key.name.wire, 'latin1')
  const at = octets.lastIndexOf(Buffer.concat([name, Buffer.from('00fa00ff00000000', 'hex')]))
  if (at < 0) throw new Error('the request is not signed with this key')
  const from = at + name.length + 10
  const fixed = octets.indexOf(0, from) + 1
  const macLength = octets.readUInt16BE(fixed + 8)
  const mac = octets.subarray(fixed + 10, fixed + 10 + macLength)
  const message = Buffer.from(octets.subarray(0, at))
  message.writeUInt16BE(message.readUInt16BE(10) - 1, 10)
  const hmac = createHmac(key.algorithm.replace('hmac-', ''), key.secret)
  hmac.update(message).update(Buffer.from(key.name.key, 'latin1')).update(Buffer.from('00ff00000000', 'hex'))
  hmac.update(octets.subarray(from, fixed + 8)) // algorithm, time, fudge
  hmac.update(Buffer.from('00000000', 'hex')) // no error, no other data
  if (!hmac.digest().subarray(0, macLength).equals(mac)) throw new Error('the MAC of the request is wrong')
  return { message, mac }
}

function number(value: number, octets: number): Buffer {
  const written = Buffer.alloc(octets)
  written.writeUIntBE(value, 0, octets)
  return written
}
