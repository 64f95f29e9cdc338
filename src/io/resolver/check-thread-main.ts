// The program of a thread that makes signature checks for another, until that ends it.
import { parentPort, workerData } from 'node:worker_threads'
import { makeCheck } from '../../core/dnssec/checking.ts'
import { createPolicy } from '../../core/dnssec/policy.ts'
import { readZoneKey } from '../../core/dnssec/zone-key.ts'
import { type CheckRing, openMakingEnd } from './check-ring.ts'

// What is supported has been decided by who asks.
const policy = createPolicy({ allowSha1: true })

const end = openMakingEnd(
  workerData as CheckRing, // as it was given to the thread
  ({ key: rdata, data, signature }) => {
    const key = readZoneKey(rdata)
    if (key === undefined) return undefined
    try {
      return makeCheck({ key, data, signature, policy })
    } catch {
      return undefined // no word on the signature
    }
  },
  () => parentPort?.postMessage(null),
)

for (;;) {
  end.waitForMore()
  end.makeAll()
}
