import { limits } from '../../core/limits.ts'

/** One line of a list that says something, or why it cannot be read. Lines count from 1. */
export type ListLine =
  | { readonly kind: 'text'; readonly line: number; readonly text: string }
  | { readonly kind: 'fault'; readonly line: number; readonly fault: 'line-too-long' | 'not-utf8' | 'too-many-lines' }

const lineFeed = 0x0a

/**
 * The lines of a list, without blanks around them; empty ones and those that begin with `#` are passed over.
 *
 * Holds no more than one line in memory, whatever the list. Ends early after `limits.files.listLines`, with a fault.
 */
export async function* readList(input: AsyncIterable<Uint8Array>): AsyncGenerator<ListLine> {
  let line = 0
  for await (const octets of splitLines(input)) {
    line += 1
    if (line > limits.files.listLines) {
      yield { kind: 'fault', line, fault: 'too-many-lines' }
      return
    }
    const read = readLine(octets, line)
    if (read !== undefined) yield read
  }
}

function readLine(octets: Uint8Array | undefined, line: number): ListLine | undefined {
  if (octets === undefined) return { kind: 'fault', line, fault: 'line-too-long' }
  const text = decode(octets)?.trim()
  if (text === undefined) return { kind: 'fault', line, fault: 'not-utf8' }
  return text === '' || text.startsWith('#') ? undefined : { kind: 'text', line, text }
}

function decode(octets: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets)
  } catch {
    return undefined
  }
}

/** Lines without their ends; undefined stands for one that is too long, whose octets are dropped. */
async function* splitLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array | undefined> {
  let held: Uint8Array | undefined = new Uint8Array(0)
  for await (const chunk of input) {
    let from = 0
    for (let to = chunk.indexOf(lineFeed); to !== -1; to = chunk.indexOf(lineFeed, from)) {
      yield join(held, chunk.subarray(from, to))
      held = new Uint8Array(0)
      from = to + 1
    }
    held = join(held, chunk.subarray(from))
  }
  if (held === undefined || held.length > 0) yield held
}

function join(held: Uint8Array | undefined, more: Uint8Array): Uint8Array | undefined {
  if (held === undefined || held.length + more.length > limits.files.listLineOctets) return undefined
  return held.length === 0 ? Uint8Array.from(more) : Buffer.concat([held, more])
}
