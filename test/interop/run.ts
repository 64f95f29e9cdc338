// Runs each interop test file in a network namespace of its own, where real servers may have ports 25, 53 and 443.
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const atOnce = 2

/** Files to run: those named, or all. */
function filesToRun(): string[] {
  const named = process.argv.slice(2)
  return named.length > 0 ? named : globSync('test/interop/*.test.ts', { cwd: root }).sort()
}

/** Resolves to the exit status. Files that need the package registry say so in their name and stay outside. */
function runFile(file: string): Promise<number> {
  const node = [process.execPath, '--test', '--test-reporter=./scripts/summary-reporter.mjs', file]
  const inNamespace = [
    'unshare',
    process.getuid?.() === 0 ? '-n' : '-rn',
    'sh',
    '-c',
    'ip link set lo up && exec "$@"',
    'sh',
  ]
  const [program = '', ...args] = file.includes('package') ? node : [...inNamespace, ...node]
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    const output: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.on('error', (error) => {
      process.stderr.write(`${file}: ${error.message}\n`)
      resolve(70)
    })
    child.on('close', (status) => {
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
    if (status !== 0) process.exitCode = 1
  }
}

await Promise.all(Array.from({ length: atOnce }, worker))
