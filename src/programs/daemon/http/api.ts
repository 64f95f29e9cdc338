import type { Service } from '../service.ts'
import { destinationRoutes } from './destination-routes.ts'
import type { Route } from './reply.ts'
import { type Status, statusRoutes } from './status-routes.ts'

/** All that can be asked over HTTP. Routes of other parts (overrides) are to be added here. */
export function apiRoutes(
  service: () => Service,
  { version, ...status }: Omit<Status, 'document'> & { version: string },
): readonly Route[] {
  const routes: readonly Route[] = [
    ...destinationRoutes(service),
    ...statusRoutes({
      ...status,
      // Only who asks for the document pays for what it is made with.
      document: async () => (await import('./openapi.ts')).openApiOf(routes, version),
    }),
  ]
  return routes
}
