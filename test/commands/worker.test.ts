import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { WorkerFindings } from './worker.ts'

/** What a thread found, and the status it ended with by itself. */
async function inThread(domain: string): Promise<{ readonly findings: WorkerFindings; readonly status: number }> {
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: domain })
  const ended = once(worker, 'exit')
  const [findings] = await once(worker, 'message')
  const [status] = await ended
  return { findings, status }
}

test('RES-41 RES-47: the library works in threads of their own, several at once, and lets each of them end', async () => {
  const domains = ['one.example', 'two.example']
  const all = await Promise.all(domains.map(inThread))
  for (const [at, { findings, status }] of all.entries()) {
    assert.deepEqual(findings, {
      records: [`${domains[at]}. 3600 IN MX 10 mx.${domains[at]}.`],
      status: 'secure',
      denial: 'nxdomain secure',
      decision: 'deliver dane',
      aborted: 'aborted',
    })
    assert.equal(status, 0)
  }
})
