import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOptOut } from './opt-out.ts'

const list = parseOptOut(
  '# nobody else\nshy.example\n.quiet.example  # and all below\n192.0.2.0/24\n2001:db8::1\n',
  'list',
)

test('a name on the list is meant alone, one with a dot before it with all below', () => {
  const named = ['shy.example', 'mx.shy.example', 'quiet.example', 'a.b.quiet.example', 'unquiet.example']
  assert.deepEqual(named.filter(list.domain), ['shy.example', 'quiet.example', 'a.b.quiet.example'])
  assert.deepEqual(named.filter(list.host), ['shy.example', 'quiet.example', 'a.b.quiet.example'])
})

test('addresses and prefixes are on the list', () => {
  const given = ['192.0.2.9', '::ffff:192.0.2.9', '192.0.3.9', '2001:db8::1', '2001:db8::2']
  assert.deepEqual(given.filter(list.address), ['192.0.2.9', '::ffff:192.0.2.9', '2001:db8::1'])
})

for (const line of ['not a name', '192.0.2.0/33', '*.example.org', '<script>']) {
  test(`a list with ${JSON.stringify(line)} in it is refused by its line`, () => {
    assert.throws(() => parseOptOut(`\n${line}`, 'list'), { name: 'ConfigError', message: /^list:2: / })
  })
}
