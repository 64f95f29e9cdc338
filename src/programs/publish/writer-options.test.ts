import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { recordsFrom, zoneName } from '../../../test/support/changes.ts'
import { fakeNetwork } from '../../../test/support/fake-network.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
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
  [
    'a server and no key',
    { 'update-server': 'ns1.example.org', tsig: 'none' },
    { way: 'rfc2136', server: { host: 'ns1.example.org', port: 53 }, key: undefined },
  ],
  ['a command', { command: ' provider  --zone x ' }, { way: 'command', words: ['provider', '--zone', 'x'] }],
]
for (const [what, given, plan] of plans) {
  test(`${what} on the command line says how to write`, () => assert.deepEqual(readWriterPlan(given), plan))
}

const refused: [what: string, given: Given, message: RegExp][] = [
  ['another way', { update: 'fax\x1b' }, /^option --update: "fax\\x1b" is none of /],
  [
    'a command where none is run',
    { update: 'zone', command: 'x' },
    /^option --command is of no use with --update zone$/,
  ],
  [
    'a key where nothing is signed',
    { update: 'nsupdate', tsig: 'x' },
    /^option --tsig is of no use with --update nsup/,
  ],
  ['a server with a command', { command: 'x', 'update-server': 'y' }, /^option --update-server is of no use with/],
  ['no word about a key', { 'update-server': '192.0.2.1' }, /^updates are signed: give the file of a key by --tsig/],
  ['no word about a key at all', { update: 'rfc2136' }, /^updates are signed/],
  ['no command where one is run', { update: 'command' }, /^option --update command needs --command$/],
  ['a command of blanks', { command: ' ' }, /^option --command: there is no program$/],
  ['a server where none is asked', { update: 'zone', 'update-server': 'x' }, /^option --update-server is of no use/],
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
  const clock = { now: () => 0 }
  const world = { environment: {}, network: fakeNetwork({}), resolver: fakeResolver(''), clock }
  const printed = async (plan: WriterPlan) => {
    const outcome = await createZoneWriter(plan, world).write(change)
    return outcome.kind === 'to-do' ? outcome.text : assert.fail(outcome.kind)
  }
  assert.match(await printed({ way: 'zone' }), /^x\.example\. 60 IN TXT "y"$/m)
  const server = { host: 'ns1.example', port: 53 }
  assert.match(await printed({ way: 'nsupdate', server }), /^server ns1\.example 53$/m)
})

test('the file of a key is read as the key that updates are signed with, if nobody else may read it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-key-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const tsig = join(folder, 'key')
  const keep = (text: string, mode = 0o600) => {
    writeFileSync(tsig, text)
    chmodSync(tsig, mode)
  }
  keep('key "k.example" { algorithm hmac-sha256; secret "AAAA"; };')
  const plan = readWriterPlan({ tsig })
  assert.ok(plan.way === 'rfc2136')
  assert.deepEqual(plan.key?.secret, new Uint8Array(3))
  const refusedAs = (message: RegExp) => assert.throws(() => readWriterPlan({ tsig }), { name: 'ConfigError', message })
  keep('key "k.example" { algorithm hmac-sha256; secret "AAAA"; };', 0o644)
  refusedAs(/^cannot use the TSIG key in ".*key": others may use it \(mode 644\): chmod 640$/)
  keep('hmac-md5:k.example:AAAA')
  refusedAs(/^cannot use the TSIG key in ".*key": HMAC-MD5 must not be used any more/)
  rmSync(tsig)
  refusedAs(/: no such file$/)
})
