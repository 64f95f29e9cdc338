import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const serve = join(import.meta.dirname, '../src/programs/daemon/serve.ts')

/** What Node loads of its own for a program: the names of its modules. */
function loadedBy(program: string): string[] {
  const text = `${program}; process.stdout.write(JSON.stringify(process.moduleLoadList))`
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8' })
  assert.equal(ended.status, 0, ended.stderr)
  return JSON.parse(ended.stdout) as string[] // a list of names, as Node keeps it
}

const unused = ['undici', 'http2', 'readablestream', 'worker_threads']

test('the policy service loads none of the clients of the Web that come with Node', () => {
  const loaded = loadedBy(`await import(${JSON.stringify(serve)})`)
  assert.ok(loaded.some((name) => name.includes('http')))
  for (const name of unused)
    assert.deepEqual(
      loaded.filter((one) => one.includes(name)),
      [],
      name,
    )
})
