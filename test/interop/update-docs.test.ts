// BIND and Knot as docs/publishing-dns.md has them: they take what we publish by the key, and nothing else.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createNetwork } from '../../src/io/network-node.ts'
import type { WriteOutcome } from '../../src/io/publish/zone-writer.ts'
import { createZoneWriter, readWriterPlan } from '../../src/programs/publish/writer-options.ts'
import { recordsFrom, zoneName } from '../support/changes.ts'
import { fakeResolver } from '../support/fake-resolver.ts'
import { startKnot, startNamed } from './authoritative.ts'
import { addAddresses, openStage, run } from './servers.ts'
import { verifySigned, waitUntilSigned, zoneText } from './updates.ts'

const at = { named: '192.0.2.1', knot: '192.0.2.2' } as const
type Server = keyof typeof at
const servers = Object.keys(at) as Server[]
const stage = openStage()
const docs = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'publishing-dns.md'), 'utf8')

/** The part of the page for a server, with files in a folder of its own. */
function configOf(server: Server): { readonly folder: string; readonly config: string } {
  const folder = join(stage.folder, server)
  mkdirSync(folder)
  writeFileSync(join(folder, 'example.org'), zoneText(at[server]))
  const found = new RegExp(`\`\`\`${server}\\n(.*?)\`\`\``, 's').exec(docs)?.[1]
  const config = found?.replace(/\/(?:etc|var\/lib)\/(?:bind|knot)\//g, `${folder}/`)
  return { folder, config: config ?? assert.fail(`the page has no part for ${server}`) }
}

before(async () => {
  addAddresses(Object.values(at))
  const bind = configOf('named')
  const keygen = /^(tsig-keygen .*) > /m.exec(docs)?.[1]?.split(' ') ?? []
  writeFileSync(join(bind.folder, 'waxseal.key'), run(keygen[0] ?? '', keygen.slice(1)), { mode: 0o640 })
  writeFileSync(join(bind.folder, 'local'), zoneText(at.named))
  await startNamed(stage, at.named, {
    folder: bind.folder,
    options: [`session-keyfile "${bind.folder}/session.key";`, 'allow-transfer { any; };'],
    zones: ['zone "local.example" { type primary; file "local"; update-policy local; };', bind.config],
  })

  const knot = configOf('knot')
  const keymgr = /^(keymgr .*) > /m.exec(docs)?.[1]?.split(' ') ?? []
  writeFileSync(join(knot.folder, 'waxseal.key'), run(keymgr[0] ?? '', keymgr.slice(1)), { mode: 0o640 })
  // Tests look at the whole zone, which the page has no need to.
  const transfer = knot.config
    .replace(/^acl:\n/m, 'acl:\n  - id: transfer\n    address: 192.0.2.0/24\n    action: transfer\n')
    .replace('acl: waxseal', 'acl: [waxseal, transfer]')
  await startKnot(stage, at.knot, { folder: knot.folder, sections: [transfer] })
  for (const one of servers) await waitUntilSigned('example.org', at[one])
})
after(() => stage.stop())

function write(server: Server, record: string, key = 'waxseal.key', zone = 'example.org.'): Promise<WriteOutcome> {
  const plan = readWriterPlan({ 'update-server': at[server], tsig: join(stage.folder, server, key) })
  const world = {
    network: createNetwork(),
    resolver: fakeResolver(''),
    clock: { now: () => Date.now() },
    environment: {},
  }
  return createZoneWriter(plan, world).write({ zone: zoneName(zone), remove: [], add: recordsFrom(record) })
}

const granted = [
  '_25._tcp.mx.example.org. 300 TLSA 3 1 1 aabb',
  '_mta-sts.example.org. 300 TXT "v=STSv1; id=1;"',
  '_smtp._tls.example.org. 300 TXT "v=TLSRPTv1; rua=mailto:a@example.org"',
]
const withheld = [
  'mx.example.org. 300 A 192.0.2.66',
  '_25._tcp.mx.example.org. 300 A 192.0.2.66',
  'example.org. 300 TXT x',
]

for (const server of servers) {
  for (const record of granted) {
    test(`${server} as on the page takes ${record}`, async () => {
      const outcome = await write(server, record)
      assert.equal(outcome.kind, 'written', outcome.kind === 'failed' ? outcome.reason : '')
      verifySigned(stage, 'example.org', at[server])
    })
  }
  for (const record of withheld) {
    test(`${server} as on the page does not take ${record}`, async () => {
      const outcome = await write(server, record)
      assert.ok(outcome.kind === 'failed')
      assert.match(outcome.reason, /REFUSED|BADKEY/)
    })
  }
}

test('BIND takes updates from its own machine by the key that it makes itself', async () => {
  const outcome = await write('named', '_mta-sts.local.example. 300 TXT x', 'session.key', 'local.example.')
  assert.equal(outcome.kind, 'written', outcome.kind === 'failed' ? outcome.reason : '')
})
