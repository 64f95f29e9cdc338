import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { FleetError, type FleetState } from './fleet.ts'
import { openRedisLink } from './redis-link.ts'

/** A server that answers each command with what the test says; undefined for nothing. */
async function serve(context: TestContext, answer: (command: string) => string | undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-link-'))
  const path = join(folder, 'socket')
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.on('data', (octets: Buffer) => {
      // Every command of these tests is one word, or begins with one.
      for (const [, word = ''] of octets.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
        const text = answer(word)
        if (text !== undefined) socket.write(text)
      }
    })
  })
  server.listen(path)
  await once(server, 'listening')
  const states: FleetState[] = []
  const waiting = new Set<() => void>()
  const link = openRedisLink(
    { address: { kind: 'unix', path }, database: 0, user: undefined, password: undefined },
    {
      random: () => 0,
      onState(state) {
        states.push(state)
        for (const look of waiting) look()
      },
    },
  )
  context.after(() => {
    link.close()
    for (const socket of sockets) socket.destroy()
    server.close()
    rmSync(folder, { recursive: true })
  })
  const becomes = (kind: FleetState['kind']) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (states.at(-1)?.kind !== kind) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  return { link, states, becomes, sockets }
}

const kindsOf = (states: readonly FleetState[]) => states.map(({ kind }) => kind)

test('a server that answers is up; one that ends the connection is away, and back when it is', async (context) => {
  const { link, states, becomes, sockets } = await serve(context, () => '+PONG\r\n')
  await becomes('up')
  assert.equal(await link.run(['ECHO']), 'PONG')
  for (const socket of sockets) socket.destroy()
  await becomes('away')
  await assert.rejects(link.run(['ECHO']), FleetError)
  await becomes('up')
  assert.equal(await link.run(['ECHO']), 'PONG')
  assert.deepEqual(kindsOf(states), ['up', 'away', 'up'])
})

test('a server that stops to answer is given up, and whoever comes then does not wait', async (context) => {
  let isHanging = false
  const { link, states, becomes } = await serve(context, () => (isHanging ? undefined : '+PONG\r\n'))
  await becomes('up')
  isHanging = true
  await Promise.all([1, 2, 3].map(() => assert.rejects(link.run(['ECHO']), FleetError)))
  assert.equal(link.state.kind, 'away')
  assert.match(states[1]?.kind === 'away' ? states[1].reason : '', /no answer in \d+ ms/)
  const order: string[] = []
  const refused = link.run(['ECHO']).catch(() => order.push('refused'))
  setImmediate(() => order.push('later'))
  await refused
  assert.deepEqual(order, ['refused'])
  isHanging = false
  await becomes('up')
})

test('one that never answers was never up, which is told once for all attempts', async (context) => {
  let attempts = 0
  const { states, becomes } = await serve(context, () => (++attempts < 4 ? '-LOADING it is loading\r\n' : '+PONG\r\n'))
  await becomes('up')
  assert.deepEqual(kindsOf(states), ['away', 'up'])
})

test('what is no Redis is away', async (context) => {
  const { becomes, states } = await serve(context, () => 'HTTP/1.1 400 Bad Request\r\n\r\n')
  await becomes('away')
  assert.equal(kindsOf(states)[0], 'away')
})

test('a refusal is told once, and taken back by the next write that is done', async (context) => {
  let refusal: string | undefined = "-READONLY You can't write\u0007 against\r\n"
  const { link, states, becomes } = await serve(context, (word) =>
    word === 'SET' ? (refusal ?? '+OK\r\n') : '+PONG\r\n',
  )
  await becomes('up')
  const write = () => link.run(['SET'], { isWrite: true })
  await assert.rejects(write(), FleetError)
  await assert.rejects(write(), FleetError)
  await link.run(['GET'])
  assert.deepEqual(kindsOf(states), ['up', 'refusing'])
  refusal = undefined
  await write()
  assert.deepEqual(kindsOf(states), ['up', 'refusing', 'up'])
})

test('what is closed says no more', async (context) => {
  const { link, states, becomes } = await serve(context, () => '+PONG\r\n')
  await becomes('up')
  const pending = assert.rejects(link.run(['ECHO']), FleetError)
  link.close()
  await pending
  await assert.rejects(link.run(['ECHO']), FleetError)
  assert.deepEqual(kindsOf(states), ['up'])
})
