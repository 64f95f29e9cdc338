import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

/** The niceness of each thread of this process, by its number. proc(5) */
function nicenesses(): Map<string, string | undefined> {
  const entries = readdirSync('/proc/self/task').map((thread): [string, string | undefined] => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1')
    return [thread, stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]]
  })
  return new Map(entries)
}

test('one thread lets all others go first', {
  skip: process.platform !== 'linux' && 'threads have no priority',
}, async () => {
  const own = String(getPriority())
  const module = JSON.stringify(new URL('thread-priority.ts', import.meta.url).href)
  const worker = new Worker(
    new URL(
      `data:text/javascript,${encodeURIComponent(`
        import { parentPort } from 'node:worker_threads'
        import { letOthersGoFirst } from ${module}
        parentPort.postMessage(letOthersGoFirst(17))
        parentPort.on('message', () => process.exit())
      `)}`,
    ),
  )
  const isDone = await new Promise((resolve, reject) => {
    worker.on('message', resolve)
    worker.on('error', reject)
  })
  assert.equal(isDone, true)
  const all = nicenesses()
  assert.deepEqual(
    [...all.values()].filter((niceness) => niceness !== own),
    ['17'],
  )
  assert.equal(all.get(String(process.pid)), own)
  await worker.terminate()
})
