import { ConfigError } from '../../../core/config-error.ts'
import { type PolicyShelf, readShelf } from '../../../io/publish/policy-shelf.ts'
import { type HostConfig, readHostConfig } from './host-config.ts'

/** The configuration with all its policies, of which each must be in order. Throws ConfigError, naming the first that is not. */
export async function readStrictly(
  path: string,
): Promise<{ readonly config: HostConfig; readonly shelf: PolicyShelf }> {
  const config = await readHostConfig(path)
  const shelf = await readAll(config)
  const [trouble] = shelf.troubles
  if (trouble !== undefined) throw new ConfigError(`cannot use "${trouble.path}": ${trouble.reason}`)
  return { config, shelf }
}

async function readAll({ path, profiles, policies }: HostConfig): Promise<PolicyShelf> {
  try {
    return await readShelf({ profiles, folder: policies })
  } catch (error) {
    throw new ConfigError(`${path}: ${error instanceof Error ? error.message : error}`)
  }
}
