import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordsFrom, zoneName } from '../../../test/support/changes.ts'
import { createZoneWriter, readWriterPlan, type WriterPlan } from './writer-options.ts'

type Given = Parameters<typeof readWriterPlan>[0]

const plans: [what: string, given: Given, plan: WriterPlan][] = [
  ['nothing', {}, { way: 'zone' }],
  ['zone', { update: 'zone' }, { way: 'zone' }],
  ['nsupdate', { update: 'nsupdate' }, { way: 'nsupdate', server: undefined }],
  [
    'nsupdate and a host',
    { update: 'nsupdate', 'update-server': 'ns1.example.org:5353' },
    { way: 'nsupdate', server: { host: 'ns1.example.org', port: 5353 } },
  ],
  [
    'nsupdate and an IPv6 address',
    { update: 'nsupdate', 'update-server': '[2001:db8::1]:54' },
    { way: 'nsupdate', server: { host: '2001:db8::1', port: 54 } },
  ],
  ['a command', { command: ' provider  --zone x ' }, { way: 'command', words: ['provider', '--zone', 'x'] }],
]
for (const [what, given, plan] of plans) {
  test(`${what} on the command line says how to write`, () => assert.deepEqual(readWriterPlan(given), plan))
}

const refused: [what: string, given: Given, message: RegExp][] = [
  ['another way', { update: 'fax\x1b' }, /^option --update: "fax\\x1b" is none of /],
  ['a command where none is run', { update: 'zone', command: 'x' }, /^option --command needs --update command$/],
  ['no command where one is run', { update: 'command' }, /^option --update command needs --command$/],
  ['a command of blanks', { command: ' ' }, /^option --command: there is no program$/],
  ['a server where none is asked', { 'update-server': '192.0.2.1' }, /^option --update-server is of no use/],
  ['a port that is none', { update: 'nsupdate', 'update-server': 'ns1:0' }, /"ns1:0" is no server$/],
  ['an address with a port that is none', { update: 'nsupdate', 'update-server': '192.0.2.1:70000' }, /is no server$/],
  ['a server that would be another line', { update: 'nsupdate', 'update-server': 'a\nb' }, /"a\\x0ab" is no server$/],
]
for (const [what, given, message] of refused) {
  test(`${what} on the command line is refused`, () => {
    assert.throws(() => readWriterPlan(given), { name: 'UsageError', message })
  })
}

test('what is printed is for a person to do', async () => {
  const change = { zone: zoneName('example.'), remove: [], add: recordsFrom('x.example. 60 TXT "y"') }
  const world = { environment: {} }
  const printed = async (plan: WriterPlan) => {
    const outcome = await createZoneWriter(plan, world).write(change)
    return outcome.kind === 'to-do' ? outcome.text : assert.fail(outcome.kind)
  }
  assert.match(await printed({ way: 'zone' }), /^x\.example\. 60 IN TXT "y"$/m)
  const server = { host: 'ns1.example', port: 53 }
  assert.match(await printed({ way: 'nsupdate', server }), /^server ns1\.example 53$/m)
})
