import { subscriberOf } from '../../core/address/prefix.ts'
import { limits } from '../../core/limits.ts'
import { refuse } from '../../core/result.ts'
import type { Network } from '../../io/network.ts'
import { createRates } from '../daemon/http/rates.ts'
import type { OptOut } from './opt-out.ts'

/**
 * The network for checks that strangers start: whatever names they let lead to one address, it is connected to no more
 * often than its owner could mind, and not at all when its owner does mind.
 */
export function politeNetwork(network: Network, now: () => number, optOut: OptOut): Network {
  const { targetBurst: burst, targetEveryMs, targets: clients } = limits.web
  const rates = createRates(now, { burst, requestsPerSecond: 1000 / targetEveryMs, clients })
  return {
    openUdp: (endpoint, options) => network.openUdp(endpoint, options),
    async connectTcp(endpoint, options) {
      if (options.chosenBy === 'stranger') {
        if (optOut.address(endpoint.address)) return refuse('forbidden')
        if (rates.take(subscriberOf(endpoint.address)) !== undefined) return refuse('overload')
      }
      return network.connectTcp(endpoint, options)
    },
  }
}
