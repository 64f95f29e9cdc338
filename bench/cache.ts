// Memory of what is cached, and warm questions beside Unbound's. Needs unbound, nsd, ldnsutils and dnsperf from Debian.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { TYPE } from '../src/core/dns/types.ts'
import { createPolicy } from '../src/core/dnssec/policy.ts'
import { systemClock } from '../src/io/clock.ts'
import { fixedAnchors } from '../src/io/resolver/anchor-source.ts'
import type { Resolver } from '../src/io/resolver/resolver.ts'
import { createValidatingResolver } from '../src/io/resolver/validating-resolver.ts'
import { openStage, type Stage, signZone, waitForPort } from '../test/interop/servers.ts'
import { createHostZone, type HostZone } from './cached-rrsets.ts'
import { atLeast, atMost, median, note, report } from './report.ts'

const goal = { megabytes: 150, ratio: 5 }
const rrsets = 100_000
const hosts = 2000
const rounds = 5

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function createResolver({ upstream, anchors }: HostZone): Resolver {
  return createValidatingResolver({
    upstream,
    anchors: fixedAnchors(anchors),
    policy: createPolicy(),
    clock: systemClock,
  })
}

/** Asks once for the address of every host, so that it is cached. */
async function fill(resolver: Resolver, zone: HostZone, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const resolution = await resolver.resolve(zone.host(index), TYPE.A)
    if (resolution.kind !== 'answer' || resolution.status !== 'secure') throw new Error(`host ${index} is not secure`)
  }
}

/** Resident memory but for the young generation, which V8 makes as large as it likes for whatever is short-lived. */
function residentMegabytes(): number {
  collectGarbage()
  collectGarbage()
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
  return (process.memoryUsage.rss() - (young?.physical_space_size ?? 0)) / 1e6
}

async function measureMemory(): Promise<number> {
  const zone = createHostZone(rrsets)
  await fill(createResolver(zone), zone, 1000) // compiles what is needed
  const resolver = createResolver(zone)
  const before = residentMegabytes()
  await fill(resolver, zone, rrsets)
  const after = residentMegabytes()
  const first = await resolver.resolve(zone.host(0), TYPE.A)
  if (first.kind !== 'answer' || !first.evidence.cached) throw new Error('the first is no longer cached')
  await resolver.close()
  return after - before
}

/** CPU time of this process for one warm question, in microseconds. */
async function measureWarm(resolver: Resolver, zone: HostZone): Promise<number> {
  const names = Array.from({ length: hosts }, (_, index) => zone.host(index))
  const passes = 250
  const before = process.cpuUsage()
  for (let pass = 0; pass < passes; pass++) {
    for (const name of names) await resolver.resolve(name, TYPE.A)
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / (passes * hosts)
}

/** An Unbound that validates the same kind of zone, as NSD serves it. */
async function startUnbound(stage: Stage): Promise<{ readonly pid: number; readonly port: number }> {
  const [nsdPort, port] = [await freePort(), await freePort()]
  const soa = 'example. 86400 IN SOA ns1 hostmaster 1 3600 600 86400 300\n'
  const ns = '@ 86400 IN NS ns1\n@ 86400 IN NS ns2\nns1 86400 IN A 127.0.0.1\nns2 86400 IN A 127.0.0.1\n'
  const addresses = Array.from({ length: hosts }, (_, index) => `host${index} 86400 IN A 192.0.2.1\n`)
  const text = `$ORIGIN example.\n${soa}${ns}${addresses.join('')}`
  const { file, ds } = signZone(stage, 'example.', text, { algorithm: 'ECDSAP256SHA256' })
  const path = (name: string) => join(stage.folder, name)
  writeFileSync(path('nsd.conf'), nsdConfig(stage.folder, file, nsdPort))
  writeFileSync(path('anchors'), ds)
  writeFileSync(path('unbound.conf'), unboundConfig(stage.folder, { port, nsdPort }))
  stage.start('/usr/sbin/nsd', ['-d', '-c', path('nsd.conf')])
  await waitForPort('127.0.0.1', nsdPort)
  const { pid } = stage.start('/usr/sbin/unbound', ['-d', '-c', path('unbound.conf')])
  await waitForPort('127.0.0.1', port)
  if (pid === undefined) throw new Error('unbound cannot be started')
  return { pid, port }
}

function nsdConfig(folder: string, file: string, port: number): string {
  return `server:
  ip-address: 127.0.0.1
  port: ${port}
  zonesdir: "${folder}"
  pidfile: "${folder}/nsd.pid"
  xfrdfile: "${folder}/xfrd"
  zonelistfile: "${folder}/zonelist"
  xfrdir: "${folder}"
  database: ""
  username: ""
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "example."
  zonefile: "${file}"
`
}

function unboundConfig(folder: string, { port, nsdPort }: { readonly port: number; readonly nsdPort: number }): string {
  return `server:
  interface: 127.0.0.1
  port: ${port}
  num-threads: 1
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: "${folder}/unbound.pid"
  use-syslog: no
  logfile: ""
  do-not-query-localhost: no
  module-config: "validator iterator"
  trust-anchor-file: "${folder}/anchors"
  trust-anchor-signaling: no
remote-control:
  control-enable: no
stub-zone:
  name: "example."
  stub-addr: 127.0.0.1@${nsdPort}
`
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** CPU time of Unbound's only thread for one question from its cache, in microseconds. */
function measureUnbound({ pid, port }: { readonly pid: number; readonly port: number }, questions: string): number {
  const cpu = () => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1000
  const before = cpu()
  const args = ['-s', '127.0.0.1', '-p', String(port), '-d', questions, '-l', '2', '-q', '100']
  const printed = execFileSync('dnsperf', args, { encoding: 'utf8' })
  const completed = Number(/Queries completed:\s+(\d+)/.exec(printed)?.[1])
  const good = Number(/NOERROR (\d+)/.exec(printed)?.[1])
  if (!(completed > 0) || good !== completed) throw new Error(`dnsperf got no answers:\n${printed}`)
  return (cpu() - before) / completed
}

async function compareWarm(): Promise<{ readonly ours: number[]; readonly theirs: number[] }> {
  const stage = openStage()
  const zone = createHostZone(hosts)
  const resolver = createResolver(zone)
  try {
    const unbound = await startUnbound(stage)
    const questions = join(stage.folder, 'questions')
    writeFileSync(questions, Array.from({ length: hosts }, (_, index) => `host${index}.example. A\n`).join(''))
    await fill(resolver, zone, hosts)
    measureUnbound(unbound, questions)
    await measureWarm(resolver, zone)
    const ours: number[] = []
    const theirs: number[] = []
    for (let round = 0; round < rounds; round++) {
      theirs.push(measureUnbound(unbound, questions))
      ours.push(await measureWarm(resolver, zone))
    }
    return { ours, theirs }
  } finally {
    await resolver.close()
    await stage.stop()
  }
}

const { ours, theirs } = await compareWarm()
const ratio = median(theirs.map((time, round) => time / (ours[round] ?? Number.NaN)))
const megabytes = await measureMemory()
report('The cache', [
  atLeast('warm questions per second and core / of Unbound over UDP', ratio, goal.ratio, ' x'),
  atMost(`memory for ${rrsets} cached RRsets`, megabytes, goal.megabytes, ' MB'),
])
note(`CPU of a warm question: ${median(ours).toFixed(2)} us in process, ${median(theirs).toFixed(2)} us in Unbound`)
