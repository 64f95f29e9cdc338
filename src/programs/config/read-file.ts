import { closeSync, openSync, readSync } from 'node:fs'
import { ConfigError } from '../../core/config-error.ts'
import { reasonOf } from '../file-error.ts'

/**
 * The octets of an operator's file, which may be a pipe. Throws ConfigError when it cannot be read or has more than
 * `most` octets, of which it reads no more than that.
 */
export function readOctets(path: string, most: number): Buffer {
  const octets = withFile(path, (file) => readUpTo(file, most + 1))
  if (octets.length > most) throw new ConfigError(`"${path}" is longer than ${most} octets`)
  return octets
}

/** The text of an operator's file, as `readOctets` reads it. */
export function readText(path: string, most: number): string {
  return readOctets(path, most).toString('utf8')
}

/** The first octets of an operator's file. Throws ConfigError when it cannot be read. */
export function readStart(path: string, octets: number): Buffer {
  return withFile(path, (file) => readUpTo(file, octets))
}

function withFile<Value>(path: string, use: (file: number) => Value): Value {
  try {
    const file = openSync(path, 'r')
    try {
      return use(file)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw new ConfigError(`cannot read "${path}": ${reasonOf(error)}`)
  }
}

const pieceOctets = 65_536

function readUpTo(file: number, most: number): Buffer {
  const pieces: Buffer[] = []
  for (let left = most; left > 0; ) {
    const piece = Buffer.alloc(Math.min(left, pieceOctets))
    const read = readSync(file, piece)
    if (read === 0) break
    pieces.push(piece.subarray(0, read))
    left -= read
  }
  return Buffer.concat(pieces)
}
