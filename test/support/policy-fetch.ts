import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { FetchFault } from '../../src/core/mtasts/fetch-fault.ts'
import { type FetchPolicyOptions, fetchPolicy } from '../../src/io/https/fetch-policy.ts'
import { createPkixTrust } from '../../src/io/https/pkix-trust.ts'
import type { PolicyFetch } from '../../src/io/https/policy-fetch.ts'
import { createAuthority } from './certificates.ts'
import { domain } from './domain.ts'
import { fakeNetwork } from './fake-network.ts'
import { fakeResolver } from './fake-resolver.ts'
import { movedClock } from './moved-clock.ts'
import { servePolicy, startPolicyHost } from './policy-host.ts'

export const body = 'version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmax_age: 604800\r\n'
export const dns = 'insecure mta-sts.example.com. A 192.0.2.1'
export const today = Date.UTC(2026, 5, 1)

/** A policy host with a good certificate, and fetches from it. */
export async function openPolicyFetchBed() {
  const authority = await createAuthority()
  const good = await authority.issue({ names: ['mta-sts.example.com'] })
  const host = await startPolicyHost(good, servePolicy(body))
  return {
    authority,
    host,
    /** The host as it was at first. */
    reset(): void {
      host.requests.length = 0
      host.serverNames.length = 0
      host.answer = servePolicy(body)
      host.present(good)
    },
    fetchIt(options: Partial<FetchPolicyOptions> = {}): Promise<PolicyFetch> {
      return fetchPolicy(domain('example.com'), {
        resolver: fakeResolver(dns),
        network: fakeNetwork({ '192.0.2.1:443': host.port }),
        clock: movedClock(today),
        trust: createPkixTrust(authority.pem),
        ...options,
      })
    },
  }
}

export function assertFailed(fetched: PolicyFetch, fault: FetchFault, reason?: RegExp): void {
  assert.ok(fetched.kind === 'failed', `fetched in spite of ${fault}`)
  assert.equal(fetched.fault, fault, fetched.reason)
  if (reason !== undefined) assert.match(fetched.reason, reason)
  const resultType = fault.startsWith('certificate-') ? 'sts-webpki-invalid' : 'sts-policy-fetch-error'
  assert.equal(fetched.resultType, resultType)
}

/** The port of a server that listens until the test is over. */
export async function listen(context: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  context.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port // a TCP server that listens has one
}
