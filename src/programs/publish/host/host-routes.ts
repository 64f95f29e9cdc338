import type { Route } from '../../daemon/http/reply.ts'
import { contentType } from '../../daemon/metrics/registry.ts'
import type { NetworkFetches } from './fetch-ledger.ts'

export interface HostStatus {
  metrics(): Promise<string>
  networks(): readonly NetworkFetches[]
}

/** What is asked of a policy host by those who watch it, at a place of its own. */
export function hostRoutes({ metrics, networks }: HostStatus): readonly Route[] {
  return [
    {
      ...{ id: 'livez', method: 'GET', path: '/livez', isOpen: true },
      summary: 'Whether the process answers at all',
      answers: { 200: { description: 'It does.' } },
      answer: () => ({ status: 200, json: { live: true } }),
    },
    {
      ...{ id: 'metrics', method: 'GET', path: '/metrics' },
      summary: 'Metrics for Prometheus',
      answers: { 200: { description: 'In the text format, version 0.0.4.' } },
      answer: async () => ({ status: 200, text: { type: contentType, body: await metrics() } }),
    },
    {
      ...{ id: 'networks', method: 'GET', path: '/networks' },
      summary: 'Which networks fetched policies, those that came last first',
      answers: { 200: { description: 'The networks.' } },
      answer: () => ({
        status: 200,
        json: { schema: 'waxseal.policy-fetches/1', networks: networks().map(networkJson) },
      }),
    },
  ]
}

function networkJson({ lastAt, ...rest }: NetworkFetches) {
  return { ...rest, lastAt: new Date(lastAt).toISOString() }
}
