import type { Socket } from 'node:net'
import { type ClientHello, readClientHello } from '../../core/tls/read-client-hello.ts'

/**
 * Waits for the ClientHello that a connection begins with, and leaves the connection as it was: whoever comes next reads it
 * from its first octet. Undefined for anything else, and when the client goes away; time is the caller's to bound.
 */
export function awaitClientHello(
  socket: Socket,
  { helloOctets, helloPieces }: { readonly helloOctets: number; readonly helloPieces: number },
  done: (hello: ClientHello | undefined) => void,
): void {
  let octets: Buffer = Buffer.alloc(0)
  let pieces = 0
  const end = (hello: ClientHello | undefined) => {
    socket.off('readable', look)
    socket.off('end', giveUp)
    socket.off('close', giveUp)
    // Nothing may be put back into a stream that has ended.
    if (hello !== undefined) socket.unshift(octets)
    done(hello)
  }
  const giveUp = () => end(undefined)
  const look = () => {
    const piece: Buffer | null = socket.read()
    if (piece === null) return
    octets = octets.length === 0 ? piece : Buffer.concat([octets, piece])
    const reading = readClientHello(octets, helloOctets)
    if (reading.kind === 'hello') end(reading.hello)
    else if (reading.kind === 'refused' || ++pieces >= helloPieces) giveUp()
  }
  socket.on('readable', look)
  socket.on('end', giveUp)
  socket.on('close', giveUp)
}
