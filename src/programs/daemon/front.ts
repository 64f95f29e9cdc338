import type { Clock } from '../../io/clock.ts'
import { apiRoutes } from './http/api.ts'
import type { HttpServer } from './http/listener.ts'
import type { Reload } from './http/reload-route.ts'
import { createHttpServer } from './http/server.ts'
import { createLedger, type ServiceLedger } from './ledger.ts'
import { createMeters } from './metrics/meters.ts'
import { addReadings } from './metrics/readings.ts'
import { createRegistry } from './metrics/registry.ts'
import { addResolverReadings } from './metrics/resolver-readings.ts'
import type { Service } from './service.ts'
import { packageVersion } from './version.ts'

/** What is seen of the service by those who watch over it: its HTTP interface, its metrics, its events. */
export interface Front {
  readonly http: HttpServer
  readonly ledger: ServiceLedger
}

export interface FrontOptions {
  readonly clock: Clock
  /** The one there is now, once there is one. */
  service(): Service
  isStopping(): boolean
  /** Reads the configuration again. */
  readonly reload: Reload
  /** Connections of mail servers, by how they ask. */
  connections(): Readonly<Record<string, number>>
  onError(error: unknown): void
}

export function createFront({ clock, service, isStopping, reload, connections, onError }: FrontOptions): Front {
  const version = packageVersion()
  const registry = createRegistry()
  const whyNotReady = () => (isStopping() ? 'the service is being stopped' : service().readiness.whyNot)
  const routes = apiRoutes(service, {
    ...{ version, reload, whyNotReady, metrics: () => registry.write() },
    sharedStore: () => service().world.store.shared?.().kind,
  })
  const meters = createMeters(
    registry,
    routes.map(({ id }) => id),
  )
  const http = createHttpServer({
    ...{ routes, clock, onError },
    token: () => service().httpToken,
    onAnswer: (route, status) => meters.answered(route, status),
  })
  addReadings(registry, {
    ...{ service, version },
    isReady: () => whyNotReady() === undefined,
    connections: () => ({ ...connections(), http: http.connections }),
  })
  const ledger = createLedger(meters, clock)
  addResolverReadings(registry, ledger.counters)
  return { http, ledger }
}
