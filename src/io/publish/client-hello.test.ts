import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { recordHello } from '../../../test/support/policy-clients.ts'
import type { ClientHello } from '../../core/tls/read-client-hello.ts'
import { awaitClientHello } from './client-hello.ts'

const hello = await recordHello({ servername: 'a.example' })

/** Gives these pieces, one after the other, as connections do. */
async function readFrom(pieces: readonly Uint8Array[], bounds: { helloOctets: number; helloPieces: number }) {
  const left = [...pieces]
  const stream: Duplex = new Duplex({
    read: () => void setImmediate(() => stream.push(left.shift() ?? null)),
    highWaterMark: 1,
  })
  const found = await new Promise<ClientHello | undefined>((resolve) =>
    awaitClientHello(asSocket(stream), bounds, resolve),
  )
  return { found, stream }
}

/** It is asked for nothing that other streams have not. */
function asSocket(stream: Duplex): Socket {
  return Object.setPrototypeOf(
    stream,
    Object.create(Socket.prototype, Object.getOwnPropertyDescriptors(Duplex.prototype)),
  )
}

function inPieces(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, place) => {
    const [from, to] = [place, place + 1].map((part) => Math.floor((part * hello.length) / count))
    return hello.subarray(from, to)
  })
}

test('a hello is read over its pieces, and left for whoever comes next', async () => {
  const { found, stream } = await readFrom(inPieces(4), { helloOctets: 16_384, helloPieces: 4 })
  assert.equal(found?.serverName, 'a.example')
  assert.deepEqual(stream.read(), hello)
})

const refused: [what: string, pieces: Uint8Array[], bounds: { helloOctets: number; helloPieces: number }][] = [
  ['more pieces than any network makes', inPieces(5), { helloOctets: 16_384, helloPieces: 4 }],
  ['more octets than any client sends', inPieces(1), { helloOctets: hello.length - 6, helloPieces: 4 }],
  ['an end in the middle', inPieces(3).slice(0, 2), { helloOctets: 16_384, helloPieces: 4 }],
  ['nothing', [], { helloOctets: 16_384, helloPieces: 4 }],
]
for (const [what, pieces, bounds] of refused) {
  test(`there is no hello: ${what}`, async () => assert.equal((await readFrom(pieces, bounds)).found, undefined))
}
