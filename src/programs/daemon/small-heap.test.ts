import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const unit = readFileSync(join(import.meta.dirname, '../../../share/systemd/waxseal.service'), 'utf8')
const program = ['small-heap.ts', '../short-lives.ts']
  .map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'))
  .join('\n')

test('V8 knows what it is told, by the program and by the unit', () => {
  const known = spawnSync(process.execPath, ['--v8-options'], { encoding: 'utf8' }).stdout
  const told = [...`${program} ${unit}`.matchAll(/'(--[a-z][a-z-]+)[='\d]|--max[a-z-]+(?==\d)/g)].map(
    ([whole, flag]) => flag ?? whole,
  )
  assert.deepEqual(told, ['--heap-growing-percent', '--no-allocation-site-pretenuring', '--max-semi-space-size'])
  for (const flag of told) assert.ok(known.includes(`  ${flag.replace('--no-', '--')} `), flag)
})

test('Node takes the options that the unit sets for it', () => {
  const options = /NODE_OPTIONS=(\S+)/.exec(unit)?.[1] ?? ''
  const env = { ...process.env, NODE_OPTIONS: options }
  const ended = spawnSync(process.execPath, ['-e', 'process.stdout.write("started")'], { encoding: 'utf8', env })
  assert.deepEqual([ended.stdout, ended.stderr], ['started', ''])
})
