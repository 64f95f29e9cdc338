import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { TYPE } from '../../src/core/dns/types.ts'
import { type CheckResult, makeCheck } from '../../src/core/dnssec/checking.ts'
import { createPolicy } from '../../src/core/dnssec/policy.ts'
import { readZoneKey } from '../../src/core/dnssec/zone-key.ts'
import { limits } from '../../src/core/limits.ts'
import type { CheckThread, StartThread } from '../../src/io/resolver/check-thread.ts'
import { createSpreadChecks } from '../../src/io/resolver/signature-checks.ts'
import { mapRecords, withLastOctetChanged } from '../../src/programs/lab/dns/spoil.ts'
import { show } from './memory-resolver.ts'
import { type Change, engines, signedWorld, verdictOf } from './signed-world.ts'

const world = signedWorld(`
zone alpha.example
zone alpha.example MX 10 mx.alpha.example
zone mx.alpha.example A 203.0.113.1
zone alias.alpha.example CNAME mx.alpha.example
zone *.wild.alpha.example A 203.0.113.3
zone spoilt.alpha.example A 203.0.113.4
zone beta.example denial=nsec3
zone mx.beta.example A 203.0.113.2
zone unsigned.example signed=no
zone mx.unsigned.example A 203.0.113.5
`)

const questions = [
  'alpha.example. MX',
  'mx.alpha.example. A',
  'alias.alpha.example. A',
  'a.wild.alpha.example. A',
  'absent.alpha.example. A',
  'mx.alpha.example. AAAA',
  'spoilt.alpha.example. A',
  'mx.beta.example. A',
  'absent.beta.example. TLSA',
  'mx.unsigned.example. A',
]

/** Signatures over one name's records do not fit. */
const spoil: Change = (message, { question }) => {
  if (question !== 'spoilt.alpha.example. A') return undefined
  const changed = mapRecords({ ...message }, (one) => (one.type === TYPE.RRSIG ? withLastOctetChanged(one) : one))
  return { ...message, ...changed }
}

/** A thread that makes a check some turns of the loop after it was asked for, or cannot. */
function createSlowThread(isAble = true) {
  const policy = createPolicy({ allowSha1: true })
  const made: (CheckResult | undefined)[] = []
  let asked = 0
  let wake: (() => void) | undefined
  const start: StartThread = ({ onNews }): CheckThread => ({
    ask({ key: rdata, data, signature }) {
      asked++
      const key = readZoneKey(rdata)
      assert.ok(key)
      setImmediate(() =>
        setImmediate(() => {
          made.push(isAble ? makeCheck({ key, data, signature, policy }) : undefined)
          wake?.()
          wake = undefined
        }),
      )
      return true
    },
    takeTime() {},
    collect: () => made.splice(0),
    waitForNext() {
      if (made.length > 0) return false
      wake = onNews
      return true
    },
    close: async () => {},
  })
  return { start, asked: () => asked }
}

/** As when more lookups wait than there are. */
const pace = { hasOthers: false, waiting: limits.resolver.waitingUntilSpread, take: () => undefined }

function spreadResolver(t: TestContext, engine: (typeof engines)[number], isAble?: boolean) {
  const thread = createSlowThread(isAble)
  const checks = createSpreadChecks({ pace, processors: 2, startThread: thread.start })
  const resolver = world.resolver(engine, spoil, { checks })
  t.after(() => resolver.close())
  return { ...resolver, thread }
}

for (const engine of engines) {
  for (const isAble of [true, false]) {
    const thread = isAble ? 'another thread that makes the checks' : 'another thread that can make none'
    test(`DNSSEC-62 ${engine}: with ${thread}, all lookups come to the same`, async (t) => {
      const alone = world.resolver(engine, spoil)
      t.after(() => alone.close())
      const expected = await Promise.all(questions.map((question) => alone.ask(question)))
      assert.ok(expected.some((one) => show(one) === 'failure bogus'))
      assert.ok(expected.filter((one) => verdictOf(one) === 'secure').length > 5)
      const spread = spreadResolver(t, engine, isAble)
      const found = await Promise.all(questions.map((question) => spread.ask(question)))
      assert.deepEqual(found.map(show), expected.map(show))
      assert.deepEqual(found.map(verdictOf), expected.map(verdictOf))
      assert.ok(spread.thread.asked() > questions.length)
    })
  }

  test(`RES-47 ${engine}: who gives up while another thread checks spoils nothing for who asks next`, async (t) => {
    const { ask, thread } = spreadResolver(t, engine)
    const stop = new AbortController()
    const given = ask('mx.alpha.example. A', { signal: stop.signal })
    while (thread.asked() < 3) await new Promise((resolve) => setImmediate(resolve))
    stop.abort()
    assert.equal(show(await given), 'failure aborted')
    assert.equal(verdictOf(await ask('mx.alpha.example. A')), 'secure')
  })

  test(`RES-47 ${engine}: closing ends lookups whose signatures are being checked`, async (t) => {
    const { ask, close, thread } = spreadResolver(t, engine)
    const all = questions.map((question) => ask(question))
    while (thread.asked() < 3) await new Promise((resolve) => setImmediate(resolve))
    await close()
    assert.deepEqual(new Set((await Promise.all(all)).map(show)), new Set(['failure aborted']))
  })
}
