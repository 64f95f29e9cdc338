import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { nameOfDomain } from '../../core/name/domain.ts'
import type { Survey } from '../../io/resolver/all-servers.ts'
import { createHostSurveys } from './host-surveys.ts'

const asked: Survey = { kind: 'asked', zone: nameOfDomain(domain('example')), servers: [], left: 0 }
const failed: Survey = { kind: 'failed', trouble: { why: 'timeout', reason: 'nobody answers', ede: 0 } as never }
const question = { name: nameOfDomain(domain('mx.example')), type: TYPE.A }

/** Surveys that end when the test says so. */
function makeSurveys() {
  const clock = { time: 0, now: () => clock.time }
  const under: ((survey: Survey) => void)[] = []
  const surveys = createHostSurveys({ survey: () => new Promise((resolve) => void under.push(resolve)) }, clock)
  return { clock, under, surveys }
}

test('the servers of a host are asked once for all who ask at once, and for those who come later', async () => {
  const { clock, under, surveys } = makeSurveys()
  const both = [surveys.survey(question), surveys.survey(question)]
  assert.equal(under.length, 1)
  under[0]?.(asked)
  assert.deepEqual(await Promise.all(both), [asked, asked])
  clock.time = limits.probe.resultKeptMs - 1
  assert.equal(await surveys.survey(question), asked)
  assert.equal(under.length, 1)
  void surveys.survey({ ...question, type: TYPE.AAAA })
  assert.equal(under.length, 2, 'another question is another matter')
  clock.time = limits.probe.resultKeptMs
  void surveys.survey(question)
  assert.equal(under.length, 3, 'what is old is asked anew')
})

test('what failed is asked again', async () => {
  const { under, surveys } = makeSurveys()
  const first = surveys.survey(question)
  under[0]?.(failed)
  assert.equal((await first).kind, 'failed')
  void surveys.survey(question)
  assert.equal(under.length, 2)
})

test('who gives up waits no longer, and others go on waiting', async () => {
  const { under, surveys } = makeSurveys()
  const giving = new AbortController()
  const [one, other] = [surveys.survey(question, { signal: giving.signal }), surveys.survey(question)]
  giving.abort(new Error('enough'))
  await assert.rejects(one, /enough/)
  under[0]?.(asked)
  assert.equal(await other, asked)
})
