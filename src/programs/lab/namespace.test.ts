import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

/** Starts a lab, speaks to its MX host by the world's own address and port as any program would, and ends. */
const program = `
  const { startLab } = await import(${JSON.stringify(join(import.meta.dirname, 'lab.ts'))})
  const { connect } = await import('node:net')
  const world = 'zone example.org\\nhost mx.example.org address=192.0.2.99'
  const lab = await startLab(world, { place: 'namespace' })
  const socket = connect(25, '192.0.2.99')
  for await (const greeting of socket) {
    process.stdout.write(greeting)
    break
  }
  await lab.close()
`

test('in a network namespace the world has its own addresses and ports', (context) => {
  if (spawnSync('unshare', ['-rn', 'ip', 'link']).status !== 0) {
    return context.skip('unshare -rn or ip does not work here')
  }
  const child = spawnSync('unshare', ['-rn', process.execPath, '--input-type=module', '-e', program], {
    encoding: 'latin1',
    timeout: 60_000,
  })
  assert.equal(child.stderr, '')
  return assert.deepEqual([child.stdout, child.status], ['220 mx.example.org ESMTP\r\n', 0])
})
