import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { maxAge } from './fill-store.ts'
import { type Server, startServer } from './processes.ts'

/** Whether Debian's postfix-mta-sts-resolver is on this machine. */
export function hasPeer(): boolean {
  return spawnSync('mta-sts-daemon', ['--help']).status === 0
}

/** Starts Debian's postfix-mta-sts-resolver with its internal cache or its SQLite cache, full of fresh policies. */
export async function startPeer(folder: string, cache: 'internal' | 'sqlite', policies: number): Promise<Server> {
  const port = await freePort()
  const database = join(folder, 'peer.sqlite')
  if (cache === 'sqlite') fillDatabase(database, policies)
  const options = cache === 'sqlite' ? { filename: database } : { cache_size: 2 * policies }
  const config = join(folder, `peer-${cache}.yml`)
  // JSON is YAML. What is in the cache is not to be looked up again while we measure.
  const zone = { strict_testing: false, timeout: 4, require_sni: true }
  const settings = { host: '127.0.0.1', port, cache_grace: maxAge, cache: { type: cache, options }, default_zone: zone }
  writeFileSync(config, JSON.stringify(settings))
  const args = ['-c', config, '-v', 'error']
  const program = join(import.meta.dirname, 'peer.py')
  return cache === 'sqlite'
    ? startServer('mta-sts-daemon', args, { port })
    : startServer('/usr/bin/python3', [program, String(policies), ...args], { port })
}

function fillDatabase(path: string, policies: number): void {
  const database = new DatabaseSync(path)
  database.exec(`create table sts_policy_cache (domain text, ts integer, pol_id text, pol_body text);
    create unique index sts_policy_domain on sts_policy_cache (domain);
    create index sts_policy_domain_ts on sts_policy_cache (domain, ts);
    begin`)
  const insert = database.prepare('insert into sts_policy_cache values (?, ?, ?, ?)')
  for (let key = 0; key < policies; key++) {
    const body = {
      version: 'STSv1',
      mode: 'enforce',
      max_age: 7 * maxAge,
      mx: [`mx1.d${key}.example`, `mx2.d${key}.example`],
    }
    insert.run(`d${key}.example`, Math.floor(Date.now() / 1000), '1', JSON.stringify(body))
  }
  database.exec('commit')
  database.close()
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}
