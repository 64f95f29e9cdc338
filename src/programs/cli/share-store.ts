import type { Clock } from '../../io/clock.ts'
import type { Store } from '../../io/store/store.ts'
import type { SettingValues } from '../config/settings.ts'
import { readSharedPlace } from '../config/shared-place.ts'
import type { WorldObserver } from './world.ts'

export interface ShareWith {
  readonly clock: Clock
  readonly tell: WorldObserver['told']
}

/**
 * The store joined to the one that machines share, where one is set. Waits until it is known how that is, and goes on
 * without it when it is away. Throws ConfigError, and closes the store, for settings that cannot be used.
 */
export async function shareWithOthers(
  local: Store,
  settings: SettingValues,
  { clock, tell }: ShareWith,
): Promise<Store> {
  const url = settings['shared-store']
  if (url === undefined) return local
  try {
    const place = readSharedPlace(settings)
    if (place === undefined) return local
    const { openRedisLink } = await import('../../io/store/shared/redis-link.ts')
    const { createRedisFleet } = await import('../../io/store/shared/redis-fleet.ts')
    const { openSharedStore } = await import('../../io/store/shared/open-shared-store.ts')
    const link = openRedisLink(place, {
      random: Math.random,
      onState: (state) => tell({ kind: 'shared-store', place: url.text, state }),
      onQuestion: (result) => tell({ kind: 'shared-question', result }),
    })
    await link.known
    return openSharedStore(local, createRedisFleet({ link, prefix: settings['shared-store-prefix'], clock }), {
      ...{ clock, random: Math.random },
      onWarning: ({ table, key, reason }) =>
        tell({ kind: 'store-warning', text: `store: ${table} of ${key}: ${reason}` }),
      onTurn: (result, waitedMs) => tell({ kind: 'turn', result, waitedMs }),
    })
  } catch (error) {
    await local.close()
    throw error
  }
}
