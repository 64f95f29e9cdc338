import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concerns } from './watch-files.ts'

const config = { names: new Set(['host.toml', 'list']), ending: undefined }
const policies = { names: new Set<string>(), ending: '.txt' }

const cases: [what: string, watched: typeof config | typeof policies, file: string | null, isNews: boolean][] = [
  ['the configuration', config, 'host.toml', true],
  ['a list of domains', config, 'list', true],
  ['a log beside it', config, 'host.log', false],
  ['a draft beside it', config, 'host.toml.swp', false],
  ['a policy', policies, 'example.org.txt', true],
  ['a draft of a policy', policies, '.example.org.txt.swp', false],
  ['a folder that is swapped as a whole', config, '..data', true],
  ['a name that the system does not tell', config, null, true],
]
for (const [what, watched, file, isNews] of cases)
  test(`news of ${what} ${isNews ? 'have' : 'do not have'} everything read again`, () => {
    assert.equal(concerns(watched, file), isNews)
  })
