import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defer } from '../../core/lines/reply.ts'
import { shelve, unshelve } from './compact-view.ts'
import { framed } from './postfix-answers.ts'
import type { ServedView } from './view.ts'

const secure = 'secure match=mx1.example.org:mx2.example.org servername=hostname'
const plain = { reasons: [], wouldAnswer: undefined, line: undefined }

const views: [what: string, view: ServedView][] = [
  [
    'a policy with an answer of its own for each dialect',
    {
      ...plain,
      base: framed({ kind: 'ok', data: secure }),
      tlsrpt: framed({ kind: 'ok', data: `${secure} policy_type=sts mx_host_pattern=*.example.org` }),
      ...{ summary: 'Mail to example.org goes only to mx1.example.org.', word: 'secure' },
    },
  ],
  [
    'the same answer for both',
    { ...plain, base: '12:OK dane-only,', tlsrpt: '12:OK dane-only,', summary: 'Goes.', word: 'dane-only' },
  ],
  [
    'a failure, with the answer for lines',
    {
      ...{ base: '8:TEMP why,', tlsrpt: '8:TEMP why,', summary: 'Waits: bücher — “why”.', word: 'TEMP' },
      ...{ reasons: ['mx: \u0085\n"why"', ''], wouldAnswer: undefined, line: defer('why') },
    },
  ],
  [
    'a dry run',
    {
      ...{ base: '9:NOTFOUND ,', tlsrpt: '9:NOTFOUND ,', summary: 'Goes.', word: 'NOTFOUND' },
      ...{ reasons: ['a'], wouldAnswer: `OK ${secure}`, line: undefined },
    },
  ],
]

for (const [what, view] of views) {
  test(`${what}: a view that was kept is what it was, and was kept in single octets`, () => {
    const shelved = shelve(view, 'example.org')
    assert.deepEqual(unshelve(shelved, 'example.org'), view)
    assert.equal(shelved.ready, view.base)
    assert.doesNotMatch(shelved.rest, /[^\x00-\xff]/)
  })
}
