// Real primaries take our updates: BIND and Knot, which sign their zones themselves.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ResourceRecord } from '../../src/core/dns/message.ts'
import type { TsigKey } from '../../src/core/dns/tsig-key.ts'
import { formatName } from '../../src/core/name/text.ts'
import type { ZoneChange } from '../../src/core/publish/change.ts'
import { formatNsupdate } from '../../src/core/publish/nsupdate-script.ts'
import { formatSnippet } from '../../src/core/publish/zone-snippet.ts'
import { createNetwork } from '../../src/io/network-node.ts'
import { updateWriter } from '../../src/io/publish/update-writer.ts'
import type { WriteFailure, WriteOutcome } from '../../src/io/publish/zone-writer.ts'
import { recordsFrom, zoneName } from '../support/changes.ts'
import { fakeResolver } from '../support/fake-resolver.ts'
import { addAddresses, openStage, run } from './servers.ts'
import {
  algorithms,
  type Keys,
  makeKeys,
  readKey,
  showRecords,
  startUpdatedBind,
  startUpdatedKnot,
  verifySigned,
  waitUntilSigned,
  zoneText,
} from './updates.ts'

const at = { bind: '192.0.2.1', knot: '192.0.2.2' } as const
type Server = keyof typeof at
const zones: readonly (readonly [Server, string])[] = [
  ['bind', 'example'],
  ['bind', 'inline'],
  ['bind', 'plain'],
  ['knot', 'example'],
  ['knot', 'plain'],
]
const stage = openStage()
let keys: Keys

before(async () => {
  addAddresses(Object.values(at))
  keys = makeKeys(stage)
  await startUpdatedBind(stage, at.bind, keys.bind)
  await startUpdatedKnot(stage, at.knot, keys.knot)
  for (const [server, zone] of zones) if (zone !== 'plain') await waitUntilSigned(zone, at[server])
})
after(() => stage.stop())

const keyAt = (server: Server, name = 'hmac-sha256') => readKey(keys[server][name] ?? '')

function write(server: Server, change: ZoneChange, key: TsigKey | undefined = keyAt(server), ahead = 0) {
  const writer = updateWriter({
    ...{ network: createNetwork(), resolver: fakeResolver(''), key, server: { host: at[server], port: 53 } },
    ...{ clock: { now: () => Date.now() + ahead * 1000 }, randomId: () => randomInt(65_536), looksMax: 4 },
  })
  return writer.write(change)
}

function assertWritten(outcome: WriteOutcome): void {
  assert.equal(outcome.kind, 'written', outcome.kind === 'failed' ? outcome.reason : '')
}

const owner = (zone: string) => `_25._tcp.mx.${zone}.`
const tlsaText = (zone: string, data: string) => `${owner(zone)} 300 TLSA 3 1 1 ${data.repeat(32)}`
/** As `dig +short` shows it. */
const shown = (data: string) => `3 1 1 ${data.repeat(28)} ${data.repeat(4)}`.toUpperCase()

for (const [server, zone] of zones) {
  const [old, next, sts] = recordsFrom(
    tlsaText(zone, 'aa'),
    tlsaText(zone, 'bb'),
    `_mta-sts.${zone}. 60 TXT "v=STSv1; id=\\"1\\";"`,
  )
  const change = (remove: readonly ResourceRecord[], add: readonly ResourceRecord[]): ZoneChange => {
    return { zone: zoneName(`${zone}.`), remove, add }
  }
  const tlsaThere = () => showRecords(owner(zone), 'TLSA', at[server])
  const assertSigned = () => {
    if (zone !== 'plain') verifySigned(stage, zone, at[server])
  }

  test(`${server} takes a whole rollover into ${zone}, each step sent twice, and the zone stays valid`, async () => {
    const steps: [change: ZoneChange, there: string[]][] = [
      [change([], [old, sts]), [shown('aa')]],
      [change([], [next]), [shown('aa'), shown('bb')]],
      [change([old], []), [shown('bb')]],
      [change([next], [old]), [shown('aa')]],
    ]
    for (const [step, there] of steps) {
      for (const _ of ['once', 'again']) {
        assertWritten(await write(server, step))
        assert.deepEqual(tlsaThere(), there)
        assertSigned()
      }
    }
    assert.deepEqual(showRecords(`_mta-sts.${zone}.`, 'TXT', at[server]), ['"v=STSv1; id=\\"1\\";"'])
  })

  test(`${server} writes into ${zone} only if it is as was assumed, and says so of what was made before`, async () => {
    assertWritten(await write(server, change([next], [old])))
    const assume = [{ name: old.name, type: old.type, records: [old] }]
    const replaced = { ...change([old], [next]), assume }
    const first = await write(server, replaced)
    const second = await write(server, replaced)
    assert.deepEqual(
      [first, second],
      [true, false].map((isNew) => ({ kind: 'written', by: at[server], wasThere: !isNew })),
    )
    const third = await write(server, { ...change([next], []), assume })
    assert.ok(third.kind === 'failed')
    assert.deepEqual([third.why, third.mayBeWritten, tlsaThere()], ['changed', false, [shown('bb')]])
    assertSigned()
  })

  test(`${server} puts an alias in ${zone} where records were, and the other way round`, async () => {
    const [alias] = recordsFrom(`_mta-sts.${zone}. 60 CNAME _mta-sts.host.example.`)
    assertWritten(await write(server, change([], [sts])))
    assertWritten(await write(server, change([sts], [alias])))
    assert.deepEqual(showRecords(`_mta-sts.${zone}.`, 'CNAME', at[server]), ['_mta-sts.host.example.'])
    assertSigned()
    assertWritten(await write(server, change([alias], [sts])))
    assert.deepEqual(showRecords(`_mta-sts.${zone}.`, 'TXT', at[server]), ['"v=STSv1; id=\\"1\\";"'])
    assertSigned()
  })

  test(`${server} passes over what an alias of ${zone} forbids, and that is found out`, async () => {
    const [beside, over] = recordsFrom(`_25._tcp.alias.${zone}. 60 TLSA 3 1 1 aa`, `${owner(zone)} 60 CNAME x.${zone}.`)
    const refused = await write(server, change([], [beside]))
    assert.ok(refused.kind === 'failed' && refused.why === 'changed')
    assert.match(refused.reason, /_25\._tcp\.alias\..* is an alias \(CNAME\)$/)
    assertWritten(await write(server, change([], [next])))
    const passedOver = await write(server, change([], [over]))
    assert.ok(passedOver.kind === 'failed' && passedOver.why === 'not-taken', JSON.stringify(passedOver))
    assert.match(passedOver.reason, /says that it is done, but .* has not become an alias \(CNAME\)/)
  })

  test(`nsupdate sends our script to ${server}, twice, and ${zone} is as we make it ourselves`, async () => {
    assertWritten(await write(server, change([next], [old])))
    const assume = [{ name: old.name, type: old.type, records: [old] }]
    const [odd] = recordsFrom(`_mta-sts.${zone}. 60 TXT "; \\\\ \\" \\255" ""`)
    const script = formatNsupdate(change([old, sts], [next, odd]), { host: at[server], port: 53 })
    const file = keys.bind['hmac-sha256'] ?? ''
    const keyFile = server === 'bind' ? file : asBindKey(keyAt(server), `${file}.knot`)
    for (const _ of ['once', 'again']) run('nsupdate', ['-v', '-k', keyFile], { input: script })
    await untilShown(() => assert.deepEqual(tlsaThere(), [shown('bb')]))
    assert.deepEqual(showRecords(`_mta-sts.${zone}.`, 'TXT', at[server]), ['"; \\\\ \\" \\255" ""'])
    assertSigned()
    const assuming = formatNsupdate({ ...change([old], [next]), assume }, { host: at[server], port: 53 })
    assert.throws(() => run('nsupdate', ['-v', '-k', keyFile], { input: assuming }), /update failed: NXRRSET/)
    assertWritten(await write(server, change([odd], [sts])))
  })
}

/** What BIND signs apart from its updates shows a moment later. */
async function untilShown(check: () => void): Promise<void> {
  const deadline = AbortSignal.timeout(10_000)
  for (;;) {
    try {
      return check()
    } catch (error) {
      if (deadline.aborted) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

function asBindKey({ name, algorithm, secret }: TsigKey, file: string): string {
  const text = `key "${formatName(name)}" { algorithm ${algorithm}; secret "${Buffer.from(secret).toString('base64')}"; };`
  writeFileSync(file, text, { mode: 0o600 })
  return file
}

for (const server of Object.keys(at) as Server[]) {
  for (const algorithm of algorithms) {
    test(`${server} and we sign with ${algorithm}, by the key that its own tool made`, async () => {
      const zone = zoneName('plain.')
      assertWritten(
        await write(server, { zone, remove: [], add: recordsFrom(tlsaText('plain', 'cc')) }, keyAt(server, algorithm)),
      )
    })
  }

  const refusals: [
    what: string,
    made: () => { change?: Partial<ZoneChange>; key?: TsigKey; ahead?: number },
    why: WriteFailure['why'],
    reason: RegExp,
  ][] = [
    [
      'an unknown key',
      () => ({ key: { ...keyAt(server), name: zoneName('nobody.') } }),
      'bad-key',
      /"nobody\.".*BADKEY$/,
    ],
    [
      'another algorithm',
      () => ({ key: { ...keyAt(server), algorithm: 'hmac-sha512', macOctets: 64 } }),
      'bad-key',
      /\(hmac-sha512\).*BADKEY$/,
    ],
    ['another secret', () => ({ key: { ...keyAt(server), secret: new Uint8Array(32) } }), 'bad-key', /secret.*BADSIG$/],
    [
      'a truncated MAC',
      () => ({ key: { ...keyAt(server), macOctets: 16 } }),
      'bad-key',
      server === 'bind' ? /wants longer MACs.*BADTRUNC$/ : /BADSIG; or it takes no truncated MACs$/,
    ],
    [
      'a clock ahead',
      () => ({ ahead: 1000 }),
      'bad-time',
      /BADTIME; its clock is (?:999|1000|1001) s behind this one$/,
    ],
    ['a clock behind', () => ({ ahead: -1000 }), 'bad-time', /BADTIME; its clock is (?:999|1000|1001) s ahead of this/],
    [
      'a key that may not',
      () => ({ key: keyAt(server, 'other') }),
      server === 'bind' ? 'refused' : 'bad-key',
      server === 'bind'
        ? /refuses this change of plain\. to the key "other\.": REFUSED$/
        : /not let it change this: BADKEY$/,
    ],
    [
      'a name that it may not change',
      () => ({ change: { add: recordsFrom('www.plain. 60 TXT x') } }),
      server === 'bind' ? 'refused' : 'bad-key',
      server === 'bind' ? /REFUSED$/ : /not let it change this: BADKEY$/,
    ],
    [
      'a zone that it does not have',
      () => ({ change: { zone: zoneName('nowhere.'), add: recordsFrom('_mta-sts.nowhere. 60 TXT x') } }),
      'not-primary',
      /is not where nowhere\. is changed/,
    ],
  ]
  for (const [what, made, why, reason] of refusals) {
    test(`${server} refuses ${what}, and we say why`, async () => {
      const { change = {}, key, ahead } = made()
      const before = showRecords(owner('plain'), 'TLSA', at[server])
      const usual: ZoneChange = { zone: zoneName('plain.'), remove: [], add: recordsFrom(tlsaText('plain', 'ee')) }
      const outcome = await write(server, { ...usual, ...change }, key, ahead)
      assert.ok(outcome.kind === 'failed', outcome.kind)
      assert.match(outcome.reason, reason)
      assert.equal(outcome.why, why)
      assert.deepEqual(showRecords(owner('plain'), 'TLSA', at[server]), before)
    })
  }
}

test('BIND and we cut MACs short where the key says so', async () => {
  const key = { ...keyAt('bind', 'short'), macOctets: 16 }
  assertWritten(
    await write('bind', { zone: zoneName('plain.'), remove: [], add: recordsFrom(tlsaText('plain', 'dd')) }, key),
  )
})

test('without a key nothing is written', async () => {
  for (const server of ['bind', 'knot'] as const) {
    const writer = updateWriter({
      ...{
        network: createNetwork(),
        resolver: fakeResolver(''),
        key: undefined,
        server: { host: at[server], port: 53 },
      },
      ...{ clock: { now: () => Date.now() }, randomId: () => 1 },
    })
    const outcome = await writer.write({
      zone: zoneName('plain.'),
      remove: [],
      add: recordsFrom(tlsaText('plain', 'ff')),
    })
    assert.ok(outcome.kind === 'failed')
    assert.match(outcome.reason, server === 'bind' ? /to an update without a key: REFUSED$/ : /REFUSED|NOTAUTH/)
  }
})

test('named-checkzone and kzonecheck take a zone with our snippet in it, and with nothing taken out of it', () => {
  const add = recordsFrom(tlsaText('example', 'aa'), '_mta-sts.example. 60 TXT "v=STSv1; id=1;" "\\255;"')
  const remove = recordsFrom(tlsaText('example', 'bb'))
  const file = join(stage.folder, 'pasted')
  writeFileSync(
    file,
    `${zoneText('192.0.2.1')}${formatSnippet({ zone: zoneName('example.'), remove, add })}more TXT x\n`,
  )
  execFileSync('named-checkzone', ['example', file], { stdio: 'pipe' })
  run('kzonecheck', ['-o', 'example', file])
})
