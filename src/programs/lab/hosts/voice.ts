import type { Duplex } from 'node:stream'
import type { HostDeclaration } from '../world/world.ts'
import { greetingOf } from './mail-session.ts'

/** How a host speaks: as others do, or as a nuisance. */
export interface Voice {
  /** Without its line end; empty hangs up. */
  greeting(): string
  /** Says a reply, its last line end added; `to` is the line that it answers. */
  say(stream: Duplex, reply: string, to?: string): void
}

const manyLines = 10_000

/** The voice for one connection, the `met`th that the host has. */
export function createVoice(host: HostDeclaration, met: number): Voice {
  const { temper } = host
  return {
    greeting() {
      if (temper === 'busy-once' && met === 1) return '421 4.3.2 busy, try again later'
      const greeting = greetingOf(host)
      // Clears a screen, sets its title, turns text round.
      return temper === 'painting' ? `${greeting} \x1b[2J\x1b]0;owned\x07\u202eolleh` : greeting
    },
    say(stream, reply, to) {
      if (temper === 'slow') sayOctetByOctet(stream, `${reply}\r\n`)
      else if (temper === 'endless' && to === undefined) sayWithoutEnd(stream, reply)
      else if (temper === 'verbose' && /^EHLO/i.test(to ?? ''))
        stream.write(`${'250-X-NOTHING\r\n'.repeat(manyLines)}${reply}\r\n`, 'latin1')
      else stream.write(`${reply}\r\n`, temper === 'painting' ? 'utf8' : 'latin1')
    },
  }
}

/** One octet a second, for as long as somebody listens. */
function sayOctetByOctet(stream: Duplex, text: string): void {
  let at = 0
  const timer = setInterval(() => {
    stream.write(text.slice(at, ++at), 'latin1')
    if (at >= text.length) clearInterval(timer)
  }, 1000)
  stream.once('close', () => clearInterval(timer))
}

/** Lines of a greeting that never comes to its last one, as fast as they are taken. */
function sayWithoutEnd(stream: Duplex, reply: string): void {
  const line = `${reply.slice(0, 3)}-${reply.slice(4)}\r\n`.repeat(100)
  const go = () => {
    while (!stream.destroyed && stream.writable && stream.write(line, 'latin1'));
  }
  stream.on('drain', go)
  go()
}
