// The checker's page behind nginx, set up as docs/web.md says.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { limits } from '../../src/core/limits.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'
import { ask, type Served, serveIn } from '../support/served.ts'

const world = `
world  A domain whose host says an octet a second
zone   slow.example
zone   slow.example MX 10 mx.slow.example
host   mx.slow.example temper=slow
`
const proxyPort = 8080

let lab: Lab
let commands: LabCommands
let served: Served
let nginx: ChildProcess

before(async () => {
  lab = await startLab(world)
  commands = commandsIn(lab)
  served = await serveIn(commands, { args: ['--web', '127.0.0.1:8464', '--web-proxy', '127.0.0.1'] })
  await served.hear("for the checker's page")
  const docs = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'web.md'), 'utf8')
  const server = /```nginx\n(.*?)```/s.exec(docs)?.[1] ?? assert.fail('docs/web.md has no part for nginx')
  // What is left out needs a certificate; the rest stands as it does there.
  const plain = server.replace('listen 443 ssl;', `listen 127.0.0.1:${proxyPort};`)
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${commands.folder}/${name};`,
  )
  const config = `daemon off; pid ${commands.folder}/pid; error_log stderr; user root; events {}
http { access_log off; ${paths.join(' ')}\n${plain}\n}`
  writeFileSync(join(commands.folder, 'nginx.conf'), config)
  nginx = spawn('nginx', ['-p', commands.folder, '-c', join(commands.folder, 'nginx.conf')], { stdio: 'inherit' })
  for (;;) {
    const isThere = await ask({ host: '127.0.0.1', port: proxyPort }, '/icon.svg').then(
      () => true,
      () => nginx.exitCode !== null,
    )
    if (isThere) break
  }
})

after(async () => {
  nginx.kill()
  await served.stop()
  commands.close()
  await lab.close()
})

const form = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
/** From an address that is no proxy's. */
const proxy = { host: '127.0.0.1', port: proxyPort, localAddress: '127.0.0.2' }

test('progress comes through while the check goes on', async () => {
  const started = await ask(proxy, '/checks', { ...form, body: 'domain=slow.example' })
  assert.equal(started.status, 303)
  const asking = request({ ...proxy, path: String(started.headers.location) })
  asking.end()
  const [response] = (await once(asking, 'response')) as [import('node:http').IncomingMessage]
  let text = ''
  for await (const piece of response as AsyncIterable<Buffer>) {
    text += String(piece)
    if (text.includes('</strong>')) break
  }
  assert.match(text, /Checking slow\.example/)
  assert.match(text, /<li><strong>/)
  assert.doesNotMatch(text, /<article/)
})

test('a visitor who says to be many others is one to nginx, and to us', async () => {
  const statuses: number[] = []
  for (let at = 0; at <= limits.web.checksBurst; at++) {
    const headers = { ...form.headers, 'x-forwarded-for': `203.0.113.${at}` }
    statuses.push((await ask(proxy, '/checks', { ...form, headers, body: `domain=d${at}.nowhere.example` })).status)
  }
  assert.equal(statuses.at(-1), 429)
})
