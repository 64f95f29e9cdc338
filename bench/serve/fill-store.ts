import type { DomainName } from '../../src/core/name/domain.ts'
import { openStore } from '../../src/io/store/open-store.ts'

/** A day, for policies and what is known of them. */
export const maxAge = 86_400

/** Puts the policies of d0.example and so on into a store as if they had been fetched just now. */
export async function fillStore(path: string, policies: number): Promise<void> {
  const store = openStore(path)
  const now = Date.now()
  for (let first = 0; first < policies; first += 10_000) {
    const batch = Array.from({ length: Math.min(10_000, policies - first) }, (_, at) => `d${first + at}.example`)
    await Promise.all(
      batch.map((domain) =>
        store.policies.put({
          domain: domain as DomainName, // such a name by its making
          ...{ id: '1', mode: 'enforce', maxAge: 7 * maxAge, fetchedAt: now, refreshAt: now + maxAge * 1000 },
          body: `version: STSv1\nmode: enforce\nmx: mx1.${domain}\nmx: mx2.${domain}\nmax_age: ${7 * maxAge}\n`,
        }),
      ),
    )
  }
  await store.close()
}
