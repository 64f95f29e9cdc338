// Haraka with the plugin of share/haraka as it is, in the lab's world on real ports, calm and under attack.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import {
  openPluginWorld,
  type PluginWorld,
  peer,
  type Tried,
  testBorrowedChain,
  testPlugin,
  testReuse,
} from './plugin-world.ts'
import { type PolicyService, startPolicyService } from './policy-service.ts'
import { openStage, run, waitForPort } from './servers.ts'

const share = join(import.meta.dirname, '..', '..', 'share', 'haraka')
const inbound = { host: '127.0.0.1', port: 2525 }

const stage = openStage()
let world: PluginWorld
let service: PolicyService
let haraka: Tried & { log(): string }

before(async () => {
  world = await openPluginWorld(stage)
  const socket = join(stage.folder, 'lines')
  const args = ['--store', join(stage.folder, 'policies'), '--socketmap', join(stage.folder, 'socketmap')]
  service = await startPolicyService(stage, [...world.iterate, ...args, '--lines', socket])
  haraka = await startHaraka(socket)
})

after(() => stage.stop())

/** Takes mail from this machine for anybody, and delivers it. */
async function startHaraka(socket: string): Promise<Tried & { log(): string }> {
  const folder = join(stage.folder, 'haraka')
  const files: Record<string, string> = {
    'config/smtp.ini': `listen=${inbound.host}:${inbound.port}\nnodes=0\n`,
    'config/me': 'client.example\n',
    'config/log.ini': '[main]\nlevel=notice\n',
    'config/loglevel': 'INFO\n',
    'config/plugins': 'take\nwaxseal\n',
    // The world's addresses are all on this machine.
    'config/outbound.ini': 'local_mx_ok=true\n',
    'config/waxseal.ini': `socket=${socket}\n`,
    'plugins/take.js':
      "exports.register = function () { this.register_hook('rcpt', 'take') }\n" +
      'exports.take = (next, connection) => { connection.relaying = true; next(OK) }\n',
  }
  const program = join(peer('Haraka'), 'bin', 'haraka')
  run(process.execPath, [program, '-i', folder])
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  cpSync(join(share, 'waxseal.js'), join(folder, 'plugins', 'waxseal.js'))
  const env = { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: world.authority }
  const child = spawn(process.execPath, [program, '-c', folder], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const listeners = new Set<() => void>()
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      for (const look of listeners) look()
    })
  }
  const ended = once(child, 'close')
  let isStopping = false
  void ended.then(() => {
    if (!isStopping) process.stderr.write(`Haraka ended early: ${said}\n`)
  })
  stage.onStop(async () => {
    isStopping = true
    child.kill('SIGTERM')
    await ended
  })
  await waitForPort(inbound.host, inbound.port)
  const hear = (words: RegExp, since: number) =>
    new Promise<string>((resolve, reject) => {
      const end = (found: string | Error) => {
        clearTimeout(tooLong)
        listeners.delete(look)
        if (typeof found === 'string') resolve(found)
        else reject(found)
      }
      const tooLong = setTimeout(() => end(new Error(`${words} was not said: ${said.slice(since)}`)), 60_000)
      const look = () => {
        const found = words.exec(said.slice(since))
        if (found !== null) end(found[0])
      }
      listeners.add(look)
      look()
    })
  return {
    log: () => said,
    async send(domain, mark) {
      const { length } = said
      await submit(domain, mark)
      const line = await hear(/delivered file=.*|Temp failing .*|bouncing mail: .*/, length)
      const outcome = line.startsWith('delivered') ? 'delivered' : line.startsWith('Temp') ? 'deferred' : 'bounced'
      return { outcome, line: said.slice(length) }
    },
  }
}

async function submit(domain: string, mark: string): Promise<void> {
  const connection = new SMTPConnection({ ...inbound, ignoreTLS: true })
  await new Promise<void>((resolve, reject) => {
    connection.once('error', reject)
    connection.connect(() => resolve())
  })
  // From nobody, so that what is returned goes no further.
  const envelope = { from: '', to: [`user@${domain}`] }
  const message = `From: me@client.example\r\nSubject: ${mark}\r\n\r\n${mark}\r\n`
  await new Promise<void>((resolve, reject) => {
    connection.send(envelope, message, (error) => (error ? reject(error) : resolve()))
  })
  connection.quit()
}

testPlugin(
  () => world,
  () => haraka,
)
testReuse(
  () => world,
  () => haraka,
)

testBorrowedChain(
  stage,
  () => world,
  () => haraka,
  /mx\.borrowed\.example: its chain to the DANE-TA certificate is not valid: CERT_SIGNATURE_FAILURE/,
)

test('a service that does not answer holds mail back, whatever protects the destination', async () => {
  await service.stop()
  for (const domain of ['dane.example', 'plain.example']) {
    const { outcome, line } = await haraka.send(domain, `${domain} without the service`)
    assert.equal(outcome, 'deferred', line)
    assert.match(line, /the policy service does not answer/)
  }
})

test('the log has a reason for each host that was passed over', () => {
  for (const reason of [
    /mx\.mismatch\.example: its certificate matches none of its TLSA records/,
    /mx\.dane\.example: it offers no STARTTLS, and must/,
    /mx\.dane\.example: it refuses STARTTLS: 4/,
    /mx\.other-name\.example: its certificate is not valid: /,
    /forged\.example: .*its TLSA lookup failed/,
  ]) {
    assert.ok(reason.test(haraka.log()), `${reason} is not in the log`)
  }
})
