import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRegistry } from './registry.ts'

test('a counter shows every combination of its labels from the start, and folds what is unknown', async () => {
  const registry = createRegistry()
  const counter = registry.counter({ name: 'a_total', help: 'Counts.' }, [
    ['one', ['x', 'y']],
    ['two', ['z']],
  ])
  counter.add('x', 'z')
  counter.add('x', 'z')
  counter.add('from a stranger"}', 'z')
  assert.equal(
    await registry.write(),
    '# HELP a_total Counts.\n# TYPE a_total counter\n' +
      'a_total{one="x",two="z"} 2\na_total{one="y",two="z"} 0\na_total{one="other",two="z"} 1\n',
  )
  for (let at = 0; at < 1000; at++) counter.add(`name${at}`, `name${at}`)
  assert.equal((await registry.write()).split('\n').length, 7, 'strangers make no series')
})

test('buckets of a histogram count all that is no more than their bounds', async () => {
  const registry = createRegistry()
  const histogram = registry.histogram({ name: 'h_seconds', help: 'Takes.' }, ['why', ['asked']], [0.1, 1])
  for (const seconds of [0.1, 0.5, 7]) histogram.observe('asked', seconds)
  histogram.observe('unknown', 1)
  assert.equal(
    await registry.write(),
    '# HELP h_seconds Takes.\n# TYPE h_seconds histogram\n' +
      'h_seconds_bucket{why="asked",le="0.1"} 1\nh_seconds_bucket{why="asked",le="1"} 2\n' +
      'h_seconds_bucket{why="asked",le="+Inf"} 3\nh_seconds_sum{why="asked"} 7.6\nh_seconds_count{why="asked"} 3\n',
  )
})

test('a reading is taken when somebody looks, is left out when there is none, and is escaped', async () => {
  const registry = createRegistry()
  let value: number | undefined = 1
  registry.reading({ name: 'g', help: 'Has \\ and\nlines.', type: 'gauge' }, () => value)
  registry.reading({ name: 'b', help: 'Built.', type: 'gauge' }, async () => [{ labels: { v: 'a"\\\n' }, value: 1 }])
  assert.match(await registry.write(), /^# HELP g Has \\\\ and\\nlines\.\n# TYPE g gauge\ng 1\n/)
  assert.match(await registry.write(), /^b\{v="a\\"\\\\\\n"\} 1$/m)
  value = undefined
  assert.doesNotMatch(await registry.write(), /^(?:# \w+ )?g /m)
})
