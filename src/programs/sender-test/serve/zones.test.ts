import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceRecord } from '../../../core/dns/message.ts'
import { formatRdata } from '../../../core/dns/rdata/format.ts'
import { formatType } from '../../../core/dns/types.ts'
import { parseZone } from '../../../core/dns/zone-text.ts'
import { formatName } from '../../../core/name/text.ts'
import { openMint } from '../../lab/certificates/mint.ts'
import { readTestWorld } from '../test-world.ts'
import { findProfiles } from './allot.ts'
import { composeZones, type Zone } from './zones.ts'

const base = 'tests.example.org'
const world = readTestWorld(base)

async function compose(omitted: readonly string[] = []): Promise<readonly Zone[]> {
  const mint = await openMint()
  const credentials = new Map()
  const addresses = new Map<string, readonly string[]>()
  for (const { names, host } of findProfiles(world)) {
    for (const name of names) {
      credentials.set(name, await mint.issue(host.certificate))
      addresses.set(name, ['192.0.2.1', '2001:db8::1'])
    }
  }
  return composeZones({
    ...{ world, base, credentials, addresses, serial: 7, nameServers: ['ns1.example.net', 'ns2.example.net'] },
    ...{ policyAddresses: ['192.0.2.9'], omitted: new Set(omitted) },
  })
}

function recordsOf({ text }: Zone): string[] {
  const parsed = parseZone(text)
  assert.ok(parsed.ok, text)
  return parsed.value.map(
    ({ name, type, rdata }: ResourceRecord) => `${formatName(name)} ${formatType(type)} ${formatRdata(type, rdata)}`,
  )
}

const all = await compose()
const [apex] = all
assert.ok(apex !== undefined)
const atBase = recordsOf(apex)

test('the zone of the base alone is signed; the others are served as they are', () => {
  assert.deepEqual(
    all.map(({ origin, isSigned }) => [origin, isSigned]),
    [
      [base, true],
      [`dane-unsigned.${base}`, false],
      [`_tcp.mx.dane-bogus.${base}`, false],
      [`bogus-mx.${base}`, false],
    ],
  )
})

test('every zone has what zones have, with names and values whole', () => {
  for (const zone of all) {
    const records = recordsOf(zone)
    assert.equal(records[0], `${zone.origin}. SOA ns1.example.net. hostmaster.${base}. 7 7200 900 1209600 300`)
    for (const server of ['ns1', 'ns2']) assert.ok(records.includes(`${zone.origin}. NS ${server}.example.net.`))
    assert.doesNotMatch(zone.text, /[{}]/)
  }
})

test('what is to be bogus is delegated by a DS record, what is to be insecure by none, and SERVFAIL to nobody', () => {
  const delegated = (name: string, type: string) => atBase.filter((one) => one.startsWith(`${name}.${base}. ${type} `))
  for (const name of ['bogus-mx', '_tcp.mx.dane-bogus']) {
    assert.equal(delegated(name, 'NS').length, 2)
    assert.match(delegated(name, 'DS')[0] ?? '', / DS 12345 13 2 [0-9a-f]{64}$/)
  }
  assert.equal(delegated('dane-unsigned', 'NS').length, 2)
  assert.deepEqual(delegated('dane-unsigned', 'DS'), [])
  assert.deepEqual(delegated('_25._tcp.mx.dane-servfail', 'NS'), [
    `_25._tcp.mx.dane-servfail.${base}. NS nowhere.invalid.`,
  ])
  assert.deepEqual(delegated('_25._tcp.mx.dane-servfail', 'TLSA'), [])
})

test('hosts have all of their addresses, and policies a record whose id follows what is served', () => {
  assert.ok(atBase.includes(`mx.dane-ee.${base}. A 192.0.2.1`))
  assert.ok(atBase.includes(`mx.dane-ee.${base}. AAAA 2001:db8::1`))
  assert.ok(atBase.includes(`mta-sts.sts.${base}. A 192.0.2.9`))
  const ids = atBase.flatMap((one) => / TXT "v=STSv1; id=([0-9a-f]{16});"$/.exec(one)?.[1] ?? [])
  assert.equal(ids.length, world.setting.filter(({ kind }) => kind === 'policy').length)
  assert.equal(new Set(ids).size, ids.length)
})

test('of a domain that is left out nothing is published', async () => {
  const zones = await compose([`dane-ee.${base}`, `bogus-mx.${base}`, `sts.${base}`])
  const text = zones.map((zone) => zone.text).join('')
  assert.doesNotMatch(text, /\bdane-ee\.|bogus-mx\.|\bsts\.tests/)
  assert.match(text, /dane-ee-lax\./)
  assert.equal(zones.length, 3)
})
