// The policy service while the resolver that it forwards to hangs, is gone, and is back: nothing is let go, nothing stays held.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openStage, startUnbound, waitForPort } from './servers.ts'
import { buildWorld, type InteropWorld } from './world.ts'

const resolver = '127.0.0.54'
const main = join(import.meta.dirname, '..', '..', 'src', 'programs', 'cli', 'main.ts')
const stage = openStage()
const map = join(stage.folder, 'map')

let world: InteropWorld
let unbound: ChildProcess
let service: ChildProcess

before(async () => {
  world = await buildWorld(stage, { mail: false })
  const files = { anchors: readFileSync(world.anchors, 'utf8'), hints: readFileSync(world.hints, 'utf8') }
  unbound = await startUnbound(stage, resolver, files)
  const options = ['--engine', 'forward', '--server', resolver, '--trust-anchor', world.anchors, '--allow-private']
  const args = [main, 'serve', '--socketmap', map, '--http', 'off', '--store', join(stage.folder, 'store'), ...options]
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', LANG: 'C.UTF-8' }
  service = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const text: Buffer[] = []
  service.stderr?.on('data', (chunk: Buffer) => text.push(chunk))
  const heard = Promise.withResolvers<void>()
  service.on('close', () => heard.reject(new Error(`the service ended: ${Buffer.concat(text)}`)))
  service.stdout?.on('data', (chunk: Buffer) => chunk.includes('listening') && heard.resolve())
  await heard.promise
})

after(async () => {
  unbound?.kill('SIGCONT')
  if (service?.kill('SIGTERM')) await once(service, 'close')
  await stage.stop()
})

/** What Postfix is told. */
async function lookUp(domain: string): Promise<string> {
  const socket = connect(map)
  const request = `QUERY ${domain}`
  socket.write(`${request.length}:${request},`)
  const [octets] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return octets.toString().replace(/^\d+:(.*),$/s, '$1')
}

/** Until it is told so: what failed is remembered for some seconds, and tried again then. */
async function lookUpUntil(domain: string, expected: RegExp): Promise<void> {
  const deadline = AbortSignal.timeout(90_000)
  for (let told = ''; !expected.test(told); ) {
    if (deadline.aborted) throw new Error(`${domain}: ${told}`)
    told = await lookUp(domain)
  }
}

test('a destination is known while the resolver is there', async () => {
  assert.match(await lookUp('dane.example'), /^OK dane-only/)
})

test('while it hangs, what is known is answered, and what is not is held back', async () => {
  unbound.kill('SIGSTOP')
  const [known, unknown] = await Promise.all([lookUp('dane.example'), lookUp('anchored.example')])
  assert.match(known, /^OK dane-only/)
  assert.match(unknown, /^TEMP /)
})

test('once it answers again, so do we', async () => {
  unbound.kill('SIGCONT')
  await lookUpUntil('anchored.example', /^OK dane-only/)
})

test('while it is gone, what is not known is held back, with the reason', async () => {
  await stage.end(unbound)
  assert.match(await lookUp('wrong.example'), /^TEMP .*127\.0\.0\.54/)
  assert.match(await lookUp('dane.example'), /^OK dane-only/)
})

test('once it is back, so are we, without help', async () => {
  unbound = stage.start('/usr/sbin/unbound', ['-d', '-c', join(stage.folder, `unbound-${resolver}`, 'unbound.conf')])
  await waitForPort(resolver, 53)
  await lookUpUntil('wrong.example', /^OK dane-only/)
})
