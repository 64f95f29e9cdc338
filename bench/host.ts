// Hosting of policies for 10,000 domains beside a bare node:https server, and 10,000 certificates beside one, round by round.
// Needs two processors and taskset.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeCertificates, writeOne } from './host/certificates.ts'
import { atLeast, atMost, median, note, type Row, report } from './report.ts'
import { type Server, startServer } from './serve/processes.ts'

const domains = 10_000
const rounds = 5
const sizes = { keep: { connections: 16, requests: 8000 }, new: { connections: 16, requests: 600 } } as const
const goals = { bare: 0.8, names: 1.1, startSeconds: 2, grown: 1.1 } as const

const root = join(import.meta.dirname, '..')
const node = process.execPath
const ports = { bare: 29_441, one: 29_442, each: 29_443 }
const env = {
  ...{ PATH: process.env.PATH, HOME: '/nonexistent' },
  ...{ NODE_OPTIONS: '--max-semi-space-size=8', MALLOC_ARENA_MAX: '1' },
}

type Mode = keyof typeof sizes

/** Microseconds of the server's CPU time for one answer: what it is busy with while others wait. */
function measure(server: Server, mode: Mode, asked: number): number {
  const { connections, requests } = sizes[mode]
  const before = server.cpu()
  load(server, mode, { connections, requests, asked })
  return (server.cpu() - before) / requests
}

interface Size {
  readonly connections: number
  readonly requests: number
  /** Domains that are asked for. */
  readonly asked: number
}

function load({ port }: Server, mode: Mode | 'each', { connections, requests, asked }: Size): void {
  const args = [port, connections, requests, asked].map(String)
  execFileSync('taskset', ['-c', '1', node, join(root, 'bench/host/load.ts'), ...args, mode], { env })
}

function startOurs(folder: string, port: number, certificate: string): Promise<Server> {
  const file = join(folder, `${port}.toml`)
  const names = Array.from({ length: domains }, (_, number) => `d${number}.example`)
  writeFileSync(join(folder, 'domains'), names.join('\n'))
  const profile = 'mode = "enforce"\nmx = "mx.example.org"\nmax-age = 1209600\ndomains-file = "domains"\n'
  const pair = `chain = "${certificate}.crt"\nkey = "${certificate}.key"\n`
  writeFileSync(file, `https = "127.0.0.1:${port}"\n[[certificate]]\n${pair}[profile.all]\n${profile}`)
  return startServer(node, [join(root, 'src/programs/cli/main.ts'), 'sts', 'host', file], { port, env })
}

type Rounds = ReadonlyMap<string, readonly number[]>

/** All servers in turn, round after round: what slows the machine down slows all of them. */
function measureAll(servers: ReadonlyMap<string, Server>, mode: Mode): Rounds {
  const found = new Map<string, number[]>([...servers.keys()].map((name) => [name, []]))
  const asked = (name: string) => (name === 'one' ? 1 : domains)
  for (const [name, server] of servers) measure(server, mode, asked(name))
  for (let round = 0; round < rounds; round++) {
    for (const [name, server] of servers) found.get(name)?.push(measure(server, mode, asked(name)))
  }
  for (const [name, list] of found) note(`${name}, ${mode}: ${median(list).toFixed(0)} us CPU an answer`)
  return found
}

function ratio(found: Rounds, over: string, under: string): number {
  const [some = [], others = []] = [found.get(over), found.get(under)]
  return median(some.flatMap((one, round) => (others[round] === undefined ? [] : [one / others[round]])))
}

const all: Size = { connections: sizes.new.connections, requests: domains, asked: domains }
const folder = mkdtempSync(join(tmpdir(), 'waxseal-bench-host-'))
const servers = new Map<string, Server>()
try {
  const certificates = join(folder, 'certificates')
  mkdirSync(certificates)
  const hosts = Array.from({ length: domains }, (_, number) => `mta-sts.d${number}.example`)
  await writeCertificates(certificates, hosts)
  const one = join(folder, 'one')
  await writeOne(one, hosts.slice(0, 1))
  const bareArgs = [join(root, 'bench/host/bare-server.ts'), String(ports.bare), `${one}.crt`, `${one}.key`]
  servers.set('bare', await startServer(node, bareArgs, { port: ports.bare, env }))
  servers.set('one', await startOurs(folder, ports.one, one))
  const each = await startOurs(folder, ports.each, join(certificates, '{host}'))
  servers.set('each', each)
  const started = each.memory()
  load(each, 'each', all)
  const filled = each.memory()
  const keep = measureAll(servers, 'keep')
  const anew = measureAll(servers, 'new')
  load(each, 'each', all)
  note(
    `memory: ${started} MB at the start, ${filled} MB with all contexts, ${each.memory()} MB after all was asked again`,
  )
  const rows: Row[] = [
    atLeast('keep-alive: answers a second of CPU / bare node:https', ratio(keep, 'bare', 'each'), goals.bare, ' x'),
    atLeast('new connections: the same', ratio(anew, 'bare', 'each'), goals.bare, ' x'),
    atMost('new connections: CPU, 10,000 certificates / one', ratio(anew, 'each', 'one'), goals.names, ' x'),
    atMost('seconds from start to the first connection', each.readyMs / 1000, goals.startSeconds, ' s'),
    atMost('memory when all is asked again / once', each.memory() / filled, goals.grown, ' x'),
  ]
  report('sts host, 10,000 domains and certificates', rows)
} finally {
  for (const server of servers.values()) await server.stop()
  rmSync(folder, { recursive: true })
}
