import { parseHostName } from '../name/domain.ts'
import { noExtensions, parseEhlo } from '../smtp/ehlo.ts'
import type { Reply } from '../smtp/reply.ts'
import type { EhloAnswer, EhloFinding, Greeting, NameFault, StartTlsAnswer, StartTlsOffer } from './address-probe.ts'

/** What a greeting shows of its server, and of who painted over it. RFC 5321 §4.2 */
export function readGreeting(reply: Reply): Greeting {
  const text = reply.lines.join(' ')
  const name = firstWord(reply)
  return {
    ...{ reply, name, nameFault: nameFaultOf(name) },
    saysEsmtp: /\bESMTP\b/i.test(text),
    isMasked: /\*{4,}|X{6,}/.test(text),
  }
}

/** A positive reply to EHLO or HELO. RFC 5321 §4.1.1.1 */
export function readEhlo(verb: 'EHLO' | 'HELO', reply: Reply): EhloAnswer {
  const name = firstWord(reply)
  const extensions = verb === 'EHLO' ? parseEhlo(reply) : noExtensions
  return { kind: 'answered', verb, reply, name, nameFault: nameFaultOf(name), extensions }
}

function firstWord({ lines: [first = ''] }: Reply): string {
  return /^[ \t]*([^ \t]*)/.exec(first)?.[1] ?? ''
}

function nameFaultOf(name: string): NameFault | undefined {
  if (name === '') return 'missing'
  if (name.startsWith('[')) return 'address-literal'
  if (/^localhost(?:\.localdomain)?\.?$/i.test(name)) return 'localhost'
  if (!parseHostName(name).ok) return 'not-a-name'
  return /.\../.test(name) ? undefined : 'single-label'
}

const startTls = 'STARTTLS'

/** Whether STARTTLS is offered, or something that was STARTTLS before it was overwritten on the way. */
export function findOffer(ehlo: EhloFinding): StartTlsOffer {
  if (ehlo.kind !== 'answered' || ehlo.verb === 'HELO') return { kind: 'unknown' }
  if (ehlo.extensions.startTls) return { kind: 'offered' }
  for (const line of ehlo.reply.lines.slice(1)) {
    const keyword = line.trim().split(/\s/, 1)[0] ?? ''
    const how = damageOf(keyword)
    if (how !== undefined) return { kind: 'garbled', keyword, how }
  }
  return { kind: 'absent' }
}

/** Middleboxes write crosses over what they do not let pass: `250-XXXXXXXA`, `500 Command unrecognized: "XXXX"`. */
function damageOf(word: string): 'crossed-out' | 'altered' | undefined {
  if (/^[X*#]{4,}[A-Z]?$/i.test(word)) return 'crossed-out'
  const letters = word.toUpperCase()
  if (letters === startTls || Math.abs(letters.length - startTls.length) > 2) return undefined
  return distance(letters, startTls) <= 2 ? 'altered' : undefined
}

/** How many letters to change, put in or leave out to make one of the other. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, place) => place)
  for (const [place, letter] of [...one].entries()) {
    const next = [place + 1]
    for (const [at, wanted] of [...other].entries()) {
      const changed = (row[at] ?? 0) + (letter === wanted ? 0 : 1)
      next.push(Math.min(changed, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}

/** What a reply to STARTTLS says. Only 220 begins TLS. RFC 3207 §4 */
export function readStartTlsAnswer(reply: Reply): StartTlsAnswer {
  const { code, lines } = reply
  if (code === 220) return { kind: 'accepted', reply }
  if (code === 421) return { kind: 'busy', reply }
  if (code >= 400 && code < 500) return { kind: 'unavailable', reply }
  if (code < 500) return { kind: 'unexpected', reply }
  const received = lines
    .join(' ')
    .match(/[A-Za-z*#]+/g)
    ?.find((word) => damageOf(word) !== undefined)
  return received === undefined ? { kind: 'refused', reply } : { kind: 'mangled', reply, received }
}
