import { writeSync } from 'node:fs'
import { reasonOf } from '../file-error.ts'
import { EXIT } from './exit.ts'

/**
 * Ends the process whose output cannot be written. When whoever read it has gone, without a word, as a program that
 * SIGPIPE ends; else with a line that says why.
 */
export function endWithoutOutput(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(EXIT.brokenPipe)
  try {
    writeSync(2, `waxseal: cannot write the output: ${reasonOf(error)}\n`)
  } catch {
    // Standard error is what cannot be written.
  }
  process.exit(EXIT.cannotCreate)
}
