import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { connect } from 'node:tls'
import fc from 'fast-check'
import { writeClientHello } from './client-hello.ts'
import { readClientHello } from './read-client-hello.ts'

const most = 16_384
const entropy = { random: new Uint8Array(32), sessionId: new Uint8Array(32).fill(7) }
const offer = { version: 'TLSv1.2', suites: [0xc02b], groups: [23], schemes: [0x0403] } as const
const hello = writeClientHello({ ...offer, serverName: 'mta-sts.example.org' }, entropy)
const body = hello.subarray(9)

/** What OpenSSL sends. */
async function overheard(options: { servername?: string; ALPNProtocols?: string[] }): Promise<Uint8Array> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ...options })
  client.on('error', () => client.destroy())
  const [socket] = await once(server, 'connection')
  const pieces: Buffer[] = []
  for await (const piece of socket) {
    pieces.push(piece)
    if (readClientHello(Buffer.concat(pieces), most).kind !== 'more') break
  }
  client.destroy()
  server.close()
  return Buffer.concat(pieces)
}

const offers: [what: string, options: Parameters<typeof overheard>[0], name: string | undefined, list: string[]][] = [
  [
    'a name and protocols',
    { servername: 'a.example', ALPNProtocols: ['h2', 'http/1.1'] },
    'a.example',
    ['h2', 'http/1.1'],
  ],
  ['a challenge of ACME', { servername: 'a.example', ALPNProtocols: ['acme-tls/1'] }, 'a.example', ['acme-tls/1']],
  ['no name', {}, undefined, []],
]
for (const [what, options, serverName, protocols] of offers) {
  test(`readClientHello reads ${what} of what OpenSSL sends`, async () => {
    assert.deepEqual(readClientHello(await overheard(options), most), {
      kind: 'hello',
      hello: { serverName, protocols },
    })
  })
}

test('RFC 8446 §5.1: as long as octets are missing it asks for more', () => {
  for (let length = 0; length < hello.length; length++) {
    assert.deepEqual(readClientHello(hello.subarray(0, length), most), { kind: 'more' }, `${length} octets`)
  }
  assert.equal(readClientHello(hello, most).kind, 'hello')
  assert.equal(
    readClientHello(Buffer.concat([hello, Buffer.from('more')]), most).kind,
    'hello',
    'what follows is not its own',
  )
})

/** The same message in records of so many octets. */
function split(octets: number): Uint8Array {
  const message = hello.subarray(5)
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += octets) {
    const part = message.subarray(at, at + octets)
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), Buffer.from(part))
  }
  return Buffer.concat(records)
}

test('RFC 8446 §5.1: a message may be spread over records, if not over any number of them', () => {
  const spread = split(Math.ceil((hello.length - 5) / 3))
  assert.equal(readClientHello(spread, most).kind, 'hello')
  for (let length = 0; length < spread.length; length++) {
    assert.equal(readClientHello(spread.subarray(0, length), most).kind, 'more', `${length} octets`)
  }
  assert.deepEqual(readClientHello(split(3), most), { kind: 'refused' })
})

const changed = (change: (octets: Buffer) => void) => {
  const octets = Buffer.from(hello)
  change(octets)
  return octets
}
/** Where the name's list of names begins, behind its extension's type and length. */
const list = hello.length - body.length + Buffer.from(body).indexOf('mta-sts') - 5

const refused: [what: string, octets: Uint8Array][] = [
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
  ['an SSLv2 hello', Buffer.from([0x80, 0x2e, 1, 3, 1])],
  ['an alert', Buffer.from([21, 3, 1, 0, 2, 2, 0])],
  ['another version of records', changed((octets) => octets.fill(4, 1, 2))],
  ['an empty record', Buffer.from([22, 3, 1, 0, 0])],
  ['a record longer than records may be', Buffer.from([22, 3, 1, 0x40, 1])],
  ['another message', changed((octets) => octets.fill(2, 5, 6))],
  ['a message longer than anybody has', changed((octets) => octets.fill(0xff, 6, 7))],
  ['a session id that runs over the end', changed((octets) => octets.fill(0xff, 43, 44))],
  ['a list of names that is longer than its extension', changed((octets) => octets.writeUInt16BE(60, list))],
  ['a name of another type', changed((octets) => octets.fill(1, list + 2, list + 3))],
  ['a name that is longer than its list', changed((octets) => octets.writeUInt16BE(60, list + 3))],
]
for (const [what, octets] of refused) {
  test(`readClientHello refuses ${what}`, () => assert.deepEqual(readClientHello(octets, most), { kind: 'refused' }))
}

test('readClientHello never throws, and never takes more than it may', () => {
  const texts = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.array(fc.tuple(fc.nat({ max: hello.length - 1 }), fc.nat({ max: 255 })), { maxLength: 6 }).map((changes) =>
      changed((octets) => {
        for (const [at, value] of changes) octets[at] = value
      }),
    ),
  )
  fc.assert(fc.property(texts, (octets) => readClientHello(octets, most).kind.length > 0))
  assert.deepEqual(readClientHello(hello, hello.length - 10), { kind: 'refused' })
})
