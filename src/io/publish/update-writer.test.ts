import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordsFrom, zoneName } from '../../../test/support/changes.ts'
import { fakeNetwork } from '../../../test/support/fake-network.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { keyOf, type ReplySignature, signReply } from '../../../test/support/tsig.ts'
import { type Lie, startUpdateServer, type UpdateServer } from '../../../test/support/update-server.ts'
import type { ZoneChange } from '../../core/publish/change.ts'
import { createNetwork } from '../network-node.ts'
import { updateWriter } from './update-writer.ts'
import type { WriteFailure, WriteOutcome } from './zone-writer.ts'

const now = 1_790_000_000
const clock = movedClock(now * 1000)
const key = keyOf()
const zone = zoneName('example.org.')
const tlsa = (data: string) => `_25._tcp.mx.example.org. 3600 TLSA 3 1 1 ${data}`
const [old, next, alias, text] = recordsFrom(
  tlsa('aabb'),
  tlsa('ccdd'),
  '_25._tcp.mx.example.org. 60 CNAME tlsa.example.net.',
  '_mta-sts.example.org. 60 TXT "v=STSv1; id=2;"',
)
const change: ZoneChange = { zone, remove: [old], add: [next] }
const assume = [{ name: old.name, type: old.type, records: [old] }]
const { name: place } = old
const wire = (data: string) => `${place.key}|52|030101${data}`

interface Told {
  readonly records?: readonly (typeof old)[]
  readonly lie?: Lie
  readonly rcode?: number
  readonly isHalfHearted?: boolean
  readonly asked?: ZoneChange
  readonly answerMs?: number
  readonly signal?: AbortSignal
  /** Addresses of the server's name that lead to it; without, it is named by its own address. */
  readonly addresses?: readonly string[]
}

/** What came of one change at a server that holds these records; and what it holds afterwards. */
async function write(told: Told): Promise<{ outcome: WriteOutcome; server: Pick<UpdateServer, 'zone' | 'updates'> }> {
  const { records = [old], asked = change, signal, addresses } = told
  await using server = await startUpdateServer({ key, clock, records })
  server.lie = told.lie
  server.rcode = told.rcode
  server.isHalfHearted = told.isHalfHearted ?? false
  const { address, port } = server.endpoint
  const writer = updateWriter({
    network: addresses === undefined ? createNetwork() : fakeNetwork({ [`${addresses.at(-1)}:53`]: port }),
    resolver: fakeResolver((addresses ?? []).map((one) => `insecure ns1.example.org. A ${one}`).join('\n')),
    ...{ clock, randomId: () => 0x1234, key, looksMax: 1 },
    server: addresses === undefined ? { host: address, port } : { host: 'ns1.example.org', port: 53 },
    ...(told.answerMs !== undefined && { answerMs: told.answerMs }),
  })
  return { outcome: await writer.write(asked, signal), server: { zone: server.zone, updates: server.updates } }
}

async function failing(told: Told): Promise<WriteFailure> {
  const { outcome } = await write(told)
  return outcome.kind === 'failed' ? outcome : assert.fail(outcome.kind)
}

test('a change is made', async () => {
  const { outcome, server } = await write({ asked: { ...change, add: [next, text] } })
  assert.ok(outcome.kind === 'written')
  assert.match(outcome.by, /^127\.0\.0\.1#\d+$/)
  assert.deepEqual(server.zone, [wire('ccdd'), `${text.name.key}|16|${Buffer.from(text.rdata).toString('hex')}`])
})

test('the same change is made twice, and nothing is otherwise', async () => {
  const { outcome, server } = await write({ records: [next] })
  assert.deepEqual([outcome.kind, server.zone], ['written', [wire('ccdd')]])
})

test('a change that was made before is known to be, where all of an RRset was assumed', async () => {
  const { outcome, server } = await write({ records: [next], asked: { ...change, assume } })
  assert.ok(outcome.kind === 'written' && outcome.wasThere)
  assert.deepEqual([server.updates, server.zone], [[8], [wire('ccdd')]])
})

test('nothing is written to an RRset that is another than was assumed', async () => {
  const { outcome, server } = await write({
    records: [old, ...recordsFrom(tlsa('eeff'))],
    asked: { ...change, assume },
  })
  assert.ok(outcome.kind === 'failed')
  assert.deepEqual([outcome.why, outcome.mayBeWritten, server.zone], ['changed', false, [wire('aabb'), wire('eeff')]])
  assert.match(outcome.reason, /the TLSA records of _25\._tcp\.mx\.example\.org\. are not those that were there when/)
})

test('nothing is written to where an alias stands', async () => {
  const outcome = await failing({ records: [alias] })
  assert.equal(outcome.why, 'changed')
  assert.match(outcome.reason, /_25\._tcp\.mx\.example\.org\. is an alias \(CNAME\)$/)
  assert.match(outcome.advice, /the zone that the alias leads to/)
})

test('an alias that the server passes over without a word is not taken for written', async () => {
  const outcome = await failing({ asked: { zone, remove: [], add: [alias] } })
  assert.deepEqual([outcome.why, outcome.mayBeWritten], ['not-taken', true])
  assert.match(
    outcome.reason,
    /says that it is done, but .* has not become an alias \(CNAME\): other records may be there$/,
  )
})

test('a server that shows a change a moment later has taken it', async () => {
  const lie: Lie = ({ number, reply, requestMac, signed }) => {
    if (number !== 1) return [signed]
    const empty = Buffer.from(reply.subarray(0, 12 + place.wire.length + 4))
    empty.writeUInt16BE(0, 6)
    return [signReply(empty, key, { requestMac, time: now })]
  }
  assert.equal((await write({ lie })).outcome.kind, 'written')
})

test('a server that does only half of a change at first is asked once more', async () => {
  const [nowAlias] = recordsFrom('_mta-sts.example.org. 60 CNAME x.example.net.')
  const asked = {
    zone,
    remove: [text],
    add: [nowAlias],
    assume: [{ name: text.name, type: text.type, records: [text] }],
  }
  const { outcome, server } = await write({ records: [text], asked, isHalfHearted: true })
  assert.equal(outcome.kind, 'written')
  assert.deepEqual([server.updates, server.zone.length], [[0, 0], 1])
})

test('an answer that is lost is asked for again at the next address, and the change is made once', async () => {
  const lie: Lie = ({ number, signed }) => (number === 0 ? 'close' : [signed])
  const told = { lie, asked: { ...change, assume }, addresses: ['192.0.2.1', '192.0.2.1'] }
  const { outcome, server } = await write(told)
  assert.ok(outcome.kind === 'written' && outcome.wasThere)
  assert.deepEqual([server.updates, server.zone], [[0, 8], [wire('ccdd')]])
})

test('the next address is tried where there is no way to one', async () => {
  const { outcome } = await write({ addresses: ['192.0.2.9', '192.0.2.1'] })
  assert.ok(outcome.kind === 'written')
  assert.equal(outcome.by, '192.0.2.1')
})

const sign = (signature: Partial<ReplySignature>, by = key): Lie => {
  return ({ reply, requestMac }) => [signReply(reply, by, { requestMac, time: now, ...signature })]
}
const rcodeReply = (rcode: number, signature: Partial<ReplySignature>): Lie => {
  return ({ reply, requestMac }) => {
    const refused = Buffer.from(reply)
    refused.writeUInt8(0xa0 | rcode, 3)
    refused.writeUInt8(0xa8, 2)
    refused.writeUInt8(rcode, 3)
    return [signReply(refused, key, { requestMac, time: now, ...signature })]
  }
}
const serverTime = Buffer.from([0, 0, ...new Uint8Array(Buffer.from((now + 900).toString(16).padStart(8, '0'), 'hex'))])

const liars: [what: string, lie: Lie, why: WriteFailure['why'], mayBeWritten: boolean, reason: RegExp][] = [
  [
    'does not sign its answer',
    ({ reply }) => [reply],
    'no-answer',
    true,
    /says that it is done, but does not sign that$/,
  ],
  ['signs with another key', sign({}, keyOf({ name: 'other.' })), 'no-answer', true, /with another key$/],
  [
    'signs with another secret',
    sign({}, keyOf({ secret: 'AAAA' })),
    'no-answer',
    true,
    /with a signature that is wrong/,
  ],
  [
    'signs the answer to another request',
    sign({ requestMac: undefined }),
    'no-answer',
    true,
    /a signature that is wrong/,
  ],
  ['signs an answer of old', sign({ time: now - 301 }), 'bad-time', true, /signed its answer at another time/],
  ['signs with a MAC cut short', sign({ macOctets: 10 }), 'no-answer', true, /a MAC of a length that may not be/],
  ['answers another message', ({ signed }) => [altered(signed, 0)], 'no-answer', true, /answered something else/],
  ['answers a query', ({ signed }) => [altered(signed, 2, 0x28)], 'no-answer', true, /answered something else/],
  ['echoes', ({ signed }) => [altered(signed, 2, 0x80)], 'no-answer', true, /answered something else/],
  [
    'answers many messages',
    ({ signed }) => Array.from({ length: 100 }, () => altered(signed, 0)),
    'no-answer',
    true,
    /something else/,
  ],
  ['answers half a message', ({ signed }) => [signed.subarray(0, -1)], 'no-answer', true, /what is no DNS message$/],
  [
    'answers 64 KiB of nothing',
    ({ reply }) => [Buffer.concat([reply.subarray(0, 12), Buffer.alloc(65_000)])],
    'no-answer',
    true,
    /no DNS message$/,
  ],
  [
    'answers a header',
    ({ reply }) => [reply.subarray(0, 4)],
    'no-answer',
    true,
    /closed the connection without an answer$/,
  ],
  ['ends the connection', () => 'close', 'no-answer', true, /closed the connection without an answer$/],
  ['stops in the middle of its answer', () => 'half', 'no-answer', true, /does not answer in time$/],
  ['never answers', () => 'nothing', 'no-answer', true, /does not answer in time$/],
  [
    'does not know the key',
    rcodeReply(9, { error: 17, macOctets: 0 }),
    'bad-key',
    true,
    /does not know the key "Update\.example\." \(hmac-sha256\).*: BADKEY$/,
  ],
  [
    'has another secret',
    rcodeReply(9, { error: 16, macOctets: 0 }),
    'bad-key',
    true,
    /has another secret for the key .*: BADSIG$/,
  ],
  [
    'has another time',
    rcodeReply(9, { error: 18, otherData: serverTime }),
    'bad-time',
    false,
    /BADTIME; its clock is 900 s ahead of this one$/,
  ],
  ['wants longer MACs', rcodeReply(9, { error: 22 }), 'bad-key', false, /wants longer MACs with the key .*: BADTRUNC$/],
  [
    'has an error of its own',
    rcodeReply(9, { error: 99 }),
    'bad-key',
    false,
    /does not accept the key .*: TSIG error 99$/,
  ],
]
function altered(octets: Buffer, at: number, by = 1): Buffer {
  const other = Buffer.from(octets)
  other[at] = (other[at] ?? 0) ^ by
  return other
}
for (const [what, lie, why, mayBeWritten, reason] of liars) {
  test(`a server that ${what} has not written anything that is known of`, async () => {
    const outcome = await failing({ lie: (honest) => (honest.isUpdate ? lie(honest) : [honest.signed]), answerMs: 100 })
    assert.match(outcome.reason, reason)
    assert.deepEqual([outcome.why, outcome.mayBeWritten], [why, mayBeWritten])
  })
}

const refusals: [rcode: number, why: WriteFailure['why'], reason: RegExp, advice: RegExp][] = [
  [1, 'server-failed', /FORMERR$/, /its log/],
  [2, 'server-failed', /could not carry the update out: SERVFAIL$/, /its log/],
  [3, 'server-failed', /NXDOMAIN$/, /its log/],
  [4, 'refused', /takes no dynamic updates: NOTIMP$/, /--update/],
  [5, 'refused', /refuses this change of example\.org\. to the key "Update\.example\.": REFUSED$/, /publishing-dns/],
  [7, 'changed', /./, /plan anew/],
  [8, 'changed', /./, /plan anew/],
  [9, 'not-primary', /is not where example\.org\. is changed, or not by the key .*: NOTAUTH$/, /--update-server/],
  [10, 'not-primary', /a name lies outside example\.org\.: NOTZONE$/, /delegated/],
  [11, 'server-failed', /RCODE11$/, /its log/],
]
for (const [rcode, why, reason, advice] of refusals) {
  test(`RCODE ${rcode} is said in words, with what to do`, async () => {
    const outcome = await failing({ rcode })
    assert.deepEqual([outcome.why, outcome.mayBeWritten], [why, rcode === 2])
    assert.match(outcome.reason, reason)
    assert.match(outcome.advice, advice)
  })
}

test('a refusal without a signature is passed on, and nothing rests on it', async () => {
  const outcome = await failing({ rcode: 5, lie: ({ reply }) => [reply] })
  assert.deepEqual([outcome.why, outcome.mayBeWritten], ['refused', true])
  assert.match(outcome.reason, /REFUSED, without a signature$/)
})

test('a server that answers no questions is believed that it has written', async () => {
  const silent: Lie = ({ isUpdate, signed }) => (isUpdate ? [signed] : 'close')
  assert.equal((await write({ lie: silent })).outcome.kind, 'written')
  const unsigned: Lie = ({ isUpdate, signed, reply }) => [isUpdate ? signed : reply]
  assert.equal((await write({ lie: unsigned })).outcome.kind, 'written')
})

test('a change that is too long for a message is not sent', async () => {
  const add = Array.from({ length: 300 }, (_, number) =>
    recordsFrom(`x${number}.example.org. 60 TXT "${'y'.repeat(250)}"`),
  ).flat()
  const outcome = await failing({ asked: { zone, remove: [], add } })
  assert.deepEqual([outcome.why, outcome.mayBeWritten], ['refused', false])
  assert.match(outcome.reason, /longer than 65535 octets$/)
})

test('who gives up is not kept waiting', async () => {
  const stop = new AbortController()
  const lie: Lie = () => {
    stop.abort()
    return 'nothing'
  }
  const outcome = await failing({ lie, signal: stop.signal })
  assert.deepEqual([outcome.why, outcome.mayBeWritten], ['aborted', true])
  const before = await failing({ signal: AbortSignal.abort() })
  assert.deepEqual([before.why, before.mayBeWritten], ['aborted', false])
})

test('a server that nobody reaches is said to be so', async () => {
  const nobody = updateWriter({
    ...{ network: fakeNetwork({}), resolver: fakeResolver(''), clock, randomId: () => 1, key },
    server: { host: '192.0.2.1', port: 53 },
  })
  const failed = await nobody.write(change)
  assert.ok(failed.kind === 'failed')
  assert.deepEqual([failed.why, failed.mayBeWritten], ['no-server', false])
  assert.match(failed.reason, /^no connection to 192\.0\.2\.1 \(TCP\): refused$/)
})
