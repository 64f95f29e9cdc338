// Runs the real command line, as a person would.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { InteropWorld } from './world.ts'

const main = join(import.meta.dirname, '..', '..', 'src', 'programs', 'cli', 'main.ts')

export interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `waxseal ARGS` to its end, with no configuration or colour of the machine's. */
export function waxseal(args: readonly string[], input: string | Uint8Array = ''): Promise<Run> {
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', NO_COLOR: '1', LANG: 'C.UTF-8' }
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.on('error', () => {}) // a command that reads nothing may be gone already
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => {
      resolve({ status, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() })
    })
  })
}

/** Options that put a command into the world, resolving from its root. Its addresses are nobody's on the Internet. */
export function iterateIn({ hints, anchors }: InteropWorld): string[] {
  return ['--engine', 'iterate', '--root-hints', hints, '--trust-anchor', anchors, '--allow-private']
}
