import type { TLSSocket } from 'node:tls'
import type { InjectionSeen, Renegotiation, Told } from '../../core/check/tls-parameters.ts'
import { limits } from '../../core/limits.ts'
import { commands } from '../../core/smtp/command.ts'
import type { Patience } from '../smtp/wire.ts'
import { told, untold } from './explore.ts'
import type { Line } from './line.ts'
import type { ProbeIo } from './probe-io.ts'
import { type Secured, secure } from './secure.ts'
import { type Visit, whyUnused } from './visit.ts'

/** For trying what takes a whole handshake. */
export interface Further {
  readonly visit: Visit
  readonly serverName: string | undefined
  readonly io: ProbeIo
}

/**
 * Sends NOOP in the segment of STARTTLS, and QUIT as the first command inside TLS: whoever answers NOOP there has kept
 * what came in the clear, as an attacker on the way would want. CVE-2011-0411, RFC 3207 §6
 */
export async function tryInjection({ visit, serverName, io }: Further): Promise<Told<InjectionSeen>> {
  const session = await visit.run(
    'command behind STARTTLS',
    async (line): Promise<InjectionSeen> => {
      const secured = await secure(line, { context: io.contexts.any, serverName, clock: io.clock })
      if (secured.kind === 'early-octets') return { kind: 'answered-before', text: secured.text }
      if (secured.kind === 'failed') return { kind: 'cut' }
      const heard = await line.ask([commands.quit()])
      const isOfQuit = heard.kind !== 'reply' || heard.reply.code === 221 || heard.reply.code === 421
      if (isOfQuit) line.cut()
      else await line.leave()
      return heard.kind === 'reply' && !isOfQuit ? { kind: 'answered-inside', reply: heard.reply } : { kind: 'dropped' }
    },
    commands.noop(),
  )
  if (session.kind === 'used') return told(session.value)
  if (session.kind === 'untold' || session.seen.kind !== 'greeted') return untold(whyUnused(session))
  const { answer } = session.seen.startTls
  if ('reply' in answer) return told({ kind: 'refused', reply: answer.reply })
  return answer.kind === 'lost' ? told({ kind: 'cut' }) : untold('lost')
}

/** Asks for renegotiation until it is refused, or often enough. RFC 9325 §3.5 */
export async function tryRenegotiation({ visit, serverName, io }: Further): Promise<Told<Renegotiation>> {
  const session = await visit.run('renegotiation', async (line): Promise<Told<Renegotiation>> => {
    const secured = await secure(line, { context: io.contexts.renegotiating, serverName, clock: io.clock })
    if (secured.kind !== 'secured') return untold('lost')
    return await countRenegotiations(line, secured)
  })
  return session.kind === 'used' ? session.value : untold(whyUnused(session))
}

async function countRenegotiations(
  line: Line,
  { socket }: Extract<Secured, { readonly kind: 'secured' }>,
): Promise<Told<Renegotiation>> {
  let count = 0
  socket.resume()
  while (count < limits.probe.renegotiations && (await renegotiate(socket, line.patienceFor('handshakeMs')))) count++
  line.transcript.write('tls', `${count} renegotiations`)
  const isBound = count === limits.probe.renegotiations
  if (isBound) await line.leave()
  else line.cut()
  return told({ count, isBound })
}

/** Whether the server went along. One that says nothing has not. */
function renegotiate(socket: TLSSocket, { timeoutMs, signal }: Patience): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (went: boolean) => {
      clearTimeout(timer)
      socket.off('error', onEnd).off('close', onEnd).off('end', onEnd)
      signal?.removeEventListener('abort', onEnd)
      resolve(went)
    }
    const onEnd = () => settle(false)
    const timer = setTimeout(onEnd, timeoutMs)
    socket.on('error', onEnd).on('close', onEnd).on('end', onEnd)
    signal?.addEventListener('abort', onEnd, { once: true })
    if (socket.destroyed || signal?.aborted === true) return onEnd()
    const begun = socket.renegotiate({ rejectUnauthorized: false }, (error) =>
      settle(error === null || error === undefined),
    )
    if (begun === false) onEnd()
  })
}
