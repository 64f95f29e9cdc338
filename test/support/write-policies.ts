// Writes policies with the id in the second argument to the store named in the first until it is killed: always the same
// domains from d0.example on. Prints `opening`, and each domain once its policy is durable.
import type { DomainName } from '../../src/core/name/domain.ts'
import { openStore } from '../../src/io/store/open-store.ts'

const [, , path = '', id = ''] = process.argv
process.stdout.write('opening\n')
const store = openStore(path)

async function writeFrom(start: number): Promise<never> {
  for (let number = start; ; number += 16) {
    const domain = `d${number}.example` as DomainName // such a name by its making
    const written = await store.policies.put({
      domain,
      id,
      body: `version: STSv1\nmode: enforce\nmx: mail.${domain}\nmax_age: 86400\n`,
      mode: 'enforce',
      maxAge: 86_400,
      fetchedAt: number,
      refreshAt: number,
    })
    if (written === 'durable') process.stdout.write(`${domain}\n`)
  }
}

await Promise.all(Array.from({ length: 16 }, (_, start) => writeFrom(start)))
