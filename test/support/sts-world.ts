import { mkdtempSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { createPkixTrust, type PkixTrust } from '../../src/io/https/pkix-trust.ts'
import { createStsService, type StsService } from '../../src/io/mtasts/sts-service.ts'
import type { StsEvent } from '../../src/io/mtasts/sts-work.ts'
import { openStore } from '../../src/io/store/open-store.ts'
import type { Store, StoreWarning } from '../../src/io/store/store.ts'
import { createAuthority } from './certificates.ts'
import { type FakeNetwork, fakeNetwork } from './fake-network.ts'
import { type FakeResolver, fakeResolver } from './fake-resolver.ts'
import { type MovedClock, movedClock } from './moved-clock.ts'
import { type PolicyHost, startPolicyHost } from './policy-host.ts'

/** A sender's MTA-STS service with a store on disk, and the domains a.example to d.example, whose policy host is real. */
export interface StsWorld {
  readonly host: PolicyHost
  readonly resolver: FakeResolver
  readonly network: FakeNetwork
  readonly clock: MovedClock
  readonly events: StsEvent[]
  readonly warnings: StoreWarning[]
  /** In the authority that issued the certificate of the policy host. */
  readonly trust: PkixTrust
  /** The file of the store. */
  readonly path: string
  readonly store: Store
  readonly service: StsService
  /** What `_mta-sts` says from now on: an id, or how `describeRecord` calls it. */
  publish(record: string, name?: string): void
  /** What the policy host serves from now on; 500 when undefined. */
  serve(body: string | undefined): void
  /** Requests from now on wait for the test; resolves with the first. */
  hold(): Promise<ServerResponse>
  /** How often the record was asked for. */
  lookups(name?: string): number
  /** Ends service and store and starts them anew, as after a restart. */
  restart(): Promise<void>
  /** Runs SQL in the file of the store, as some other program would. */
  tamper(sql: string): void
}

export const day = 86_400
export const hour = 3600

const names = ['a.example', 'b.example', 'c.example', 'd.example']
const start = Date.UTC(2026, 0, 1)
// The machine's clock judges the certificate as well.
const always = { notBefore: new Date(Date.UTC(2020, 0, 1)), notAfter: new Date(Date.UTC(2120, 0, 1)) }
const authority = createAuthority()
const identity = authority.then((issuer) => issuer.issue({ names: names.map((name) => `mta-sts.${name}`), ...always }))

export function policyBody(mode: 'enforce' | 'testing' | 'none', maxAge: number, mx = 'mail.example.com'): string {
  return `version: STSv1\r\nmode: ${mode}\r\nmx: ${mx}\r\nmax_age: ${maxAge}\r\n`
}

export async function startStsWorld(context: TestContext): Promise<StsWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'waxseal-mtasts-'))
  const path = join(directory, 'store.db')
  const host = await startPolicyHost(await identity, (response) => response.writeHead(500).end())
  const trust = createPkixTrust((await authority).pem)
  const records = new Map<string, string>(names.map((name) => [name, 'absent']))
  const resolver = fakeResolver(describe(records))
  const network = fakeNetwork({ '192.0.2.1:443': host.port })
  const clock = movedClock(start)
  const events: StsEvent[] = []
  const warnings: StoreWarning[] = []
  const open = () => {
    const store = openStore(path, { onWarning: (warning) => warnings.push(warning) })
    const onEvent = (event: StsEvent) => events.push(event)
    return { store, service: createStsService({ resolver, network, store, clock, trust, onEvent }) }
  }
  let running = open()
  const stop = async () => {
    await running.service.close()
    await running.store.close()
  }
  context.after(async () => {
    await stop()
    await host.close()
    rmSync(directory, { recursive: true, force: true })
  })
  return {
    ...{ host, resolver, network, clock, events, warnings, path, trust },
    get store() {
      return running.store
    },
    get service() {
      return running.service
    },
    publish: (record, name = 'a.example') => {
      records.set(name, record)
      resolver.setWorld(describe(records))
    },
    serve: (body) => {
      host.answer = (response) =>
        body === undefined
          ? response.writeHead(500).end()
          : response.writeHead(200, { 'content-type': 'text/plain' }).end(body)
    },
    hold: () =>
      new Promise((resolve) => {
        host.answer = resolve
      }),
    lookups: (name = 'a.example') => resolver.asked.filter((asked) => asked === `_mta-sts.${name} TXT`).length,
    restart: async () => {
      await stop()
      running = open()
    },
    tamper: (sql) => {
      const database = new DatabaseSync(path)
      database.exec(sql)
      database.close()
    },
  }
}

function describe(records: ReadonlyMap<string, string>): string {
  const lines = [...records].map(([name, record]) => {
    const address = `insecure mta-sts.${name}. A 192.0.2.1`
    return `${address}\n${describeRecord(`_mta-sts.${name}.`, record)}`
  })
  return lines.join('\n')
}

function describeRecord(owner: string, record: string): string {
  switch (record) {
    case 'absent':
      return ''
    case 'invalid':
      return `insecure ${owner} TXT "v=STSv1; id=;"`
    case 'several':
      return `insecure ${owner} TXT "v=STSv1; id=1;"\ninsecure ${owner} TXT "v=STSv1; id=2;"`
    case 'servfail':
    case 'bogus':
    case 'hangs':
      return `${record} ${owner} TXT`
    default:
      return `insecure ${owner} TXT "v=STSv1; id=${record};"`
  }
}
