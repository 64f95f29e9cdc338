import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { afterTimer } from './anchor-refresh.ts'

test('DNSSEC-08 the timer rings once, unless it was taken back', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const rung: string[] = []
  afterTimer(1000, () => rung.push('kept'))
  const cancel = afterTimer(1000, () => rung.push('taken back'))
  context.mock.timers.tick(999)
  assert.deepEqual(rung, [])
  cancel()
  context.mock.timers.tick(5000)
  assert.deepEqual(rung, ['kept'])
})

test('RES-47: a process that has nothing else to do does not live on for the keys of trust anchors', () => {
  const program = `
    import { afterTimer } from ${JSON.stringify(new URL('anchor-refresh.ts', import.meta.url).href)}
    afterTimer(3_600_000, () => {})`
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  assert.deepEqual([ended.signal, ended.status, ended.stderr], [null, 0, ''])
})
