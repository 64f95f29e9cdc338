import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { domain } from '../../../test/support/domain.ts'
import { mxPatterns } from '../../../test/support/mx-patterns.ts'
import { limits } from '../../core/limits.ts'
import { uniquePatterns } from '../../core/publish/sts-policy.ts'
import { rampStages, wayOutStages } from '../../core/publish/sts-stages.ts'
import { newState, publish, type StsState } from '../../core/publish/sts-state.ts'
import { openStsStateFile } from './sts-state-file.ts'
import { formatStsState, parseStsState } from './sts-state-text.ts'

const folder = mkdtempSync(join(tmpdir(), 'waxseal-sts-state-'))
after(() => rmSync(folder, { recursive: true }))

const own = domain('example.org')
const pause = async () => {}
const mx = [{ name: domain('mx.example.org'), wildcard: false }]
const state = publish(newState(own), { mode: 'testing', maxAge: 86_400, mx }, undefined, 1000)

const moments = fc.option(fc.nat(), { nil: undefined })
const plain = { noNullPrototype: true }
const states: fc.Arbitrary<StsState> = fc.record(
  {
    domain: fc.constant(own),
    stage: fc.option(fc.constantFrom(...rampStages, ...wayOutStages), { nil: undefined }),
    ...{ liveAt: moments, adoptedAt: moments, goneAt: moments, recordTtl: fc.nat() },
    served: fc.array(
      fc.record(
        {
          ...{ id: fc.stringMatching(/^[A-Za-z0-9]{1,32}$/), mode: fc.constantFrom('testing', 'enforce') },
          ...{ maxAge: fc.nat({ max: limits.sts.maxAge }), from: fc.nat(), until: moments },
          mx: fc.array(mxPatterns, { minLength: 1, maxLength: 4 }).map(uniquePatterns),
        },
        plain,
      ),
      { maxLength: 5 },
    ),
  },
  plain,
)

test('what is written is what is read', () => {
  fc.assert(
    fc.property(states, (one) => assert.deepEqual(parseStsState(formatStsState(one)), { ok: true, value: one })),
  )
})

const text = formatStsState(state)
const refused: [what: string, text: string, fault: string][] = [
  ['half a file', text.slice(0, 100), 'damaged'],
  ['an empty file', '', 'damaged'],
  ['something else', '{"schema":"waxseal.rollover/1"}', 'not-ours'],
  ['a list', '[]', 'not-ours'],
  ['a later release', text.replace('waxseal.sts/1', 'waxseal.sts/2'), 'other-version'],
  ['a field too many', text.replace('"domain"', '"more": 1, "domain"'), 'damaged'],
  ['a mode that there is not', text.replace('"testing"', '"report"'), 'damaged'],
  ['a policy without hosts', text.replace('"mx.example.org"', ''), 'damaged'],
  ['a host that is none', text.replace('mx.example.org', 'mx example'), 'damaged'],
  ['a domain in capitals', text.replace('"example.org"', '"Example.org"'), 'damaged'],
  ['an id that nobody may have', text.replace(/"id": "/, '"id": "-'), 'damaged'],
]
for (const [what, given, fault] of refused) {
  test(`a state is refused for ${what}`, () => {
    const read = parseStsState(given)
    assert.deepEqual([read.ok, !read.ok && read.fault], [false, fault])
  })
}

test('a file is made, kept, and left alone when it cannot be used', async () => {
  const path = join(folder, 'deep', 'example.org.json')
  const file = openStsStateFile(path, own, pause)
  assert.deepEqual(file.read(), newState(own))
  const release = await file.lock()
  await file.write(state)
  release?.()
  assert.deepEqual(openStsStateFile(path, own, pause).read(), state)
  assert.throws(() => openStsStateFile(path, domain('example.net'), pause).read(), /it is that of example\.org/)
  writeFileSync(path, 'half')
  assert.throws(() => file.read(), /cannot use the state .*: it is damaged; it was left as it is/)
  assert.equal(readFileSync(path, 'utf8'), 'half')
})

test('one run at a time: another waits, and gives up after its time', async () => {
  const path = join(folder, 'locked.json')
  const release = await openStsStateFile(path, own, pause).lock()
  let waits = 0
  const other = openStsStateFile(path, own, async () => {
    waits += 1
  })
  assert.equal(await other.lock(), undefined)
  assert.equal(waits, limits.stsWays.lockMs / limits.stsWays.lockPollMs)
  release?.()
  const again = await other.lock()
  assert.ok(again)
  again()
})
