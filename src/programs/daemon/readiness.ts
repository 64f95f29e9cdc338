import { TYPE } from '../../core/dns/types.ts'
import { rootName } from '../../core/name/name.ts'
import type { Resolver } from '../../io/resolver/resolver.ts'

/** Whether questions can be answered. The store is open, or there would be no service. */
export interface Readiness {
  /** Undefined when ready, else why not, in one line without a full stop. */
  readonly whyNot: string | undefined
  /** Tries again, until it went well once; to be called every second or so. */
  tick(): void
  close(): void
}

/** Ready once the resolver has said something of the root, which every zone hangs on. `onReady` is told once. */
export function createReadiness(resolver: Resolver, onReady: (text: string) => void): Readiness {
  const closing = new AbortController()
  let whyNot: string | undefined = 'the resolver has not answered yet'
  let isAsking = false

  const ask = async () => {
    const { signal } = closing
    const found = await resolver.resolve(rootName, TYPE.SOA, { signal })
    if (signal.aborted) return
    if (found.kind === 'failure') {
      whyNot = `the resolver does not answer: ${found.reason}`
      return
    }
    whyNot = undefined
    onReady(`ready: the root is ${found.status}`)
  }
  const tick = () => {
    if (whyNot === undefined || isAsking || closing.signal.aborted) return
    isAsking = true
    const done = () => {
      isAsking = false
    }
    ask().then(done, done) // only a closed resolver rejects
  }
  tick()
  return {
    get whyNot() {
      return whyNot
    },
    tick,
    close: () => closing.abort(),
  }
}
