import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeDs } from '../../../src/core/dns/rdata/write.ts'
import { TYPE } from '../../../src/core/dns/types.ts'
import { limits } from '../../../src/core/limits.ts'
import { makeKey } from '../../support/sign.ts'
import { engines, verdictOf } from '../signed-world.ts'
import { hostileWorld, resolverIn } from './hostile-world.ts'
import { dsOf, keyRecords, replyWith, signedText } from './hostile-zone.ts'

const key = makeKey(13)

/** DS records of no known kind, of more octets than any digest has. */
const unknown = Array.from({ length: 100 }, (_, at) => {
  return writeDs({ keyTag: at, algorithm: 99, digestType: 99, digest: new Uint8Array(500).fill(at) })
})

for (const engine of engines) {
  test(`DNSSEC-30, DNSSEC-62: ${engine}: of DS records that are of no use, little is kept`, async () => {
    const resolver = resolverIn(hostileWorld({ ds: unknown }), engine, {
      say: ({ query }) => replyWith(query, { answer: signedText('www.evil.test. 300 A 203.0.113.66', key) }),
    })
    const resolution = await resolver.ask('www.evil.test. A')
    assert.match(verdictOf(resolution), /^insecure: evil\.test\. is signed with algorithms, .* not supported$/)
    const ds = resolution.kind === 'failure' ? [] : (resolution.evidence.chain.at(-1)?.ds ?? [])
    assert.equal(ds.length, limits.dnssec.dsPerRrset)
    assert.ok(ds.every(({ digest = [] }) => digest.length <= limits.dnssec.digestOctets))
    await resolver.close()
  })

  test(`DNSSEC-30: ${engine}: one DS record that can be used, among many that cannot, keeps the zone secure`, async () => {
    const resolver = resolverIn(hostileWorld({ ds: [...unknown, dsOf(key)] }), engine, {
      say: ({ query, type }) => {
        if (type === TYPE.DNSKEY) return replyWith(query, { answer: keyRecords([key], key) })
        return replyWith(query, { answer: signedText('www.evil.test. 300 A 203.0.113.66', key) })
      },
    })
    assert.equal(verdictOf(await resolver.ask('www.evil.test. A')), 'secure')
    await resolver.close()
  })
}
