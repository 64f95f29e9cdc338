import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { atMost, median, note, report } from './report.ts'

const goal = 1.5
const rounds = 40

const root = join(import.meta.dirname, '..')

interface Program {
  readonly what: string
  readonly args: readonly string[]
  readonly prints: string
  readonly env?: NodeJS.ProcessEnv
  /** Without one it is only noted. */
  readonly goal?: number
}

const nothing: Program = { what: 'node -e 0', args: ['-e', '0'], prints: '' }

/** The command line as it is published in `place`, and as it lies in a clone. */
function programsIn(place: string): Program[] {
  const main = join(root, 'src/programs/cli/main.ts')
  const built = join(place, 'dist/programs/cli/main.js')
  // As "npm start" runs it.
  const caching = { NODE_COMPILE_CACHE: join(place, 'cache') }
  const version = { prints: 'waxseal ', goal }
  return [
    { what: 'bin/waxseal.cjs --version', args: [join(root, 'bin/waxseal.cjs'), '--version'], ...version },
    { what: 'src/programs/cli/main.ts --version, as npm start', args: [main, '--version'], ...version, env: caching },
    { what: 'dist/programs/cli/main.js --version', args: [built, '--version'], ...version },
    { what: 'dist/programs/cli/main.js --help', args: [built, '--help'], prints: 'Deliver' },
    { what: 'main.ts --version, its types stripped anew', args: [main, '--version'], prints: 'waxseal ' },
  ]
}

/** Builds the package into a directory of its own. */
function build(place: string): void {
  const options = { cwd: root, encoding: 'utf8' } as const
  const args = ['-p', 'tsconfig.build.json', '--outDir', join(place, 'dist')]
  const ended = spawnSync(join(root, 'node_modules/.bin/tsc'), args, options)
  if (ended.status !== 0) throw new Error(`cannot build: ${ended.stdout}`)
  copyFileSync(join(root, 'package.json'), join(place, 'package.json'))
}

/** Environment that changes how long any Node takes to start. */
const unset = ['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'NODE_COMPILE_CACHE']
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !unset.includes(name)))

/** Milliseconds from start to exit. */
function timeOf({ what, args, prints, env: more }: Program): number {
  const options = { encoding: 'utf8', env: { ...env, ...more } } as const
  const start = performance.now()
  const ended = spawnSync(process.execPath, args, options)
  const took = performance.now() - start
  if (ended.status !== 0 || !ended.stdout.startsWith(prints)) throw new Error(`${what} failed: ${ended.stderr}`)
  return took
}

/** All programs in turn, round after round: what slows the machine down slows all of them. */
function timesOfAll(all: readonly Program[]): Map<Program, number[]> {
  const times = new Map<Program, number[]>(all.map((program) => [program, []]))
  for (let round = 0; round < rounds; round++) for (const [program, list] of times) list.push(timeOf(program))
  return times
}

function measureStarts(): void {
  const place = mkdtempSync(join(tmpdir(), 'waxseal-bench-'))
  try {
    build(place)
    const programs = programsIn(place)
    for (const program of programs) timeOf(program) // fills the caches
    const times = timesOfAll([nothing, ...programs])
    const base = times.get(nothing) ?? []
    const ratioOf = (program: Program) =>
      median((times.get(program) ?? []).map((time, round) => time / (base[round] ?? Number.NaN)))
    report(
      'Start to exit / node -e 0',
      programs.flatMap((one) => (one.goal === undefined ? [] : atMost(one.what, ratioOf(one), one.goal, ' x'))),
    )
    for (const one of programs) if (one.goal === undefined) note(`${one.what}: ${ratioOf(one).toFixed(2)} x`)
    note(`node -e 0: ${Math.round(median(base))} ms, median of ${rounds} runs that take turns`)
  } finally {
    rmSync(place, { recursive: true })
  }
}

measureStarts()
