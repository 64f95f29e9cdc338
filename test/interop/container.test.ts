// What the container recipe says about the running service: that its command is one, and that its health check tells.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startPolicyService } from './policy-service.ts'
import { openStage } from './servers.ts'

const recipe = readFileSync(join(import.meta.dirname, '..', '..', 'packaging', 'Containerfile'), 'utf8')
const commandOf = (instruction: string) => {
  const line = new RegExp(`^${instruction}[^[\\n]*(\\[.*\\])$`, 'm').exec(recipe)?.[1]
  return JSON.parse(line ?? 'null') as string[]
}

const stage = openStage()
after(() => stage.stop())

test('the health check of the container is good while the service answers, and only then', async () => {
  const [program, ...args] = commandOf('HEALTHCHECK')
  assert.equal(program, 'node')
  const check = () => spawnSync(process.execPath, args, { timeout: 5000 }).status
  assert.equal(check(), 1)
  const [name, ...given] = commandOf('CMD')
  assert.deepEqual([commandOf('ENTRYPOINT'), name], [['waxseal'], 'serve'])
  const nowhere = ['--engine', 'forward', '--server', '127.0.0.1:1']
  const service = await startPolicyService(stage, [...given, ...nowhere, '--store', join(stage.folder, 'policies')])
  assert.equal(check(), 0)
  assert.equal(await service.stop(), 0)
  assert.equal(check(), 1)
})
