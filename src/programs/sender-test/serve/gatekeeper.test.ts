import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { limits } from '../../../core/limits.ts'
import { createGatekeeper } from './gatekeeper.ts'

const { connections, connectionsPerClient, connectionsPerMinute } = limits.senderTest

/** As much of a socket as a gatekeeper looks at. */
function socketFrom(remoteAddress: string): Socket {
  const socket = Object.assign(new EventEmitter(), {
    remoteAddress,
    idleMs: 0,
    setTimeout(ms: number) {
      socket.idleMs = ms
    },
    destroy: () => socket.emit('close'),
  })
  return socket as unknown as Socket // all that is used of it is there
}

test('of one client so many connections may be open, and one more when one has closed', () => {
  const gate = createGatekeeper(() => 0)
  const open = Array.from({ length: connectionsPerClient }, () => socketFrom('192.0.2.1'))
  for (const socket of open) assert.ok(gate.admit(socket))
  assert.ok(!gate.admit(socketFrom('192.0.2.1')))
  assert.ok(gate.admit(socketFrom('192.0.2.2')))
  open[0]?.destroy()
  assert.ok(gate.admit(socketFrom('192.0.2.1')))
  gate.close()
  assert.equal(gate.connections, 0)
})

test('one client may come so often in a minute, and again in the next', () => {
  let time = 0
  const gate = createGatekeeper(() => time)
  const come = () => {
    const socket = socketFrom('192.0.2.1')
    const isIn = gate.admit(socket)
    socket.destroy()
    return isIn
  }
  for (let count = 0; count < connectionsPerMinute; count++) assert.ok(come())
  assert.ok(!come())
  time = 60_000
  assert.ok(come())
})

test('of all clients together so many connections may be open', () => {
  const gate = createGatekeeper(() => 0)
  for (let count = 0; count < connections; count++) assert.ok(gate.admit(socketFrom(`192.0.2.${count}`)))
  assert.ok(!gate.admit(socketFrom('198.51.100.1')))
  assert.equal(gate.connections, connections)
  gate.close()
})

test('no connection lasts without a word', () => {
  const gate = createGatekeeper(() => 0)
  const socket = socketFrom('192.0.2.1')
  gate.admit(socket)
  assert.equal(Reflect.get(socket, 'idleMs'), limits.senderTest.idleMs)
  gate.close()
})
