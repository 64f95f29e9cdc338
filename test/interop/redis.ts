// A real Redis, or a Valkey, on a Unix socket or a port, started, hung, stopped and asked as a test likes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { run, type Stage } from './servers.ts'

export interface TestRedis {
  /** Of its Unix socket. */
  readonly path: string
  /** What `redis-cli` answers. */
  ask(...command: readonly string[]): string
  /** Holds the process still, so that it neither answers nor goes away. */
  hang(): void
  goOn(): void
  stop(): Promise<void>
  start(...args: readonly string[]): Promise<void>
}

let count = 0
let program = 'redis-server'

/** What runs in the place of Redis from now on. */
export function takeForRedis(other: string): void {
  program = other
}

export async function startRedis(stage: Stage, ...args: readonly string[]): Promise<TestRedis> {
  const folder = join(stage.folder, `redis${count++}`)
  mkdirSync(folder)
  const path = join(folder, 'socket')
  let child: ChildProcess | undefined
  const stop = async () => {
    const ending = child
    child = undefined
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
    ending.kill('SIGKILL')
    await once(ending, 'close')
  }
  const start = async (...more: readonly string[]) => {
    const fixed = ['--unixsocket', path, '--dir', folder, '--save', '', '--appendonly', 'no', '--daemonize', 'no']
    const ports = [...args, ...more].some((word) => word.includes('port')) ? [] : ['--port', '0']
    child = spawn(program, [...fixed, ...ports, ...args, ...more], { stdio: 'ignore' })
    await accepts(path)
  }
  stage.onStop(stop)
  await start()
  return {
    ...{ path, stop, start },
    ask: (...command) => run('redis-cli', ['-s', path, ...command]).trim(),
    hang: () => void child?.kill('SIGSTOP'),
    goOn: () => void child?.kill('SIGCONT'),
  }
}

/** Waits until it accepts connections; gives up after ten seconds. */
async function accepts(path: string): Promise<void> {
  const deadline = AbortSignal.timeout(10_000)
  while (!(await isAccepting(path))) {
    if (deadline.aborted) throw new Error(`nothing listens at ${path}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function isAccepting(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
