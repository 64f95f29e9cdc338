import { parsePrefix } from '../../core/address/prefix.ts'
import type { World } from '../cli/world.ts'
import { createHttpListener, type HttpServer } from '../daemon/http/listener.ts'
import { createHandler } from './handle.ts'
import { type OpenSite, openSite } from './open-site.ts'

/** The checker's page, for as long as the process lives. */
export interface PageService {
  readonly http: HttpServer
  /** Goes on with another configuration: checks under way are given up. Throws ConfigError, and all stays as it was. */
  use(world: World): void
  /** Forgets what is too old; to be called every few minutes. */
  tidy(): Promise<void>
  /** Gives up checks under way, and resolves when they have ended. */
  close(): Promise<void>
}

/** Throws ConfigError for what the operator must mend. */
export function createPageService(first: World, onError: (error: unknown) => void): PageService {
  let world = first
  let open: OpenSite = openSite(world, onError)
  const closing = new Set<Promise<unknown>>()
  const http = createHttpListener({
    handle: createHandler({
      now: () => world.clock.now(),
      site: () => open.site,
      proxies: () => world.settings['web-proxy'].map(parsePrefix),
      onError,
    }),
    onError,
  })
  return {
    http,
    use(next) {
      const opened = openSite(next, onError)
      const before = open
      world = next
      open = opened
      // Who is on the list now need not wait until the next time.
      opened.tidy().catch(onError)
      const closed: Promise<unknown> = before
        .close()
        .catch(onError)
        .then(() => closing.delete(closed))
      closing.add(closed)
    },
    tidy: () => open.tidy(),
    async close() {
      await open.close()
      await Promise.all(closing)
    },
  }
}
