// The policy service on its hit path, beside a bare Node server and Debian's postfix-mta-sts-resolver, round by round.
// Needs two processors, cc and taskset; the peer is left out where it is not installed.
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { atLeast, atMost, median, note, type Row, report } from './report.ts'
import { fillStore } from './serve/fill-store.ts'
import { hasPeer, startPeer } from './serve/peers.ts'
import { compileLoad, type Load, runLoad, type Server, startServer } from './serve/processes.ts'

const policies = 100_000
/** One process alone is up to a tenth faster or slower than another of the same program. */
const generations = 3
const rounds = 3
const seconds = 1
const goals = { bare: 0.9, internal: 3, sqlite: 15, p99: 2.5, megabytes: 160, start: 10 } as const

const root = join(import.meta.dirname, '..')
const node = process.execPath
const ports = { ours: 28_461, bare: 28_462 }

/** Without what a developer's shell may add. */
const env = { PATH: process.env.PATH, HOME: '/nonexistent' }
const unit = readFileSync(join(root, 'share/systemd/waxseal.service'), 'utf8')
/** What the unit says that V8 and the C library are to do. */
const unitEnv = Object.fromEntries(
  [...unit.matchAll(/\b(NODE_OPTIONS|MALLOC_ARENA_MAX)=(\S+)/g)].map(([, name, value]) => [name, value]),
)

interface Measured extends Load {
  /** Microseconds of CPU time for one question. */
  readonly cpu: number
}

/** The service as it is published, compiled, and as the unit starts it; `program` is what to run. */
function startOurs(program: readonly string[], store: string, more: NodeJS.ProcessEnv = unitEnv): Promise<Server> {
  const args = [...program, 'serve', '--store', store, '--socketmap', `127.0.0.1:${ports.ours}`, '--engine', 'iterate']
  return startServer(node, args, { port: ports.ours, env: { ...env, ...more } })
}

/** Compiles the service, the command line and the one whose world is made. */
function compile(folder: string): { readonly main: string; readonly made: string } {
  const programs = ['bench/serve/our-server.ts', 'src/programs/cli/main.ts', 'src/io/resolver/check-thread-main.ts']
  const files = programs.map((file) => join(root, file))
  const compilerOptions = { noEmit: false, declaration: false, outDir: folder, rootDir: root, types: ['node'] }
  const typeRoots = [join(root, 'node_modules/@types')]
  const config = { extends: join(root, 'tsconfig.build.json'), compilerOptions: { ...compilerOptions, typeRoots } }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...config, include: [], files }))
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { stdio: 'inherit' })
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return { main: join(folder, 'src/programs/cli/main.js'), made: join(folder, 'bench/serve/our-server.js') }
}

function startBare(): Promise<Server> {
  const program = join(import.meta.dirname, 'serve/bare-server.ts')
  return startServer(node, [program, String(policies), String(ports.bare)], { port: ports.bare, env })
}

async function measure(load: string, server: Server, connections: number): Promise<Measured> {
  const before = server.cpu()
  const found = await runLoad(load, server, { connections, seconds, keys: policies })
  return { ...found, cpu: (server.cpu() - before) / found.questions }
}

type Servers = ReadonlyMap<string, Server>
/** By the server's name. */
type Rounds = Map<string, readonly Measured[]>

/** All servers in turn, round after round, added to what was found: what slows the machine down slows all of them. */
async function measureAll(load: string, servers: Servers, connections: number, found: Rounds): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const [name, server] of servers) {
      const before = found.get(name) ?? []
      found.set(name, [...before, await measure(load, server, connections)])
    }
  }
}

/** The median over the rounds of a ratio within a round. */
function ratio(found: Rounds, name: string, of: (ours: Measured, other: Measured) => number): number {
  const ours = found.get('ours') ?? []
  const others = found.get(name) ?? []
  return median(ours.flatMap((one, round) => (others[round] === undefined ? [] : [of(one, others[round])])))
}

const rateOver = (ours: Measured, other: Measured) => ours.questions / ours.seconds / (other.questions / other.seconds)

function rowsOf(found: Rounds, connections: number): Row[] {
  const at = `${connections} connections: answers a second`
  const peers = (['internal', 'sqlite'] as const).filter((cache) => found.has(cache))
  return [
    atLeast(`${at} / bare Node's`, ratio(found, 'bare', rateOver), goals.bare, ' x'),
    ...peers.map((cache) => atLeast(`${at} / peer's, ${cache}`, ratio(found, cache, rateOver), goals[cache], ' x')),
    atMost(
      `${connections} connections: p99 / bare Node's`,
      ratio(found, 'bare', (a, b) => a.p99 / b.p99),
      goals.p99,
      ' x',
    ),
  ]
}

function noteAll(found: Rounds, connections: number): void {
  for (const [name, list] of found) {
    const rate = Math.round(median(list.map((one) => one.questions / one.seconds)) / 100) / 10
    const cpu = median(list.map((one) => one.cpu)).toFixed(1)
    const [p50, p99] = [median(list.map((one) => one.p50)), median(list.map((one) => one.p99))]
    note(`${name}, ${connections} connections: ${rate} k/s, ${cpu} us CPU an answer, p50 ${p50} us, p99 ${p99} us`)
  }
}

/** Milliseconds that Node takes to do nothing, on the processor that the servers have. */
function nothingMs(): number {
  const start = performance.now()
  spawnSync('taskset', ['-c', '0', node, '-e', '0'], { env })
  return performance.now() - start
}

/** From start until a connection is accepted, the policies in the store, over what Node takes to do nothing. */
async function startRatio(main: string, store: string): Promise<number> {
  const ratios: number[] = []
  for (let time = 0; time < 9; time++) {
    const nothing = nothingMs()
    const server = await startOurs([main], store)
    ratios.push(server.readyMs / nothing)
    await server.stop()
  }
  return median(ratios)
}

/** Megabytes that the service takes when it is started without what the unit says. */
async function plainMemory(program: string, store: string, load: string): Promise<number> {
  const server = await startOurs([program], store, {})
  try {
    await runLoad(load, server, { connections: 64, seconds: 'once', keys: policies })
    return server.memory()
  } finally {
    await server.stop()
  }
}

/** One process of each server, for as long as the callback takes, all answers in their memories. */
async function withServers(
  { folder, load, caches, start }: Prepared,
  measured: (servers: Servers) => Promise<void>,
): Promise<void> {
  const servers = new Map<string, Server>()
  try {
    servers.set('ours', await start()).set('bare', await startBare())
    for (const cache of caches) servers.set(cache, await startPeer(folder, cache, policies))
    for (const server of servers.values())
      await runLoad(load, server, { connections: 64, seconds: 'once', keys: policies })
    await measured(servers)
  } finally {
    for (const server of servers.values()) await server.stop()
  }
}

interface Prepared {
  readonly folder: string
  readonly load: string
  readonly caches: readonly ('internal' | 'sqlite')[]
  start(): Promise<Server>
}

async function measureHits(folder: string): Promise<Row[]> {
  const store = join(folder, 'store.sqlite')
  const load = compileLoad(folder)
  const { main, made } = compile(folder)
  await fillStore(store, policies)
  const copy = join(folder, 'started.sqlite')
  cpSync(store, copy)
  const rows = [atMost('start to ready / node -e 0', await startRatio(main, copy), goals.start, ' x')]
  if (!hasPeer()) note('postfix-mta-sts-resolver is not installed: it is left out')
  const found = new Map<number, Rounds>([16, 64].map((connections) => [connections, new Map()]))
  const memory: number[] = []
  for (let generation = 0; generation < generations; generation++) {
    // The peer's database takes half a minute to be gone through, and leaves no doubt.
    const caches = !hasPeer() ? [] : generation === 0 ? (['internal', 'sqlite'] as const) : (['internal'] as const)
    await withServers({ folder, load, caches, start: () => startOurs([made], store) }, async (servers) => {
      for (const [connections, all] of found) await measureAll(load, servers, connections, all)
      memory.push(servers.get('ours')?.memory() ?? 0)
      if (generation === 0) noteMemory(servers)
    })
  }
  for (const [connections, all] of found) {
    rows.push(...rowsOf(all, connections))
    noteAll(all, connections)
  }
  const plain = Math.round(await plainMemory(made, store, load))
  note(`ours without the settings of the unit, after ${policies} decisions: ${plain} MB`)
  const what = `resident memory, ${policies} decisions of two hosts each`
  return [...rows, atMost(what, median(memory), goals.megabytes, ' MB')]
}

function noteMemory(servers: Servers): void {
  const texts = [...servers].map(([name, server]) => `${name} ${Math.round(server.memory())} MB`)
  note(`resident memory with ${policies} policies, after the load: ${texts.join(', ')}`)
}

const folder = mkdtempSync(join(tmpdir(), 'waxseal-bench-'))
try {
  report('Policy service, answers from memory', await measureHits(folder))
} finally {
  rmSync(folder, { recursive: true })
}
