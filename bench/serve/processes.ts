import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'

/** A server under load, alone on the first processor. */
export interface Server {
  readonly port: number
  /** Milliseconds from its start until it accepted a connection. */
  readonly readyMs: number
  /** CPU time so far in microseconds, all threads. */
  cpu(): number
  /** Megabytes of resident memory. */
  memory(): number
  stop(): Promise<void>
}

/** What the load generator found. Times in microseconds. */
export interface Load {
  readonly questions: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
}

/** What runs: none outlives the bench, however that ends. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

const processors = { server: '0', load: '1' } as const

/** Starts a server that will listen at the port. */
export async function startServer(
  program: string,
  args: readonly string[],
  { port, env = process.env }: { readonly port: number; readonly env?: NodeJS.ProcessEnv },
): Promise<Server> {
  const start = performance.now()
  const stdio = ['ignore', 'ignore', 'inherit'] as const
  const child = spawn('taskset', ['-c', processors.server, program, ...args], { stdio: [...stdio], env })
  running.add(child)
  const pid = child.pid ?? 0
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`${program} ended with status ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const readyMs = performance.now() - start
  return { port, readyMs, cpu: () => cpuOf(pid), memory: () => memoryOf(pid), stop: () => stop(child) }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

function cpuOf(pid: number): number {
  const tasks = `/proc/${pid}/task`
  const nanoseconds = readdirSync(tasks).map((task) =>
    Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]),
  )
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000
}

function memoryOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1024
}

/** Compiles the load generator into a folder. */
export function compileLoad(folder: string): string {
  const program = join(folder, 'load')
  execFileSync('cc', ['-O2', '-o', program, join(import.meta.dirname, 'load.c')])
  return program
}

/** Runs the load generator, alone on the second processor: for so long, or once for every key. */
export function runLoad(
  program: string,
  { port }: Pick<Server, 'port'>,
  {
    connections,
    seconds,
    keys,
  }: { readonly connections: number; readonly seconds: number | 'once'; readonly keys: number },
): Promise<Load> {
  const time = seconds === 'once' ? ['0', String(keys), 'once'] : [String(seconds), String(keys)]
  const child = spawn('taskset', ['-c', processors.load, program, String(port), String(connections), ...time], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => {
      if (status === 0) resolve(JSON.parse(text) as Load)
      else reject(new Error(`the load generator ended with status ${status}`))
    })
  })
}
