import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConfigError } from '../../core/config-error.ts'
import { parseRootHints } from './root-hints.ts'

const hints = `; formerly NS.INTERNIC.NET
.                        3600000      NS    A.ROOT-SERVERS.NET.
A.ROOT-SERVERS.NET.      3600000      A     198.41.0.4
a.root-servers.net.      3600000      AAAA  2001:503:ba3e::2:30
.                        3600000      NS    b.root-servers.net.
stranger.example.        3600000      A     192.0.2.1
`

test('parseRootHints gives the addresses of root servers, and of nobody else', () => {
  assert.deepEqual(parseRootHints(hints, 'named.root'), [
    { address: '198.41.0.4', port: 53 },
    { address: '2001:503:ba3e::2:30', port: 53 },
  ])
})

const refused: [why: string, text: string, message: string][] = [
  ['it is empty', '', '"named.root" names no root server with an address'],
  ['no server has an address', '. 1 NS a.example.', '"named.root" names no root server with an address'],
  ['it is no zone text', '\n. 1 NS', 'named.root:2: no zone text: missing field'],
]
for (const [why, text, message] of refused) {
  test(`parseRootHints refuses a file when ${why}`, () => {
    assert.throws(() => parseRootHints(text, 'named.root'), { name: 'ConfigError', message })
  })
}

test('parseRootHints throws ConfigError and nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      try {
        parseRootHints(text, 'x')
      } catch (error) {
        assert.ok(error instanceof ConfigError)
      }
    }),
  )
})
