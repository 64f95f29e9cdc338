import { readFileSync } from 'node:fs'
import { ConfigError } from '../../core/config-error.ts'
import { explainWorldFault } from '../lab/world/fault.ts'
import { parseWorld } from '../lab/world/parse.ts'
import type { World } from '../lab/world/world.ts'

/** Above whom the test domains stand in the lab. */
export const labBase = 'sender-test.example'

/** The test domains as a world, below a name of the operator's or the lab's own. */
export function readTestWorld(base: string = labBase): World {
  const file = new URL('../../../worlds/sender-test.txt', import.meta.url)
  const text = readFileSync(file, 'utf8').replaceAll(labBase, base)
  const world = parseWorld(text)
  if (!world.ok) throw new ConfigError(`worlds/sender-test.txt: ${explainWorldFault(text, world)}`)
  return world.value
}
