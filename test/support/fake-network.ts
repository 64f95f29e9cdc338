import { once } from 'node:events'
import { connect } from 'node:net'
import { accept, refuse } from '../../src/core/result.ts'
import type { Endpoint, Network } from '../../src/io/network.ts'

export interface FakeNetwork extends Network {
  /** Every endpoint that a connection was asked for, as `address:port`, in order. */
  readonly dialled: string[]
}

/** Leads `address:port` of a test's world to ports of loopback; what it does not list refuses. */
export function fakeNetwork(ports: Readonly<Record<string, number>>): FakeNetwork {
  const dialled: string[] = []
  return {
    dialled,
    connectTcp: async ({ address, port }: Endpoint, { signal }) => {
      dialled.push(`${address}:${port}`)
      const local = ports[`${address}:${port}`]
      if (local === undefined) return refuse('refused')
      const socket = connect({ host: '127.0.0.1', port: local })
      signal?.addEventListener('abort', () => socket.destroy(new Error('aborted')))
      try {
        await once(socket, 'connect')
        return accept(socket)
      } catch {
        return refuse(signal?.aborted === true ? 'aborted' : 'refused')
      }
    },
    openUdp: async () => refuse('unreachable'),
  }
}
