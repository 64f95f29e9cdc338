import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMint } from '../../lab/certificates/mint.ts'
import { readTestWorld } from '../test-world.ts'
import { allot, findProfiles, isWithin, namesToCertify } from './allot.ts'

const base = 'tests.example.org'
const world = readTestWorld(base)
const addresses = (count: number) => Array.from({ length: count }, (_, at) => [`192.0.2.${at + 1}`])

/** The chain of a certificate with these names, PEM. */
async function certify(names: readonly string[]): Promise<string> {
  const mint = await openMint()
  const [commonName = ''] = names
  const usual = { issuer: 'public', validity: 'good', sends: 'chain', key: 'p256', generation: 1 } as const
  return (await mint.issue({ ...usual, names, commonName })).chain
}

test('fourteen addresses are enough, and every host has one', () => {
  const profiles = findProfiles(world)
  assert.equal(profiles.length, 14)
  const hosts = world.setting.flatMap((one) => (one.kind === 'host' ? [one.name] : []))
  assert.deepEqual(profiles.flatMap(({ names }) => names).sort(), hosts.sort())
})

test('two hosts of one domain never share an address', () => {
  for (const { domain } of world.tests) {
    for (const { names } of findProfiles(world)) {
      assert.ok(names.filter((name) => isWithin(name, domain)).length <= 1, domain)
    }
  }
})

test('hosts that share an address behave alike before and in the handshake', () => {
  const hosts = new Map(world.setting.flatMap((one) => (one.kind === 'host' ? [[one.name, one] as const] : [])))
  for (const { host, names } of findProfiles(world)) {
    for (const name of names) {
      const other = hosts.get(name)
      assert.deepEqual([other?.startTls, other?.tls, other?.offers], [host.startTls, host.tls, host.offers], name)
      if (host.startTls === 'no') continue
      const { issuer, validity, sends } = host.certificate
      assert.deepEqual(
        [other?.certificate.issuer, other?.certificate.validity, other?.certificate.sends],
        [issuer, validity, sends],
      )
    }
  }
})

test('with every address and name, nothing is left out', async () => {
  const certificate = await certify(namesToCertify(world))
  assert.deepEqual(allot(world, { addresses: addresses(14), certificate }).omitted, new Map())
})

test('a name that the certificate does not have takes its test domain away, and no other', async () => {
  const certificate = await certify(namesToCertify(world).filter((name) => name !== `mta-sts.sts-name.${base}`))
  const { omitted } = allot(world, { addresses: addresses(14), certificate })
  assert.deepEqual([...omitted], [[`sts-name.${base}`, `the certificate does not have mta-sts.sts-name.${base}`]])
})

test('without a certificate DANE is tested all the same, and all of MTA-STS that needs one is left out', () => {
  const { omitted } = allot(world, { addresses: addresses(14), certificate: undefined })
  for (const { domain, sts } of world.tests) {
    if (sts === 'tls' || sts === 'second') assert.ok(omitted.has(domain), domain)
    if (domain.startsWith('dane-') && domain !== `dane-fails.${base}`) assert.ok(!omitted.has(domain), domain)
  }
})

test('with one address the profile that most test domains need has it, and the others are named with their reason', () => {
  const { profiles, omitted } = allot(world, { addresses: addresses(1), certificate: undefined })
  assert.equal(profiles.size, 1)
  assert.ok(!omitted.has(`dane-ee.${base}`) && !omitted.has(`dane-mismatch.${base}`) && !omitted.has(`plain.${base}`))
  assert.match(omitted.get(`dane-second.${base}`) ?? '', /^no address is left for a host with STARTTLS yes, /)
  assert.match(omitted.get(`dane-refused.${base}`) ?? '', /^no address is left for a host with STARTTLS refused, /)
})
