import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordsFrom } from '../../../test/support/changes.ts'
import { domain } from '../../../test/support/domain.ts'
import { nameOfText } from '../../../test/support/records.ts'
import { formatType } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { formatName } from '../../core/name/text.ts'
import type { ServerFinding, ServerReport, Survey } from '../resolver/all-servers.ts'
import { lookAtZone } from './look-at-zone.ts'

const host = domain('mx.example.org')
const owner = '_25._tcp.mx.example.org.'

function answer(...lines: string[]): ServerFinding {
  return { kind: 'answer', status: 'secure', records: recordsFrom(...lines) }
}

const record = (name: string, digit: string, ttl = 3600) => `${name} ${ttl} IN TLSA 3 1 1 ${digit.repeat(64)}`
const alias = (target: string): ServerFinding => {
  return { kind: 'alias', status: 'secure', records: recordsFrom(`${owner} 300 IN CNAME ${target}`) }
}
const none: ServerFinding = { kind: 'nodata', status: 'secure', records: [] }
const soa = answer('example.org. 7200 IN SOA ns.example.org. root.example.org. 1 7200 3600 1209600 900')

/** Looks where servers have these findings, by question. */
async function look(findings: Readonly<Record<string, readonly ServerFinding[]>>, leaveOut: readonly string[] = []) {
  const survey = async ({ name, type }: { name: ReturnType<typeof nameOfText>; type: number }): Promise<Survey> => {
    const found = findings[`${formatName(name)} ${formatType(type)}`] ?? findings['*'] ?? []
    const servers = found.map((finding, at): ServerReport => {
      const address = finding.kind === 'no-address' ? undefined : `203.0.113.${at}`
      return { server: nameOfText(`ns${at}.example.org.`), address, namedBy: 'both', serial: 1, finding }
    })
    return { kind: 'asked', zone: nameOfText('example.org.'), servers, left: 0 }
  }
  const zone = await lookAtZone({ host, port: 25, leaveOut: leaveOut.map(nameOfText) }, { survey }, {})
  const says = zone.servers.map((server) => {
    if (server.says.kind !== 'secure') return server.says.kind
    return `${server.says.records.map((text) => text.slice(6, 8)).join()} ${server.says.ttl}`
  })
  return { owner: formatName(zone.owner), says, fault: zone.fault }
}

test('records are told with the TTL that each server has', async () => {
  const found = await look({
    [`${owner} TLSA`]: [answer(record(owner, 'a')), answer(record(owner, 'a', 60), record(owner, 'b', 60))],
  })
  assert.deepEqual(found, { owner, says: ['aa 3600', 'aa,bb 60'], fault: undefined })
})

test('RFC 2308 §5: a denial is told with the negative TTL of the zone', async () => {
  const found = await look({ [`${owner} TLSA`]: [none, { ...none, kind: 'nxdomain' }], 'example.org. SOA': [soa, soa] })
  assert.deepEqual(found.says, [' 900', ' 900'])
})

test('without an SOA record a denial counts for the longest that resolvers keep one', async () => {
  const found = await look({ [`${owner} TLSA`]: [none] })
  assert.deepEqual(found.says, [` ${limits.rollover.denialTtl}`])
})

const bad: [why: string, finding: ServerFinding, says: string][] = [
  ['an answer that is not signed', { kind: 'answer', status: 'insecure', records: [] }, 'insecure'],
  ['a denial that is not signed', { ...none, status: 'insecure' }, 'insecure'],
  ['what is bogus', { kind: 'bogus', reason: 'x', ede: 6 }, 'bogus'],
  ['a server that refuses', { kind: 'useless', reason: 'x' }, 'useless'],
  ['a server that is silent', { kind: 'silent', why: 'timeout', reason: 'x' }, 'silent'],
  ['an alias that others do not have', alias('elsewhere.example.'), 'alias'],
]

for (const [why, finding, says] of bad) {
  test(`${why} is told as it is`, async () => {
    assert.deepEqual((await look({ [`${owner} TLSA`]: [answer(record(owner, 'a')), finding] })).says, ['aa 3600', says])
  })
}

test('a server without an address, and one that is left out, count for nothing', async () => {
  const findings = {
    [`${owner} TLSA`]: [answer(record(owner, 'a')), { kind: 'no-address', reason: 'x' }, bad[3]?.[1] as ServerFinding],
  } as const
  assert.deepEqual((await look(findings)).says, ['aa 3600', 'useless'])
  assert.deepEqual((await look(findings, ['NS2.example.org.'])).says, ['aa 3600'])
})

test('RFC 7671 §7: an alias that all servers have leads to where the records stand', async () => {
  const target = 'dane.example.net.'
  const found = await look({
    [`${owner} TLSA`]: [alias(target), alias(target)],
    [`${target} TLSA`]: [answer(record(target, 'c'))],
  })
  assert.deepEqual(found, { owner: target, says: ['cc 3600'], fault: undefined })
})

test('rollover.aliases: an alias of itself ends', async () => {
  const found = await look({ '*': [alias(owner)] })
  assert.match(found.fault ?? '', /too many times/)
})
