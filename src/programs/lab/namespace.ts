import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ConfigError } from '../../core/config-error.ts'
import type { Endpoint } from '../../io/network.ts'

const run = promisify(execFile)

/** Gives the loopback interface of this network namespace a world address, so that its own ports can be had. */
export async function claimAddress(world: Endpoint): Promise<Endpoint> {
  const prefix = world.address.includes(':') ? 128 : 32
  try {
    await run('ip', ['addr', 'replace', `${world.address}/${prefix}`, 'dev', 'lo'])
    await run('ip', ['link', 'set', 'lo', 'up']) // in a new namespace it is down
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[1] ?? error.message) : String(error)
    throw new ConfigError(`cannot take address ${world.address}; run inside "unshare -rn": ${reason}`)
  }
  return world
}
