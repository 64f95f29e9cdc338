import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls'
import type { Endpoint } from '../../src/io/network.ts'

/** The words of a probe, and nothing besides: no limits, no facts, no transcript; and nothing said of the certificate. */
export async function bareSession(
  { address, port }: Endpoint,
  secureContext: SecureContext,
  { isTrusted = true }: { readonly isTrusted?: boolean } = {},
): Promise<void> {
  const plain = connect({ host: address, port, noDelay: true })
  const heard = listen(plain)
  await heard()
  plain.write('EHLO bench.test\r\n')
  await heard()
  plain.write('STARTTLS\r\n')
  await heard()
  plain.removeAllListeners('data')
  const tls = connectTls({ socket: plain, secureContext, servername: 'mx.test', rejectUnauthorized: false })
  await once(tls, 'secureConnect')
  if (isTrusted && tls.authorizationError != null) throw tls.authorizationError
  const inside = listen(tls)
  tls.write('EHLO bench.test\r\n')
  await inside()
  tls.write('QUIT\r\n')
  await inside()
  tls.end()
}

/** Resolves with each reply, told by its last line. */
function listen(socket: Socket | TLSSocket): () => Promise<void> {
  let text = ''
  let wake = () => {}
  socket.on('data', (octets: Buffer) => {
    text += octets.toString('latin1')
    wake()
  })
  return async () => {
    while (!/^\d{3} .*\r\n$/m.test(text)) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    text = ''
  }
}
