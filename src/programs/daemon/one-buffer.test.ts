import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readIntoOneBuffer } from './one-buffer.ts'

interface Pair {
  readonly client: Socket
  readonly served: Socket
  readonly accepted: Socket
}

/** Both ends of a connection, that of the server taken over. */
async function connectPair(t: TestContext, where: { host: string; port: number } | { path: string }): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(where)
  await once(server, 'listening')
  const to = 'path' in where ? where : { ...where, port: (server.address() as AddressInfo).port } // of a TCP socket
  const client = connect({ ...to, allowHalfOpen: true })
  const served = once(server, 'connection').then(([accepted]: Socket[]) => {
    assert.ok(accepted)
    return { accepted, served: readIntoOneBuffer(accepted) }
  })
  const pair = { client, ...(await served) }
  t.after(() => {
    pair.client.destroy()
    pair.served.destroy()
    server.close()
  })
  return pair
}

const loopback = { host: '127.0.0.1', port: 0 }

/** Copies of what comes, and the memory that it came in. */
function reads(socket: Socket): { readonly texts: string[]; readonly memory: Set<ArrayBufferLike> } {
  const texts: string[] = []
  const memory = new Set<ArrayBufferLike>()
  socket.on('data', (octets: Buffer) => {
    texts.push(octets.toString())
    memory.add(octets.buffer)
  })
  return { texts, memory }
}

test('connections read into the same memory, over TCP and over Unix sockets', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-one-buffer-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const pairs = [
    await connectPair(t, loopback),
    await connectPair(t, loopback),
    await connectPair(t, { path: join(folder, 'socket') }),
  ]
  const memory = new Set<ArrayBufferLike>()
  for (const { client, served, accepted } of pairs) {
    assert.notEqual(served, accepted, 'Node.js does not let handles be taken over any more')
    const found = reads(served)
    client.end('some octets')
    await once(served, 'end')
    assert.equal(found.texts.join(''), 'some octets')
    for (const one of found.memory) memory.add(one)
  }
  assert.equal(memory.size, 1)
})

test('what a client sends while it is not read waits, and is lost neither then nor at its end', async (t) => {
  const { client, served } = await connectPair(t, loopback)
  const { texts } = reads(served)
  served.pause()
  const text = 'x'.repeat(300_000)
  client.end(text)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(texts.length, 0)
  served.resume()
  await once(served, 'end')
  assert.equal(texts.join('').length, text.length)
})

test('a connection outlives the socket that it was accepted with, is answered after its half end, and closes once', async (t) => {
  const { client, served, accepted } = await connectPair(t, loopback)
  assert.equal(accepted.destroyed, true)
  reads(served)
  let closed = 0
  served.on('close', () => closed++)
  client.end('question')
  await once(served, 'end')
  served.end('answer')
  const [answer] = await once(client, 'data')
  assert.equal(String(answer), 'answer')
  await once(client, 'close')
  if (closed === 0) await once(served, 'close')
  assert.equal(closed, 1)
})

test('a connection that is reset is an error of the socket that serves it', async (t) => {
  const { client, served } = await connectPair(t, loopback)
  reads(served)
  client.resetAndDestroy()
  const [error] = await once(served, 'error')
  assert.equal(error.code, 'ECONNRESET')
})

const strange: [of: string, handle: unknown][] = [
  ['no handle', undefined],
  ['a closed handle', null],
  ['a handle that reads in another way', { close() {}, getAsyncId: () => 1 }],
]
for (const [of, handle] of strange) {
  test(`a socket with ${of} is left as it is`, () => {
    const socket = Object.assign(new Socket(), { _handle: handle })
    assert.equal(readIntoOneBuffer(socket), socket)
    assert.equal(socket.destroyed, false)
  })
}
