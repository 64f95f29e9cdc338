import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { ConfigError } from '../../core/config-error.ts'
import { reasonOf } from '../file-error.ts'

/**
 * Reads a file that nobody but its owner may read or write, and its group read. Throws ConfigError, which says that it
 * cannot use `what` in the file, for any other.
 */
export function readSecretFile(path: string, what: string, octetsMax: number): string {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const { mode, size } = fstatSync(file)
      if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new Error('it is no plain file')
      if ((mode & 0o037) !== 0) throw new Error(`others may use it (mode ${(mode & 0o777).toString(8)}): chmod 640`)
      if (size > octetsMax) throw new Error(`it is longer than ${octetsMax} octets`)
      return readFileSync(file, 'utf8')
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw new ConfigError(`cannot use ${what} in "${path}": ${reasonOf(error)}`)
  }
}
