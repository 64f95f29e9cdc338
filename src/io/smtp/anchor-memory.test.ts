import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { limits } from '../../core/limits.ts'
import { openMint } from '../../programs/lab/certificates/mint.ts'
import { describeCertificate } from '../../programs/lab/world/certificates.ts'
import { createAnchorMemory, recallAnchors } from './anchor-memory.ts'

const host = domain('mx.example.org')
const anchor = (digest: string, certificate: Uint8Array = Uint8Array.of(1)) => ({
  host,
  digest,
  certificate,
  usedAt: 0,
})

test('the last anchor used comes first, each once, and no more than so many of a host', async () => {
  const memory = createAnchorMemory()
  const digests = Array.from({ length: limits.store.anchorsPerHost + 1 }, (_, number) => String(number))
  for (const digest of [...digests, '2']) await memory.put(anchor(digest))
  const found = (await memory.find(host)).map(({ digest }) => digest)
  assert.deepEqual(found, ['2', ...digests.toReversed().filter((digest) => digest !== '2')].slice(0, found.length))
  assert.equal(found.length, limits.store.anchorsPerHost)
})

test('the host used longest ago makes room', async () => {
  const memory = createAnchorMemory()
  const hosts = Array.from({ length: limits.smtp.anchors + 1 }, (_, number) => domain(`mx${number}.example.org`))
  for (const name of hosts) await memory.put({ ...anchor('0'), host: name })
  const [first = host, second = host] = hosts
  assert.deepEqual([(await memory.find(first)).length, (await memory.find(second)).length], [0, 1])
})

test('what can no longer be read is passed over', async () => {
  const mint = await openMint()
  const { issuer } = await mint.issue(describeCertificate(host, {}))
  const memory = createAnchorMemory()
  await memory.put(anchor('good', issuer))
  await memory.put(anchor('broken'))
  const recalled = await recallAnchors(memory, host)
  assert.deepEqual(
    recalled.map(({ raw }) => Buffer.compare(raw, issuer)),
    [0],
  )
})
