// The HTTP interface asked by curl, on an address of a network, and by clients that take their time.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'
import { serveIn } from '../support/served.ts'
import { addAddresses, run } from './servers.ts'

const root = join(import.meta.dirname, '..', '..')
const world = readFileSync(join(root, 'worlds', 'demo.txt'), 'utf8').split(/^drop/m)[0] ?? ''
const address = '203.0.113.9'

let lab: Lab
let commands: LabCommands

before(async () => {
  addAddresses([address])
  lab = await startLab(world)
  commands = commandsIn(lab)
})

after(async () => {
  commands.close()
  await lab.close()
})

const curl = (...args: readonly string[]) =>
  new Promise<string>((resolve, reject) => {
    execFile('curl', ['--silent', '--show-error', '--max-time', '30', ...args], (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    )
  })

test('curl gets a decision over TCP and over a Unix socket, and refreshes it', async () => {
  const served = await serveIn(commands)
  const where = `http://127.0.0.1:${served.port}/v1/destinations`
  assert.match(await curl(`${where}/friends.example`), /"QUERY":"OK dane-only"/)
  assert.match(await curl('--globoff', `${where}/[mx.clinic.example]`), /"destination":"\[mx\.clinic\.example\]"/)
  const json = ['--json', '{}']
  assert.match(await curl(...json, `${where}/friends.example/refresh`), /"schema":"waxseal\.destination\/1"/)
  assert.match(await curl('--form', 'a=b', `${where}/bakery.example/refresh`), /"code":"wrong-type"/)
  assert.match(
    await curl('--header', 'Expect: 100-continue', ...json, `${where}/choir.example/refresh`),
    /"destination":"choir/,
  )
  // A body that is sent to its end before anybody reads the answer.
  const large = join(commands.folder, 'large')
  writeFileSync(large, ' '.repeat(10_000_000))
  const code = ['--output', '/dev/null', '--write-out', '%{http_code}']
  const refused = curl(
    ...code,
    '--header',
    'Content-Type: application/json',
    '--data-binary',
    `@${large}`,
    `${where}/bank.example/refresh`,
  )
  assert.equal(await refused, '413')
  await served.stop()
  const path = join(commands.folder, 'curl')
  const onSocket = await serveIn(commands, { args: ['--http', path] })
  assert.match(await curl('--unix-socket', path, 'http://any-name/v1/destinations/friends.example'), /"OK dane-only"/)
  assert.match(run('stat', ['--format', '%a', path]), /^660/)
  await onSocket.stop()
})

test('on an address of a network nobody gets anything without a token, also once the configuration wants none', async () => {
  const config = join(commands.folder, 'network.toml')
  const token = join(commands.folder, 'token')
  writeFileSync(token, 'correct.horse-battery_staple', { mode: 0o600 })
  writeFileSync(config, `http = "${address}:0"\nhttp-token-file = ${JSON.stringify(token)}\n`)
  const served = await serveIn(commands, { args: ['--config', config], isFromFile: true })
  const ask = (headers = {}) => served.ask('/v1/destinations', { headers })
  const authorization = 'Bearer correct.horse-battery_staple'
  assert.deepEqual([(await ask()).status, (await ask({ authorization })).status], [401, 200])
  // It listens there still, since new addresses need a restart.
  writeFileSync(config, 'http = "127.0.0.1:0"\n')
  served.reload()
  await served.hear('new addresses need a restart')
  for (const headers of [{}, { authorization }]) {
    assert.equal((await ask(headers)).status, 401)
    assert.equal((await served.ask('/metrics', { headers })).status, 401)
  }
  assert.equal((await served.ask('/livez')).status, 200)
  await served.stop()
})

test('clients that take their time are ended, and cost others nothing', async () => {
  const served = await serveIn(commands)
  const open = () => {
    const socket = connect(served.port, '127.0.0.1')
    let got = ''
    socket.on('data', (octets: Buffer) => {
      got += octets.toString()
    })
    socket.on('error', () => {})
    return { socket, closed: once(socket, 'close'), got: () => got }
  }
  const silent = open()
  const headers = open()
  headers.socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nX: a')
  const drip = setInterval(() => headers.socket.write('a'), 200)
  const body = open()
  body.socket.write(
    'POST /v1/destinations/a.example/refresh HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{',
  )
  // Asks on and on, and reads nothing.
  const deaf = connect(served.port, '127.0.0.1')
  deaf.on('error', () => {})
  deaf.pause()
  deaf.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(150))
  assert.equal(await served.lookUp('friends.example'), 'OK dane-only')
  assert.equal((await served.ask('/livez')).status, 200)
  await Promise.all([silent.closed, headers.closed, body.closed])
  clearInterval(drip)
  deaf.destroy()
  assert.match(headers.got(), /^HTTP\/1\.1 408 /)
  assert.match(body.got(), /^HTTP\/1\.1 408 /)
  assert.equal((await served.stop()).status, 0)
})
