// The service as systemd runs it: its units, sockets that were opened before it, and what it tells its manager.
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'

const root = join(import.meta.dirname, '..', '..')
const units = join(root, 'share', 'systemd')
const main = join(root, 'src', 'programs', 'cli', 'main.ts')
const place = mkdtempSync(join(tmpdir(), 'systemd-'))

test('systemd finds nothing wrong with the units', () => {
  // Whatever this clone's own folder is called.
  const program = join(place, 'waxseal')
  symlinkSync(process.execPath, program)
  const files = readdirSync(units).map((name) => {
    const file = join(place, name)
    writeFileSync(file, readFileSync(join(units, name), 'utf8').replace('/usr/bin/waxseal', program))
    return file
  })
  const { status, stderr, stdout } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {
    encoding: 'utf8',
  })
  const ours = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('waxseal'))
  assert.deepEqual([status, ours], [0, []])
})

// A service that listens on port 443 has a capability, and no users of its own.
for (const [unit, most] of [
  ['waxseal.service', 20],
  ['waxseal-sts-host.service', 30],
] as const) {
  test(`${unit} is as confined as systemd calls good`, () => {
    const args = ['security', '--offline=yes', `--threshold=${most}`, '--no-pager', join(units, unit)]
    const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
    assert.equal(status, 0, stdout)
  })
}

/** A service manager's socket: writes each message it gets as one line. */
const listener = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    data, fds, _, _ = socket.recv_fds(s, 4096, 8)
    for fd in fds: socket.close(fd)
    print(data.decode().replace("\\n", " "), flush=True)
`

interface Heard {
  readonly lines: string[]
  /** Until a line has these words. */
  until(words: string): Promise<void>
}

function hear(child: ChildProcess): Heard {
  const lines: string[] = []
  child.stdout?.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n').filter(Boolean)))
  return {
    lines,
    async until(words) {
      while (!lines.some((line) => line.includes(words))) {
        assert.equal(child.exitCode, null, `it ended before it said "${words}", after ${lines.join('; ')}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }
}

function start(t: TestContext, program: string, args: readonly string[], env?: NodeJS.ProcessEnv) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], ...(env !== undefined && { env }) })
  t.after(() => child.kill('SIGKILL'))
  return { child, heard: hear(child) }
}

/** What a service is that may ask nobody: every lookup fails. */
const alone = ['--engine', 'forward', '--server', '127.0.0.1', '--store', ':memory:', '--timeout', '2']

async function askOn(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`${request.length}:${request},`)
  const [octets] = (await once(socket, 'data')) as [Buffer] // `data` comes with nothing else
  socket.destroy()
  return octets.toString()
}

async function createManager(t: TestContext) {
  const path = join(place, 'notify')
  const { heard } = start(t, 'python3', ['-c', listener, path])
  await heard.until('bound')
  return { path, heard }
}

test('with sockets of systemd, a question may come before the service is there; systemd is told how it goes', async (t) => {
  const { path, heard } = await createManager(t)
  const environment = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '1000000', PATH: process.env.PATH ?? '', HOME: place }
  const passed = Object.entries(environment).flatMap(([name, value]) => ['-E', `${name}=${value}`])
  const activated = ['--listen', '127.0.0.1:8461', '--fdname=socketmap', ...passed, process.execPath, main]
  // Were the setting of any account, it could not listen there.
  const { child } = start(t, 'systemd-socket-activate', [
    ...activated,
    'serve',
    ...alone,
    '--socketmap',
    '/nowhere/at/all',
  ])
  while (!(await isOpen(8461))) await new Promise((resolve) => setTimeout(resolve, 10))
  assert.match(await askOn(8461, 'QUERY .example'), /^9:NOTFOUND ,$/)
  await heard.until('READY=1 STATUS=serving')
  await heard.until('WATCHDOG=1')
  child.kill('SIGHUP')
  await heard.until('RELOADING=1 MONOTONIC_USEC=')
  child.kill('SIGTERM')
  await heard.until('STOPPING=1')
  if (child.exitCode === null) await once(child, 'exit')
  assert.equal(child.exitCode, 0)
  const told = heard.lines.flatMap((line) => /READY|RELOADING|STOPPING/.exec(line) ?? [])
  assert.deepEqual(told, ['READY', 'RELOADING', 'READY', 'STOPPING'])
  const unsigned = heard.lines.slice(1).filter((line) => !/^(?:BARRIER=1|MAINPID=\d+ .*)$/.test(line))
  assert.deepEqual(unsigned, [])
})

/** Without connecting, which would start the service. */
async function isOpen(port: number): Promise<boolean> {
  return readFileSync('/proc/net/tcp', 'utf8').includes(`:${port.toString(16).toUpperCase()} 00000000:0000 0A`)
}

test('the service makes no system call that its unit forbids', async (t) => {
  const log = join(place, 'calls')
  const env = { PATH: process.env.PATH, HOME: place }
  const program = [process.execPath, main, 'serve', ...alone, '--socketmap', '127.0.0.1:8464']
  const { child, heard } = start(t, 'strace', ['-f', '-qq', '-o', log, '-e', 'signal=none', ...program], env)
  await heard.until('listening')
  assert.match(await askOn(8464, 'QUERY example.org'), /^\d+:TEMP /)
  const [served = ''] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ')
  process.kill(Number(served), 'SIGTERM')
  await once(child, 'exit')
  const made = new Set(
    [...readFileSync(log, 'utf8').matchAll(/^\d+ +(?:<\.\.\. )?([a-z_0-9]+)[( ]/gm)].map(([, call]) => call),
  )
  assert.ok(made.has('epoll_pwait') || made.has('epoll_wait'), [...made].join(' '))
  const groups = ['@system-service', '@default', '@privileged'].map(callsOf)
  const [service = new Set(), usual = new Set(), privileged = new Set()] = groups
  const forbidden = [...made].filter((call = '') => !(service.has(call) || usual.has(call)) || privileged.has(call))
  assert.deepEqual(forbidden, [])
})

/** System calls of a group of systemd's, those of the groups in it too. */
function callsOf(group: string): Set<string> {
  const text = execFileSync('systemd-analyze', ['syscall-filter', '--no-pager', group], { encoding: 'utf8' })
  const words = text.split('\n').flatMap((line) => /^ {4}(@?[a-z_0-9-]+)$/.exec(line)?.[1] ?? [])
  return new Set(words.flatMap((word) => (word.startsWith('@') ? [...callsOf(word)] : [word])))
}
