import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import { openMint } from '../../programs/lab/certificates/mint.ts'
import { describeCertificate } from '../../programs/lab/world/certificates.ts'
import { createTlsProfile } from './tls-profile.ts'

const mint = await openMint()
const good = await mint.issue(describeCertificate('mx.example.org', {}))
const profile = createTlsProfile({ ca: mint.root, environment: {} })

for (const policy of ['strict', 'opportunistic'] as const) {
  test(`TLS-14: a server gets no second handshake, ${policy}`, async () => {
    let renegotiated = false
    const server = createServer({ key: good.key, cert: good.chain, maxVersion: 'TLSv1.2' }, (socket) => {
      socket.on('error', () => socket.destroy())
      socket.renegotiate({ rejectUnauthorized: false }, (error) => {
        renegotiated = error === null || error === undefined
        socket.destroy()
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const socket = connect({ host: '127.0.0.1', port, secureContext: profile[policy], rejectUnauthorized: false })
    await new Promise((resolve) =>
      socket
        .on('error', () => {})
        .on('close', resolve)
        .resume(),
    )
    server.close()
    await once(server, 'close')
    assert.equal(renegotiated, false)
  })
}

test('TLS pitfall 5: an environment that switches verification off is refused', () => {
  const environment = { NODE_TLS_REJECT_UNAUTHORIZED: '0' }
  assert.throws(() => createTlsProfile({ environment }), { name: ConfigError.name, message: /NODE_TLS_REJECT/ })
})

test('contexts are made once, and those of anchors forgotten when there are too many', () => {
  assert.equal(profile.strict, profile.strict)
  assert.notEqual(profile.strict, profile.opportunistic)
  const certificate = new X509Certificate(good.issuer)
  const times = (count: number) => profile.anchoredAt(Array.from({ length: count }, () => certificate))
  const first = times(1)
  for (let count = 2; count <= limits.smtp.anchorContexts; count++) times(count)
  assert.equal(times(1), first)
  const second = times(limits.smtp.anchorContexts + 1)
  assert.equal(times(1), first)
  assert.equal(times(limits.smtp.anchorContexts + 1), second)
  for (let count = 2; count <= limits.smtp.anchorContexts; count++) times(count)
  assert.notEqual(times(1), first)
})
