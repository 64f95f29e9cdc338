import { readFileSync } from 'node:fs'

/** Of this package. */
export function packageVersion(): string {
  const file = new URL('../../../package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string } // our own file
  return version
}
