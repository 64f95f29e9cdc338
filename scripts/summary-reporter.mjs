// Prints what failed and a closing count: the names of a thousand passing tests help nobody.
import { relative } from 'node:path'

/** Reporter of node:test: one block a failure, then totals. */
export async function* reporter(source) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for await (const { type, data } of source) {
    if (type === 'test:pass' && data.details?.type !== 'suite') count(counts, data)
    if (type === 'test:fail' && !isParentOfFailure(data)) {
      counts.failed++
      yield describeFailure(data)
    }
    if (type === 'test:diagnostic' && data.level === 'warn') yield `note: ${data.message}\n`
    if (type === 'test:stderr' || type === 'test:stdout') yield data.message
  }
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
  yield `\n${counts.passed} passed, ${counts.failed} failed${skipped}\n`
}

function count(counts, data) {
  if (data.skip !== undefined && data.skip !== false) counts.skipped++
  else counts.passed++
}

function isParentOfFailure(data) {
  return data.details?.error?.failureType === 'subtestsFailed'
}

function describeFailure(data) {
  const where = data.file === undefined ? '' : `${relative(process.cwd(), data.file)}:${data.line ?? ''}\n`
  const error = data.details.error.cause ?? data.details.error
  return `\nFAILED ${data.name}\n${where}${error?.stack ?? String(error)}\n`
}

// node:test asks for a default export; the name above serves everybody else.
export { reporter as default }
