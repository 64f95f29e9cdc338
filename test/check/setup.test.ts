// What set-up instructions are filled in with, for domains that lack one thing each.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Setup, setupOf } from '../../src/core/check/setup.ts'
import { namesBody } from '../../src/core/mtasts/sts-id.ts'
import { type CheckLab, startCheckLab } from '../support/check-lab.ts'

const world = `
world  Domains that are set up in part
zone   done.example
zone   done.example MX 10 mx.done.example
zone   _25._tcp.mx.done.example TLSA 3 1 1 {mx.done.example.spki.sha256}
zone   _smtp._tls.done.example TXT "v=TLSRPTv1; rua=mailto:tls@done.example"
host   mx.done.example
policy done.example mx=mx.done.example
zone   begun.example signed=no
zone   begun.example MX 10 in.provider.example
policy begun.example mx=in.provider.example mode=testing
zone   provider.example
host   in.provider.example
zone   bare.example
zone   bare.example MX 10 mx.bare.example
zone   _25._tcp.mx.bare.example TLSA 3 1 1 {mx.done.example.spki.sha256}
host   mx.bare.example
zone   clear.example
zone   clear.example MX 10 mx.clear.example
host   mx.clear.example starttls=no
zone   none.example
zone   none.example MX 0 .
`

let lab: CheckLab

before(async () => {
  lab = await startCheckLab(world)
})
after(() => lab.close())

async function setup(name: string): Promise<Setup> {
  return setupOf(await lab.gather(name), lab.lab.clock.now())
}

test('of a domain that has everything, everything is there and stays as it is', async () => {
  const { hosts, sts, tlsrpt, isSigned, takesMail } = await setup('done.example')
  const [host] = hosts
  assert.deepEqual([isSigned, takesMail, tlsrpt.isThere], [true, true, true])
  assert.deepEqual([host?.tlsa, host?.hasTls, host?.isYours, host?.isSigned], ['match', true, true, true])
  assert.deepEqual([sts.mode, sts.fileMode], ['enforce', 'enforce'])
  assert.match(sts.file, /^version: STSv1\nmode: enforce\nmx: mx\.done\.example\nmax_age: \d+$/)
})

test('RFC 8461 §8.3: who is in mode testing is led on to enforce, and who has no policy begins in testing', async () => {
  const begun = await setup('begun.example')
  assert.deepEqual([begun.sts.mode, begun.sts.fileMode], ['testing', 'enforce'])
  const bare = await setup('bare.example')
  assert.deepEqual([bare.sts.mode, bare.sts.fileMode], ['missing', 'testing'])
  assert.match(bare.sts.record, /^_mta-sts\.bare\.example\. IN TXT "v=STSv1; id=\d{14}Z[0-9a-f]{16};"$/)
  const [, id = ''] = /id=([^;]+);/.exec(bare.sts.record) ?? []
  assert.ok(namesBody(id, bare.sts.file.replace(/\n|$/g, '\r\n')), 'the id is that of the file beside it')
})

test('what stands in the zone of a provider is not ours to publish', async () => {
  const { hosts, isSigned } = await setup('begun.example')
  const [host] = hosts
  assert.equal(isSigned, false)
  assert.deepEqual([host?.isYours, host?.operator, host?.tlsa], [false, 'provider.example', 'none'])
  assert.match(host?.records[0] ?? '', /^_25\._tcp\.in\.provider\.example\. IN TLSA 3 1 1 [0-9a-f]{64}$/)
})

test('records that do not match are replaced by those of the key that is there', async () => {
  const [host] = (await setup('bare.example')).hosts
  const [good] = (await setup('done.example')).hosts
  assert.equal(host?.tlsa, 'mismatch')
  assert.equal(host?.records.length, 1)
  assert.notEqual(host?.records[0]?.slice(-64), good?.records[0]?.slice(-64))
})

test('a host without STARTTLS has no key that a record could be written for', async () => {
  const [host] = (await setup('clear.example')).hosts
  assert.deepEqual([host?.hasTls, host?.records], [false, []])
})

test('a domain that takes no mail has nothing to set up', async () => {
  const { takesMail, hosts } = await setup('none.example')
  assert.deepEqual([takesMail, hosts], [false, []])
})
