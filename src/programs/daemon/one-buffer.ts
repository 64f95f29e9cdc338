import { Socket, type SocketConstructorOpts } from 'node:net'
import { limits } from '../../core/limits.ts'

const buffer = Buffer.allocUnsafeSlow(limits.postfix.readOctets)

/**
 * Has an accepted connection read into one buffer that all such connections share, instead of a new one for each read: what
 * its `data` events give is overwritten once their listeners have returned. Nothing may have been read of it yet.
 *
 * Node.js documents `onread` for sockets that a program makes itself. To one that was accepted it comes only by taking its
 * handle over; where that cannot be done, the connection is left as it is.
 */
export function readIntoOneBuffer(accepted: Socket): Socket {
  const before = accepted as unknown as { _handle: unknown }
  const { _handle: handle } = before
  if (typeof handle !== 'object' || handle === null) return accepted
  const callback = (octets: number) => socket.emit('data', buffer.subarray(0, octets))
  const options = { handle, allowHalfOpen: accepted.allowHalfOpen, onread: { buffer, callback } }
  let socket: Socket
  try {
    socket = new Socket(options as SocketConstructorOpts) // which knows handles of one kind only
  } catch {
    return accepted
  }
  before._handle = null // or the connection would end with the first of its sockets
  accepted.destroy()
  return socket
}
