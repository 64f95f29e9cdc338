// Runs each interop test file in namespaces of its own: of the network, where real servers may have ports 25, 53 and
// 443, and of processes, so that none outlives its test, however that ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const atOnce = 2

/** All that the tests write. Servers that drop privileges read their files here. */
const folder = mkdtempSync(join(tmpdir(), 'waxseal-interop-'))
chmodSync(folder, 0o755)
const running = new Set<ChildProcess>()

/** Files to run: those named, or all. */
function filesToRun(): string[] {
  const named = process.argv.slice(2)
  return named.length > 0 ? named : globSync('test/interop/*.test.ts', { cwd: root }).sort()
}

/** Resolves to the exit status. Files that need the package registry say so in their name and stay outside. */
function runFile(file: string): Promise<number> {
  // A test that fails may leave a service open, and must not hold up all others for it.
  const ends = ['--test-timeout=600000', '--test-force-exit']
  const node = [process.execPath, '--test', ...ends, '--test-reporter=./scripts/summary-reporter.mjs', file]
  const inNamespace = [
    // Should this runner be killed, its children are too, and with them their namespaces.
    ...['setpriv', '--pdeathsig', 'KILL', 'unshare'],
    ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
    ...['--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
    // The first process of the namespace takes in what servers leave behind, and ends with the test's own status.
    ...['sh', '-c', 'ip link set lo up && "$@"', 'sh'],
  ]
  const [program = '', ...args] = file.includes('package') ? node : [...inNamespace, ...node]
  return new Promise((resolve) => {
    const env = { ...process.env, TMPDIR: folder }
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
    running.add(child)
    const output: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.on('error', (error) => {
      process.stderr.write(`${file}: ${error.message}\n`)
      resolve(70)
    })
    child.on('close', (status) => {
      running.delete(child)
      process.stdout.write(`${file}: ${Buffer.concat(output).toString().trim()}\n`)
      resolve(status ?? 70)
    })
  })
}

const waiting = filesToRun()
if (waiting.length === 0) process.exitCode = 70

async function worker(): Promise<void> {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const status = await runFile(file)
    if (status !== 0) process.exitCode ??= 1
  }
}

/** Ends what runs, by which everything in its namespaces ends, and lets `worker` find nothing more to do. */
function stop(status: number): void {
  waiting.length = 0
  process.exitCode = status
  for (const child of running) child.kill('SIGKILL')
}

process.on('SIGINT', () => stop(130))
process.on('SIGTERM', () => stop(143))
try {
  await Promise.all(Array.from({ length: atOnce }, worker))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
