// On the full little disk mounted at the first argument, with `filler` on it: writes policies until one is lost, looks at
// what is there, makes room, and looks again; then has a file of the first release (the second argument) migrated without
// and with room. Prints what came of it as one object.
import { copyFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { DomainName } from '../../src/core/name/domain.ts'
import { openStore } from '../../src/io/store/open-store.ts'
import type { StoredPolicy } from '../../src/io/store/store.ts'

const [, , folder = '', oldest = ''] = process.argv
const path = join(folder, 'store.db')
const filler = join(folder, 'filler')
const store = openStore(path)
const durable: StoredPolicy[] = []
let lost = 0

function policy(number: number, id: string): StoredPolicy {
  const body = `version: STSv1\nmode: enforce\nmx: mail.example\nmax_age: 86400\nx: ${'x'.repeat(2000)}\n`
  const domain = `d${number}.example` as DomainName // such a name by its making
  return { domain, id, body, mode: 'enforce', maxAge: 86_400, fetchedAt: 1, refreshAt: 2 }
}

async function missing(): Promise<number> {
  const found = await Promise.all(durable.map(async ({ domain }) => (await store.policies.find(domain))?.id))
  return found.filter((id) => id === undefined).length
}

for (let number = 0; lost < 20 && number < 2000; number++) {
  const one = policy(number, '1')
  if ((await store.policies.put(one)) === 'durable') durable.push(one)
  else lost++
}
const durableBefore = durable.length
// What is there is not lost by writing it anew in vain.
for (const { domain } of durable.slice(0, 20)) await store.policies.put({ ...policy(0, '2'), domain })
const missingWhileFull = await missing()
rmSync(filler)
const late = policy(5000, '3')
const durableAfter = (await store.policies.put(late)) === 'durable'
durable.push(late)
const missingAfter = await missing()
await store.close()
const database = new DatabaseSync(path)
const integrity = database.prepare('PRAGMA integrity_check').get()?.integrity_check
database.close()

for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
const old = join(folder, 'old.db')
copyFileSync(oldest, old)
writeFileSync(filler, Buffer.alloc(Math.max(0, roomIn() - 8192)))
let migration = 'made without room'
try {
  await openStore(old).close()
} catch (error) {
  migration = String(error instanceof Error ? error.message : error).replace(` "${old}"`, '')
}
rmSync(filler)
const migrated = openStore(old)
const count = (await migrated.policies.list(10)).length
migration += count === 4 ? '; then all there' : `; then ${count} there`
await migrated.close()
process.stdout.write(
  JSON.stringify({ durableBefore, lost, missingWhileFull, durableAfter, missingAfter, integrity, migration }),
)

function roomIn(): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}
