// Obtains certificates for names over a stub of an authority, and kills itself at one moment. Says `done` when all are there.
import { readFileSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import type { DomainName } from '../../../src/core/name/domain.ts'
import type { IssuingEvent } from '../../../src/io/acme/issuing-event.ts'
import { createPkixTrust } from '../../../src/io/https/pkix-trust.ts'
import { fakeNetwork } from '../fake-network.ts'
import { fakeResolver } from '../fake-resolver.ts'

export interface KilledRun {
  readonly folder: string
  readonly directory: string
  readonly port: number
  readonly serverRoot: string
  readonly root: string
  readonly aheadMs: number
  /** These first, in peace. */
  readonly before: readonly string[]
  /** Then this one, until the moment: before or after a file takes its place, or before a request. */
  readonly name: string | undefined
  readonly kill:
    | { readonly at: 'before' | 'after'; readonly file: string }
    | { readonly at: 'request'; readonly count: number }
    | undefined
}

const run = JSON.parse(readFileSync(0, 'utf8')) as KilledRun // what our test writes
let isArmed = false
let requests = 0

const die = () => process.kill(process.pid, 'SIGKILL')
const { rename } = promises
promises.rename = async (from, to) => {
  const isIt = isArmed && run.kill !== undefined && 'file' in run.kill && String(to).endsWith(run.kill.file)
  if (isIt && run.kill?.at === 'before') die()
  await rename(from, to)
  if (isIt) die()
}
syncBuiltinESMExports()
// Only now: what it imports binds the names of that module as they are.
const { openAcmeSource } = await import('../../../src/io/acme/acme-source.ts')
const { plenty } = await import('./source.ts')

const network = fakeNetwork({ [`192.0.2.80:${run.port}`]: run.port })
let wake = () => {}
const issued = new Set<string>()
/** Nothing but issuing is expected; a failure would have us wait without end. */
const onEvent = (event: IssuingEvent) => {
  if (event.kind === 'failed') throw new Error(JSON.stringify(event))
  if (event.kind === 'issued') issued.add(event.name)
  wake()
}
const source = await openAcmeSource({
  ...{ folder: run.folder, directory: run.directory, contact: [], agreesToTerms: true },
  clock: { now: () => Date.now() + run.aheadMs },
  resolver: fakeResolver('secure acme.test A 192.0.2.80'),
  network: {
    ...network,
    connectTcp: (endpoint, options) => {
      if (isArmed && run.kill?.at === 'request' && ++requests === run.kill.count) die()
      return network.connectTcp(endpoint, options)
    },
  },
  trust: createPkixTrust(run.serverRoot),
  roots: createPkixTrust(run.root),
  ...{ budget: plenty, challenges: ['http-01'], mayIssue: () => true, onEvent },
  pause: async () => {},
})
/** The last one must be issued now, also where it has a certificate that is to be renewed. */
const has = (name: string) => issued.has(name) || (name !== run.name && source.endOf(name as DomainName) !== undefined)
const issue = async (names: readonly string[]) => {
  source.serve(new Set(names as DomainName[]))
  while (!names.every(has)) {
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
}
await source.read
if (run.before.length > 0) await issue(run.before)
isArmed = run.kill !== undefined
if (run.name !== undefined) await issue([...run.before, run.name])
await source.close()
process.stdout.write('done\n')
