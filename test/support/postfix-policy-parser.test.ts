import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAsPostfix } from './postfix-policy-parser.ts'

const refused: [text: string, wrong: string][] = [
  ['', 'level '],
  ['halfdane', 'level halfdane'],
  ['secure match', 'pair match'],
  ['secure match=', 'pair match='],
  ['secure match=a.test:', 'match: no name'],
  ['secure match=*.a.test', 'match: no name'],
  ['dane match=a.test', 'match: not at this level'],
  ['dane-only servername=hostname servername=hostname', 'servername: twice'],
  ['secure colour=red', 'colour: unknown'],
  ['may mx_host_pattern=a.test', 'mx_host_pattern without policy_type'],
  ['may policy_type=tlsa', 'policy_type: no type'],
  ['may policy_type=sts policy_string=mode: enforce', 'pair enforce'],
  ['may policy_type=sts { policy_string = mode: enforce', 'braces'],
  ['may policy_type=sts { policy_string = a {b} }', 'pair { policy_string = a {b} }'],
  ['may policy_type=sts mx_host_pattern=.a.test', 'mx_host_pattern: no name'],
  ['may policy_type=sts policy_domain=b\u00fccher.test', 'policy_domain: no name'],
  ['may policy_type=sts policy_failure=other', 'policy_failure: no failure'],
]

for (const [text, wrong] of refused) {
  test(`Postfix would put mail back for "${text}"`, () => assert.deepEqual(readAsPostfix(text), { wrong }))
}

test('what the documentation shows is read whole', () => {
  const read = readAsPostfix(
    'SECURE match=mx1.mail.test:.pool.test,servername=hostname policy_type=sts policy_domain=mail.test ' +
      '{ policy_string = version: STSv1 } {policy_string=mode: enforce} mx_host_pattern=*.pool.test',
  )
  assert.ok('level' in read)
  assert.equal(read.level, 'secure')
  assert.deepEqual(Object.fromEntries(read.attributes), {
    match: ['mx1.mail.test:.pool.test'],
    servername: ['hostname'],
    policy_type: ['sts'],
    policy_domain: ['mail.test'],
    policy_string: ['version: STSv1', 'mode: enforce'],
    mx_host_pattern: ['*.pool.test'],
  })
})
