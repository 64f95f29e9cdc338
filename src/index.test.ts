import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeNetwork } from '../test/support/fake-network.ts'
import { startSmtpServer } from '../test/support/smtp-server.ts'
import { ConfigError, createWaxseal } from './index.ts'

test('STLS-35: the client name is sent in A-labels, and one that is no name is a mistake of whoever set it up', async () => {
  assert.throws(() => createWaxseal({ clientName: 'a\r\nb' }), ConfigError)
  const server = await startSmtpServer({})
  const network = fakeNetwork({ '192.0.2.1:25': server.port })
  const waxseal = createWaxseal({ clientName: 'MÜNCHEN.example', network, engine: 'forward', servers: [] })
  try {
    const { recipients } = await waxseal.deliver({
      from: null,
      to: ['a@[192.0.2.1]'],
      message: Buffer.from('a: b\n\n'),
    })
    assert.deepEqual([recipients[0]?.status.kind, recipients[0]?.protection], ['delivered', 'none'])
    assert.equal(server.sessions[0]?.lines[0], 'EHLO xn--mnchen-3ya.example')
  } finally {
    await waxseal.close()
    await server.close()
  }
})
