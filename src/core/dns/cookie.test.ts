import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootName } from '../name/name.ts'
import { cookieOption, type ReplyCookie, readClientCookie, readReplyCookie } from './cookie.ts'
import { ourEdns } from './edns.ts'
import { makeQuery } from './encode.ts'
import type { EdnsOption, Message } from './message.ts'

const client = Buffer.from('0123456789abcdef', 'hex')
const server = Buffer.from('00112233445566778899aabbccddeeff', 'hex')

function reply(edns: Message['edns']): Message {
  return { ...makeQuery(rootName, 2, { id: 1, recursionDesired: false, checkingDisabled: true, edns: ourEdns }), edns }
}

function replyWith(options: readonly EdnsOption[]): Message {
  return reply({ ...ourEdns, options })
}

function cookie(hex: string): EdnsOption {
  return { code: 10, data: Buffer.from(hex, 'hex') }
}

test('WIRE-14: a cookie goes out alone at first, and with the one of the server behind it from then on', () => {
  assert.deepEqual(cookieOption({ client, server: undefined }), { code: 10, data: client })
  assert.deepEqual(cookieOption({ client, server }), { code: 10, data: Buffer.concat([client, server]) })
})

const ours = client.toString('hex')
const found = (hex: string): ReplyCookie => ({ kind: 'right', server: Uint8Array.from(Buffer.from(hex, 'hex')) })
const replies: [why: string, options: readonly EdnsOption[], ReplyCookie][] = [
  ['no option', [], { kind: 'missing' }],
  ['another option', [{ code: 15, data: client }], { kind: 'missing' }],
  ['an empty cookie', [cookie('')], { kind: 'missing' }],
  ['seven octets', [cookie(ours.slice(2))], { kind: 'missing' }],
  ['ours alone', [cookie(ours)], { kind: 'right', server: undefined }],
  ["another's alone", [cookie('0123456789abcdee')], { kind: 'wrong' }],
  ['seven octets behind ours', [cookie(ours + '11'.repeat(7))], { kind: 'missing' }],
  ['eight octets behind ours', [cookie(ours + '11'.repeat(8))], found('11'.repeat(8))],
  ['32 octets behind ours', [cookie(ours + '11'.repeat(32))], found('11'.repeat(32))],
  ['33 octets behind ours', [cookie(ours + '11'.repeat(33))], { kind: 'missing' }],
  ["a server's behind another's", [cookie(`0123456789abcdee${'11'.repeat(8)}`)], { kind: 'wrong' }],
  ['two, of which the first is right', [cookie(ours), cookie('00'.repeat(8))], { kind: 'right', server: undefined }],
  ['two, of which the second is right', [cookie('00'.repeat(8)), cookie(ours)], { kind: 'wrong' }],
]
for (const [why, options, expected] of replies) {
  test(`RES-08, WIRE-14: a reply with ${why} is ${expected.kind}`, () => {
    assert.deepEqual(readReplyCookie(replyWith(options), { client, server: undefined }), expected)
  })
}

const queries: [why: string, options: readonly EdnsOption[], expected: string | undefined][] = [
  ['no option', [], undefined],
  ['seven octets', [cookie(ours.slice(2))], undefined],
  ['a cookie of its own', [cookie(ours)], ours],
  ["a server's behind it", [cookie(ours + '11'.repeat(8))], ours],
  ['33 octets behind it', [cookie(ours + '11'.repeat(33))], undefined],
]
for (const [why, options, expected] of queries) {
  test(`RES-08: what a server reads of a query with ${why}`, () => {
    const client = readClientCookie(replyWith(options))
    assert.equal(client && Buffer.from(client).toString('hex'), expected)
  })
}

test('RES-08: a reply without EDNS has no cookie', () => {
  assert.deepEqual(readReplyCookie(reply(undefined), { client, server }), { kind: 'missing' })
})

test('RES-08: what a server gave does not keep the message in memory', () => {
  const shown = readReplyCookie(replyWith([cookie(ours + '11'.repeat(8))]), { client, server: undefined })
  assert.equal(shown.kind === 'right' && shown.server?.buffer.byteLength, 8)
})
