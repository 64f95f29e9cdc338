import type { TestContext } from 'node:test'
import { type AcmeSource, type AcmeSourceOptions, openAcmeSource } from '../../../src/io/acme/acme-source.ts'
import type { IssuingEvent } from '../../../src/io/acme/issuing-event.ts'
import { createPkixTrust } from '../../../src/io/https/pkix-trust.ts'
import type { AcmeWorld } from './client.ts'

export interface SourceUnderTest {
  readonly source: AcmeSource
  readonly events: IssuingEvent[]
  /** Resolves with the next event of the kind that has not been waited for yet. */
  next<Kind extends IssuingEvent['kind']>(kind: Kind): Promise<IssuingEvent & { kind: Kind }>
}

/** What there is in events, as they come, for tests that wait for one. */
export function eventQueue(): Pick<SourceUnderTest, 'events' | 'next'> & { tell(event: IssuingEvent): void } {
  const events: IssuingEvent[] = []
  const unread: IssuingEvent[] = []
  let wake = () => {}
  return {
    events,
    tell(event) {
      events.push(event)
      unread.push(event)
      wake()
    },
    async next<Kind extends IssuingEvent['kind']>(kind: Kind) {
      for (;;) {
        const at = unread.findIndex((event) => event.kind === kind)
        if (at >= 0) return unread.splice(at, 1)[0] as IssuingEvent & { kind: Kind } // it was looked for
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

export const plenty = { perHour: 1000, perDay: 10_000, perWeek: 10_000, atOnce: 4 }

/** A source over the stub of a world, closed with the test. */
export async function openSource(
  context: TestContext,
  { options, stub }: AcmeWorld,
  change: Partial<AcmeSourceOptions> = {},
): Promise<SourceUnderTest> {
  const { events, next, tell } = eventQueue()
  const source = await openAcmeSource({
    ...options,
    roots: createPkixTrust(stub.root),
    ...{ budget: plenty, challenges: ['http-01'], mayIssue: () => true, onEvent: tell, lockMs: 0 },
    ...change,
  })
  context.after(() => source.close())
  return { source, events, next }
}
