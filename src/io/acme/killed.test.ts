// Killed at any step, the process finds what it had, goes on where it stood, and orders nothing twice that it had written down.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type StubAuthority, startStubAuthority } from '../../../test/support/acme/authority.ts'
import { makeFolder } from '../../../test/support/acme/client.ts'
import type { KilledRun } from '../../../test/support/acme/issue-until-killed.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { openCertificateFolder } from './certificate-folder.ts'

const program = fileURLToPath(new URL('../../../test/support/acme/issue-until-killed.ts', import.meta.url))

interface Scene {
  readonly stub: StubAuthority
  readonly folder: string
  /** The signal that ended it, or undefined when it came to its end. */
  run(part: Partial<KilledRun>): Promise<NodeJS.Signals | undefined>
}

async function open(context: TestContext): Promise<Scene> {
  const stub = await startStubAuthority({ now: Date.now })
  context.after(() => stub.close())
  const folder = makeFolder(context)
  const { directory, port, serverRoot, root } = stub
  const common = { folder, directory, port, serverRoot, root, aheadMs: 0, before: [], name: undefined, kill: undefined }
  return {
    ...{ stub, folder },
    async run(part) {
      const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
      context.after(() => child.kill('SIGKILL'))
      child.stdin.end(JSON.stringify({ ...common, ...part }))
      child.stdout.resume()
      const [status, signal] = await once(child, 'exit')
      assert.ok(signal !== null || status === 0, `ended with status ${status}`)
      return signal ?? undefined
    },
  }
}

const hosts = (count: number) => Array.from({ length: count }, (_, each) => `mta-sts.k${each}.example` as DomainName)

type Kill = NonNullable<KilledRun['kill']>
const files: Kill[] = ['queue.json', 'budget.json', 'order.json', 'certificate.pem', 'plan.json'].flatMap((file) => [
  { at: 'before', file },
  { at: 'after', file },
])
const requests: Kill[] = [2, 4, 5, 6, 7, 8].map((count) => ({ at: 'request', count }))

for (const [what, kills] of [
  ['as a file takes its place', files],
  ['before a request', requests],
] as const) {
  test(`killed ${what}, it has every certificate of before, and the next run finishes`, async (context) => {
    const { stub, folder, run } = await open(context)
    const names = hosts(kills.length)
    assert.equal(await run({ before: ['mta-sts.first.example'] }), undefined)
    for (const [at, kill] of kills.entries()) {
      const before = names.slice(0, at)
      assert.equal(await run({ before, name: names[at], kill }), 'SIGKILL', JSON.stringify(kill))
      const kept = await openCertificateFolder(folder)
      for (const name of before) assert.ok(kept.certificate(name), `${name} after ${JSON.stringify(kill)}`)
      assert.notEqual(kept.spent(), undefined)
    }
    assert.equal(await run({ before: names }), undefined)
    const kept = await openCertificateFolder(folder)
    for (const name of names) {
      assert.ok(kept.certificate(name), name)
      assert.equal(existsSync(join(folder, 'names', name, 'order.json')), false, name)
    }
    assert.equal(stub.accounts.size, 1)
    // Each order was counted before it was made. One that was not written down yet when the process ended is made again.
    const spent = kept.spent()?.reduce((sum, { count }) => sum + count, 0) ?? 0
    assert.ok(spent >= stub.orders.length, `${spent} counted, ${stub.orders.length} made`)
    assert.ok(stub.orders.length <= names.length + 3, `${stub.orders.length} orders for ${names.length + 1} names`)
    assert.ok(stub.issued.length <= names.length + 2, `${stub.issued.length} issued`)
  })
}

test('killed as a renewed certificate takes the place of the old, there is the one or the other', async (context) => {
  const { folder, run } = await open(context)
  const name = 'mta-sts.renewed.example' as DomainName
  assert.equal(await run({ before: [name] }), undefined)
  const first = (await openCertificateFolder(folder)).certificate(name)
  assert.ok(first)
  const aheadMs = 70 * 86_400_000
  const renewal = { name, aheadMs, before: [] }
  assert.equal(await run({ ...renewal, kill: { at: 'before', file: 'certificate.pem' } }), 'SIGKILL')
  assert.equal((await openCertificateFolder(folder)).certificate(name)?.id, first.id)
  assert.equal(await run({ ...renewal, kill: { at: 'after', file: 'certificate.pem' } }), 'SIGKILL')
  const second = (await openCertificateFolder(folder)).certificate(name)
  assert.ok(second && second.id !== first.id)
})
