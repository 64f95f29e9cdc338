import { limits } from '../../../core/limits.ts'

/** How fast each client may ask: some requests at once, and so many a second from then on. */
export interface Rates {
  /** Undefined when the client may ask now, else in how many seconds. */
  take(client: string): number | undefined
}

interface Bucket {
  left: number
  at: number
}

export interface Rate {
  readonly burst: number
  readonly requestsPerSecond: number
  /** How many clients are told apart. */
  readonly clients: number
}

export function createRates(now: () => number, rate: Rate = limits.http): Rates {
  const { burst, requestsPerSecond, clients } = rate
  const buckets = new Map<string, Bucket>()
  return {
    take(client) {
      const at = now()
      const bucket = buckets.get(client) ?? { left: burst, at }
      const passed = Math.max(0, at - bucket.at) / 1000
      bucket.left = Math.min(burst, bucket.left + passed * requestsPerSecond)
      bucket.at = at
      // Whoever asks last stays longest.
      buckets.delete(client)
      buckets.set(client, bucket)
      if (buckets.size > clients) buckets.delete(buckets.keys().next().value as string) // it has one
      if (bucket.left < 1) return Math.max(1, Math.ceil((1 - bucket.left) / requestsPerSecond))
      bucket.left--
      return undefined
    },
  }
}
