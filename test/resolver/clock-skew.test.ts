import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRrsig } from '../../src/core/dns/rdata/records.ts'
import { CLASS, TYPE } from '../../src/core/dns/types.ts'
import { rootName } from '../../src/core/name/name.ts'
import { start } from './memory-resolver.ts'
import { engines, signedWorld, verdictOf } from './signed-world.ts'

const world = signedWorld(`
zone alpha.example
zone alpha.example MX 10 mx.alpha.example
`)

const skews: [skew: number | undefined, slowBy: number, expected: RegExp][] = [
  [undefined, 60, /^secure$/],
  [undefined, 61, /^bogus: .*begins/],
  [0, 0, /^secure$/],
  [0, 1, /^bogus: .*begins/],
  [3600, 3600, /^secure$/],
  [3600, 3601, /^bogus: .*begins/],
]
for (const engine of engines) {
  for (const [clockSkew, slowBy, expected] of skews) {
    test(`DNSSEC-25 ${engine}: a signature that begins in ${slowBy} s, with ${clockSkew ?? 'the usual'} s of skew`, async () => {
      const { inception } = signedAt()
      const resolver = world.resolver(engine, undefined, { clockSkew })
      resolver.clock.move(inception - slowBy - start / 1000)
      assert.match(verdictOf(await resolver.ask('alpha.example. MX')), expected)
      await resolver.close()
    })
  }

  test(`DNSSEC-25 ${engine}: a signature that has ended is never believed`, async () => {
    const { expiration } = signedAt()
    const resolver = world.resolver(engine, undefined, { clockSkew: 3600 })
    resolver.clock.move(expiration + 1 - start / 1000)
    assert.match(verdictOf(await resolver.ask('alpha.example. MX')), /^bogus: .*ended/)
    await resolver.close()
  })
}

/** When signatures of the world begin and end, in seconds since 1970. */
function signedAt(): { readonly inception: number; readonly expiration: number } {
  const { answer } = world.zones.answer('.', { name: rootName, type: TYPE.DNSKEY, class: CLASS.IN }, true)
  const rrsig = answer.find(({ type }) => type === TYPE.RRSIG)
  const read = rrsig && readRrsig(rrsig.rdata)
  assert.ok(read?.ok)
  return read.value
}
