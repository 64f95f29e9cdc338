import assert from 'node:assert/strict'
import { addAbortSignal, PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { DomainName } from '../../core/name/domain.ts'
import { explainList } from './explain-list.ts'
import type { ExplainReport } from './explain-report.ts'
import { createOut } from './out.ts'

const report: Omit<ExplainReport, 'domain'> = {
  ...{
    schema: 'waxseal.explain/1',
    outcome: 'deliver',
    protection: 'none',
    row: 'M5',
    summary: '',
    reasons: [],
    negativeTrustAnchors: [],
  },
  ...{ validUntil: null, mx: null, hosts: [], overrides: [], advice: [] },
  policy: {
    ...{ state: 'none', row: 'S1', mode: null, id: null, mx: [], cached: false, fetchedAt: null, expiresAt: null },
    ...{ reason: null, record: null },
  },
}

async function* listOf(text: string | Uint8Array) {
  yield Buffer.from(text)
}

async function run(
  text: string | Uint8Array,
  explain: (domain: DomainName) => Promise<ExplainReport>,
  signal = new AbortController().signal,
) {
  let written = ''
  const write = (more: string) => {
    written += more
    return true
  }
  const sink = { write, once: () => undefined }
  const out = createOut({ stdout: sink, stderr: sink, environment: {} })
  const status = await explainList(listOf(text), { out, signal, jobs: 3, explain })
  const lines = written.split('\n').slice(0, -1)
  return { status, lines: lines.map((line) => JSON.parse(line)) }
}

test('every domain of a list has its line of JSON, with the number of the line it stood on', async () => {
  const { status, lines } = await run('a.example\n\n# none\nuser@B.Example.\n', async (domain) => ({
    ...report,
    domain,
  }))
  assert.equal(status, 0)
  assert.deepEqual(
    lines.map(({ line, domain, schema }) => [line, domain, schema]),
    [
      [1, 'a.example', 'waxseal.explain/1'],
      [4, 'b.example', 'waxseal.explain/1'],
    ],
  )
})

const hostile: [what: string, line: string | Uint8Array, error: string, input: string | null][] = [
  ['an empty label', 'a..example', 'empty-label', 'a..example'],
  ['an address', '192.0.2.1', 'address-literal', '192.0.2.1'],
  ['an escape sequence', '\x1b[31m.example', 'bad-character', '\x1b[31m.example'],
  ['a lone at sign', 'user@', 'empty', 'user@'],
  ['octets that are no UTF-8', Uint8Array.of(0xc3, 0x28), 'not-utf8', null],
  ['a line without end', 'a'.repeat(5000), 'line-too-long', null],
  ['JSON', '{"domain":"a.example"}', 'bad-character', '{"domain":"a.example"}'],
]
for (const [what, line, error, input] of hostile) {
  test(`a list may hold ${what}: its line says so, and the next is explained`, async () => {
    const list = Buffer.concat([Buffer.from(line), Buffer.from('\nb.example\n')])
    const { status, lines } = await run(list, async (domain) => ({ ...report, domain }))
    assert.equal(status, 65)
    lines.sort((one, other) => one.line - other.line)
    assert.deepEqual(lines[0], { line: 1, schema: 'waxseal.explain/1', input, error })
    assert.equal(lines[1].domain, 'b.example')
  })
}

test('lines come as they are done, and no more are looked at at once than allowed', async () => {
  const waiting = new Map<string, () => void>()
  let most = 0
  const explain = (domain: DomainName) =>
    new Promise<ExplainReport>((resolve) => {
      waiting.set(domain, () => {
        waiting.delete(domain)
        resolve({ ...report, domain })
      })
      most = Math.max(most, waiting.size)
    })
  const all = run('a.example\nb.example\nc.example\nd.example\n', explain)
  const order: string[] = []
  for (let left = 4; left > 0; left--) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    const last = [...waiting.keys()].at(-1) ?? ''
    order.push(last)
    waiting.get(last)?.()
  }
  const { lines } = await all
  assert.equal(most, 3)
  assert.deepEqual(order, ['c.example', 'd.example', 'b.example', 'a.example'])
  assert.deepEqual(
    lines.map(({ domain }) => domain),
    order,
  )
})

test('an interrupted list ends with 130 and says nothing of what was under way', async () => {
  const stopping = new AbortController()
  const explain = async (domain: DomainName) => {
    if (domain === 'b.example') stopping.abort()
    return { ...report, domain }
  }
  const { status, lines } = await run('a.example\nb.example\nc.example', explain, stopping.signal)
  assert.equal(status, 130)
  assert.ok(lines.every(({ domain }) => domain === 'a.example'))
})

test('a list that breaks off is input that cannot be read, after what was read of it', async () => {
  const sink = { write: () => true, once: () => undefined }
  const out = createOut({ stdout: sink, stderr: sink, environment: {} })
  async function* broken() {
    yield Buffer.from('a.example\n')
    throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
  }
  const seen: string[] = []
  const explain = async (domain: DomainName) => {
    seen.push(domain)
    return { ...report, domain }
  }
  const work = { out, signal: new AbortController().signal, jobs: 3, explain }
  await assert.rejects(explainList(broken(), work), {
    ...{ name: 'InputError', code: 'ERR_INPUT', message: 'cannot read the list to its end: i/o error' },
  })
  assert.deepEqual(seen, ['a.example'])
})

test('an interrupt ends a list on which nobody writes any more', async () => {
  const sink = { write: () => true, once: () => undefined }
  const out = createOut({ stdout: sink, stderr: sink, environment: {} })
  const stopping = new AbortController()
  const idle = addAbortSignal(stopping.signal, new PassThrough())
  const work = { out, signal: stopping.signal, jobs: 3, explain: async (domain: DomainName) => ({ ...report, domain }) }
  const ended = explainList(idle, work)
  stopping.abort()
  assert.equal(await ended, 130)
})
