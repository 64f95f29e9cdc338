import type { FleetState } from '../../../io/store/shared/fleet.ts'
import { contentType } from '../metrics/registry.ts'
import type { Route } from './reply.ts'

export interface Status {
  /** Undefined when questions can be answered, else why not. */
  whyNotReady(): string | undefined
  /** How the store is that machines share; undefined where there is none. */
  sharedStore(): FleetState['kind'] | undefined
  metrics(): Promise<string>
  /** The OpenAPI document. */
  document(): Promise<unknown>
}

/** How the service is, for those who watch it. */
export function statusRoutes({ whyNotReady, sharedStore, metrics, document }: Status): readonly Route[] {
  return [
    {
      ...{ id: 'livez', method: 'GET', path: '/livez', isOpen: true },
      summary: 'Whether the process answers at all',
      answers: { 200: { description: 'It does.', schema: 'Live' } },
      answer: () => ({ status: 200, json: { live: true } }),
    },
    {
      ...{ id: 'readyz', method: 'GET', path: '/readyz', isOpen: true },
      summary: 'Whether questions can be answered',
      answers: {
        200: { description: 'They can.', schema: 'Ready' },
        503: { description: 'Not yet, or not any more.', schema: 'Ready' },
      },
      answer() {
        const why = whyNotReady()
        const ready = { ready: why === undefined, why: why ?? null, sharedStore: sharedStore() ?? null }
        return { status: why === undefined ? 200 : 503, json: ready }
      },
    },
    {
      ...{ id: 'metrics', method: 'GET', path: '/metrics' },
      summary: 'Metrics for Prometheus',
      answers: { 200: { description: 'In the text format, version 0.0.4.' } },
      answer: async () => ({ status: 200, text: { type: contentType, body: await metrics() } }),
    },
    {
      ...{ id: 'getDocument', method: 'GET', path: '/v1/openapi.json' },
      summary: 'This document',
      answers: { 200: { description: 'OpenAPI 3.1.' } },
      answer: async () => ({ status: 200, json: await document() }),
    },
  ]
}
