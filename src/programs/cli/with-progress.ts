import type { Out } from './out.ts'

/** When a person begins to wonder, and how often the line is drawn anew. */
const patienceMs = 2000
const drawMs = 500

/** Does `work`; when it takes longer than two seconds, shows on a terminal what `describe` says of it. */
export async function withProgress<Value>(
  out: Out,
  describe: (seconds: number) => string,
  work: () => Promise<Value>,
): Promise<Value> {
  if (!out.watched) return work()
  const from = performance.now()
  const timer = setInterval(() => {
    const passed = performance.now() - from
    if (passed >= patienceMs) out.progress(describe(Math.floor(passed / 1000)))
  }, drawMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    out.progress(undefined)
  }
}
