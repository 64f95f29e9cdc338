// Writes to the store named in the first argument until it is killed or cannot: policies and overrides of always the same
// names, with the number in the second argument as their id and reason. Prints `opening`, then each name once its row is
// durable, behind `policy` or `override`; `lost` when a write was, and then waits for a line on standard input.
import { once } from 'node:events'
import type { DomainName } from '../../src/core/name/domain.ts'
import { openStore } from '../../src/io/store/open-store.ts'

const [, , path = '', id = '', padding = '0'] = process.argv
process.stdout.write('opening\n')
const store = openStore(path)
const fetchedAt = 1_900_000_000_000 + Number(id)

async function writePolicy(domain: DomainName): Promise<string> {
  const body = `version: STSv1\nmode: enforce\nmx: mail.${domain}\nmax_age: 86400\nx: ${'x'.repeat(Number(padding))}\n`
  const policy = { domain, id, body, mode: 'enforce', maxAge: 86_400, fetchedAt, refreshAt: fetchedAt } as const
  const { policies } = store
  const number = Number(/\d+/.exec(domain)?.[0])
  const written = number % 2 === 0 ? await policies.put(policy) : await policies.putIfNewer(policy)
  if (written === 'durable') await policies.postpone(domain, fetchedAt + 1)
  return written
}

async function writeOverride(name: DomainName): Promise<string> {
  const target = { domain: { name, below: false }, host: undefined }
  const by = { reason: id, author: 'writer' }
  if (Number(id) % 3 === 2) await store.overrides.remove(target, { ...by, at: fetchedAt })
  const rule = { kind: 'require', level: 'dane' } as const
  return store.overrides.put({ target, rule, ...by, createdAt: fetchedAt, expiresAt: undefined })
}

async function writeFrom(start: number): Promise<void> {
  for (let number = start; ; number += 16) {
    const domain = `d${number}.example` as DomainName // such a name by its making
    const isOverride = start === 0
    const written = await (isOverride ? writeOverride(domain) : writePolicy(domain))
    if (written === 'lost') {
      process.stdout.write('lost\n')
      await once(process.stdin, 'data')
    } else process.stdout.write(`${isOverride ? 'override' : 'policy'} ${domain}\n`)
  }
}

await Promise.all(Array.from({ length: 16 }, (_, start) => writeFrom(start)))
