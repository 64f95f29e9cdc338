// `waxseal zone change` as a whole, against a server that takes updates.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createNetwork } from '../../src/io/network-node.ts'
import { openWorld } from '../../src/programs/cli/open-world.ts'
import { createOut } from '../../src/programs/cli/out.ts'
import { runCommandLine } from '../../src/programs/cli/run-command-line.ts'
import { recordsFrom } from '../support/changes.ts'
import { movedClock } from '../support/moved-clock.ts'
import { keyOf } from '../support/tsig.ts'
import { type Lie, startUpdateServer } from '../support/update-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'waxseal-zone-'))
after(() => rmSync(folder, { recursive: true }))
const clock = movedClock(1_790_000_000_000)
const keyFile = join(folder, 'key')
const secret = Buffer.from(keyOf().secret).toString('base64')
writeFileSync(keyFile, `hmac-sha256:Update.example:${secret}\n`, { mode: 0o600 })

const [old, other] = recordsFrom('_mta-sts.example.org. 60 TXT "v=STSv1; id=1"', '_mta-sts.example.org. 60 TXT "x"')
const txt = (text: string) =>
  `\x08_mta-sts\x07example\x03org\0|16|${Buffer.from(`${String.fromCharCode(text.length)}${text}`).toString('hex')}`

async function change(
  args: readonly string[],
  told: { lie?: Lie; rcode?: number; records?: readonly (typeof old)[] } = {},
) {
  await using server = await startUpdateServer({ key: keyOf(), clock, records: told.records ?? [old] })
  server.lie = told.lie
  server.rcode = told.rcode
  const text = { stdout: '', stderr: '' }
  const sink = (name: keyof typeof text) => ({
    write(piece: string) {
      text[name] += piece
      return true
    },
    once: () => undefined,
  })
  const out = createOut({ stdout: sink('stdout'), stderr: sink('stderr'), environment: {} })
  const around = { out, clock, environment: {}, network: createNetwork() }
  const { address, port } = server.endpoint
  const where =
    args.includes('--update') || args.includes('--command')
      ? []
      : ['--update-server', `${address}:${port}`, '--tsig', keyFile]
  const status = await runCommandLine(['zone', 'change', ...args, ...where, '--store', ':memory:', 'example.org'], {
    ...{ out, clock, environment: {}, signal: new AbortController().signal },
    openInput: () => assert.fail('nothing is read'),
    openWorld: (values, need, observer) => openWorld(values, need, around, observer),
  })
  return { status, ...text, zone: server.zone, port }
}

const replace = ['--remove', '_mta-sts TXT "v=STSv1; id=1"', '--add', '_mta-sts 300 TXT "v=STSv1; id=2"']

test('records are put in and others taken out', async () => {
  const { status, stdout, stderr, zone, port } = await change(replace)
  assert.deepEqual(
    { status, stdout, stderr, zone },
    { status: 0, stdout: `Made by 127.0.0.1#${port}\n`, stderr: '', zone: [txt('v=STSv1; id=2')] },
  )
})

test('a change that was made before is said to have been', async () => {
  const expecting = [...replace, '--expect', '_mta-sts TXT "v=STSv1; id=1"']
  const made = recordsFrom('_mta-sts.example.org. 60 TXT "v=STSv1; id=2"')
  const { status, stdout } = await change(expecting, { records: made })
  assert.equal(status, 0)
  assert.match(stdout, /^Was made before by /)
})

test('nothing is changed in a zone that is not as expected', async () => {
  const expecting = [...replace, '--expect', '_mta-sts TXT "v=STSv1; id=1"']
  const { status, stdout, stderr, zone } = await change(expecting, { records: [old, other] })
  assert.deepEqual([status, stdout, zone.length], [65, '', 2])
  assert.match(stderr, /^waxseal: .* refuses the change: the TXT records of _mta-sts\.example\.org\. are not those/)
})

const statuses: [what: string, told: Parameters<typeof change>[1], status: number, stderr: RegExp][] = [
  ['a key that may not', { rcode: 5 }, 77, /REFUSED: let the key change these names/],
  ['a server that is not the primary', { rcode: 9 }, 69, /NOTAUTH: name the primary server by --update-server/],
  ['a server that fails', { rcode: 2 }, 75, /SERVFAIL: .*\nwaxseal: the change may have been made all the same/],
  [
    'an answer that is lost',
    { lie: () => 'close' },
    75,
    /without an answer: .*\nwaxseal: the change may have been made/,
  ],
]
for (const [what, told, expected, words] of statuses) {
  test(`${what} gives status ${expected}`, async () => {
    const { status, stderr } = await change(replace, told)
    assert.equal(status, expected)
    assert.match(stderr, words)
  })
}

test('the outcome is JSON on request', async () => {
  const made = await change(['--json', ...replace])
  const { schema, kind, wasThere } = JSON.parse(made.stdout) as Record<string, unknown>
  assert.deepEqual([schema, kind, wasThere], ['waxseal.zone-written/1', 'written', false])
  const refused = await change(['--json', ...replace], { rcode: 5 })
  const said = JSON.parse(refused.stdout) as Record<string, unknown>
  assert.deepEqual(
    [refused.status, said.kind, said.why, said.mayBeWritten, refused.stderr],
    [77, 'failed', 'refused', false, ''],
  )
})

test('what is to be done is printed on request, and nobody is asked', async () => {
  const script = await change([...replace, '--update', 'nsupdate'])
  assert.equal(
    script.stdout,
    'zone example.org.\nprereq nxrrset _mta-sts.example.org. IN CNAME\n' +
      'update delete _mta-sts.example.org. IN TXT "v=STSv1; id=1"\n' +
      'update add _mta-sts.example.org. 300 IN TXT "v=STSv1; id=2"\nsend\n',
  )
  const snippet = await change([...replace, '--update', 'zone'])
  assert.match(snippet.stdout, /^_mta-sts\.example\.org\. 300 IN TXT "v=STSv1; id=2"$/m)
  assert.deepEqual([script.status, snippet.status], [0, 0])
})

test('a program makes the change, or says why it does not', async () => {
  const { status, stderr } = await change([...replace, '--command', '/bin/false'])
  assert.equal(status, 75)
  assert.match(stderr, /^waxseal: "\/bin\/false": it ended with status 1: /)
  assert.equal((await change([...replace, '--command', '/bin/true'])).status, 0)
})

const refused: [what: string, args: string[], stderr: RegExp][] = [
  ['nothing to do', [], /nothing to do: give --add or --remove/],
  ['a record that is none', ['--add', '_mta-sts \x1b x'], /option --add: "_mta-sts \\x1b x" is no record/],
  [
    'a record of another zone',
    ['--remove', 'x.example.net. TXT y'],
    /x\.example\.net\. does not lie in example\.org\./,
  ],
  ['a record of another class', ['--add', 'x CH TXT y'], /does not lie in example\.org\./],
  ['two records in one', ['--add', 'x TXT y\nz TXT y'], /is no record/],
]
for (const [what, args, words] of refused) {
  test(`${what} cannot be meant`, async () => {
    const { status, stderr } = await change(args)
    assert.equal(status, 64)
    assert.match(stderr, words)
  })
}
