import type { Service } from '../service.ts'
import { destinationRoutes } from './destination-routes.ts'
import { overrideRoutes } from './override-routes.ts'
import { type Reload, reloadRoute } from './reload-route.ts'
import type { Route } from './reply.ts'
import { type Status, statusRoutes } from './status-routes.ts'

/** All that can be asked over HTTP. */
export function apiRoutes(
  service: () => Service,
  { version, reload, ...status }: Omit<Status, 'document'> & { readonly version: string; readonly reload: Reload },
): readonly Route[] {
  const routes: readonly Route[] = [
    ...destinationRoutes(service),
    ...overrideRoutes(service),
    reloadRoute(reload),
    ...statusRoutes({
      ...status,
      // Only who asks for the document pays for what it is made with.
      document: async () => (await import('./openapi.ts')).openApiOf(routes, version),
    }),
  ]
  return routes
}
