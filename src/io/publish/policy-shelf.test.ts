import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { composeHostedPolicy, type HostedPolicy } from '../../core/publish/hosted-policy.ts'
import { readLastGood, writeLastGood } from './last-good.ts'
import { type PolicyShelf, type ProfileSource, readShelf, type ShelfSources } from './policy-shelf.ts'

const root = mkdtempSync(join(tmpdir(), 'policy-shelf-'))
after(() => rmSync(root, { recursive: true }))

let places = 0
function folder(): string {
  const path = join(root, String(++places))
  mkdirSync(path)
  return path
}

const text = (mx: string) => `version: STSv1\r\nmode: enforce\r\nmx: ${mx}\r\nmax_age: 86400\r\n`

function words(mx: string): HostedPolicy {
  const made = composeHostedPolicy({ mode: 'enforce', mx: [mx], maxAge: 86_400 })
  assert.ok(made.ok)
  return made.value
}

const [a, b, c] = [domain('a.example'), domain('b.example'), domain('c.example')]
const plain: ProfileSource = {
  name: 'plain',
  policy: { kind: 'words', policy: words('mx.plain.example') },
  domains: [a, b],
}
const mxOf = (shelf: PolicyShelf, name: string) =>
  /^mx: (.*)\r$/m.exec(shelf.find(domain(`mta-sts.${name}`))?.body ?? '')?.[1]

test('domains have the policy of their profile, or their own before that', async () => {
  const place = folder()
  writeFileSync(join(place, 'b.example.txt'), text('mx.b.example'))
  writeFileSync(join(place, 'c.example.txt'), text('mx.c.example').replaceAll('\r', ''))
  const shelf = await readShelf({ profiles: [plain], folder: place })
  assert.deepEqual(
    ['a.example', 'b.example', 'c.example', 'd.example'].map((name) => mxOf(shelf, name)),
    ['mx.plain.example', 'mx.b.example', 'mx.c.example', undefined],
  )
  assert.deepEqual([...shelf.hosts], ['mta-sts.a.example', 'mta-sts.b.example', 'mta-sts.c.example'])
  assert.deepEqual(shelf.troubles, [])
  assert.deepEqual(
    [...shelf.domains.values()].map(({ label, isOwn }) => [label, isOwn]),
    [
      ['plain', false],
      ['b.example', true],
      ['c.example', true],
    ],
  )
})

test('a list of domains has one a line, and words for people behind "#"', async () => {
  const place = folder()
  const list = join(place, 'list')
  writeFileSync(list, '# ours\nA.example  # the first\n\nbücher.example\r\n')
  const shelf = await readShelf({ profiles: [{ ...plain, domains: [], domainsFile: list }], folder: undefined })
  assert.deepEqual([...shelf.domains.keys()], ['a.example', 'xn--bcher-kva.example'])
})

test('names in the folder that are no domains are told of; hidden files and those of editors are not', async () => {
  const place = folder()
  for (const name of ['.a.example.txt.swp', 'a.example.txt~', 'README', 'A.example.txt', 'a.example.txt']) {
    writeFileSync(join(place, name), text('mx.a.example'))
  }
  const { domains, troubles } = await readShelf({ profiles: [], folder: place })
  assert.deepEqual([...domains.keys()], [a])
  assert.deepEqual(troubles.map(({ path }) => path).sort(), [join(place, 'A.example.txt'), join(place, 'README')])
})

test('a domain may be in one profile', async () => {
  const profiles = [plain, { ...plain, name: 'other', domains: [b] }]
  await assert.rejects(readShelf({ profiles, folder: undefined }), /b\.example is in profile "plain" and in "other"/)
})

test('a domain that leaves no room for its policy host is told of', async () => {
  const long = domain(Array.from({ length: 4 }, () => 'a'.repeat(62)).join('.'))
  const shelf = await readShelf({ profiles: [{ ...plain, domains: [a, long] }], folder: undefined })
  assert.equal(shelf.troubles.length, 1)
  assert.equal(shelf.hosts.size, 1)
})

test('files that have not changed are not read again', async () => {
  const place = folder()
  writeFileSync(join(place, 'a.example.txt'), text('mx.a.example'))
  writeFileSync(join(place, 'b.example.txt'), text('mx.b.example'))
  const sources = { profiles: [], folder: place }
  const first = await readShelf(sources)
  assert.equal(first.reader.opened, 2)
  writeFileSync(join(place, 'b.example.txt'), text('mx2.b.example'))
  const second = await readShelf(sources, { before: first })
  assert.equal(second.reader.opened, 1)
  assert.deepEqual([mxOf(second, 'a.example'), mxOf(second, 'b.example')], ['mx.a.example', 'mx2.b.example'])
})

const policyFile = (place: string) => join(place, 'policies', 'c.example.txt')
function putFolder(place: string): void {
  rmSync(policyFile(place))
  mkdirSync(policyFile(place))
}

const damages: [what: string, damage: (place: string) => void, reason: RegExp][] = [
  ['is garbled', (place) => writeFileSync(policyFile(place), 'x'), /line 1: a line is no "key: value"/],
  ['is empty', (place) => writeFileSync(policyFile(place), ''), /version: STSv1/],
  [
    'is half a policy',
    (place) => writeFileSync(policyFile(place), text('a.example').split('max_age')[0] ?? ''),
    /max_age is no number/,
  ],
  ['is no text', (place) => writeFileSync(policyFile(place), Buffer.from([0xff])), /no UTF-8/],
  ['is longer than any policy', (place) => writeFileSync(policyFile(place), 'x'.repeat(70_000)), /longer than 65536/],
  ['is a folder', putFolder, /no plain file/],
  ['lies in a folder that is gone', (place) => rmSync(join(place, 'policies'), { recursive: true }), /ENOENT/],
]
for (const [what, damage, reason] of damages) {
  test(`what was served is served on when a file ${what}, by this process and by the next`, async () => {
    const place = folder()
    mkdirSync(join(place, 'policies'))
    writeFileSync(policyFile(place), text('mx.c.example'))
    const sources = { profiles: [plain], folder: join(place, 'policies') }
    const first = await readShelf(sources)
    const copy = join(place, 'copy')
    await writeLastGood(copy, first)
    damage(place)
    for (const options of [{ before: first }, { lastGood: readLastGood(copy) }]) {
      const next = await readShelf(sources, options)
      assert.equal(mxOf(next, 'c.example'), 'mx.c.example')
      assert.equal(mxOf(next, 'a.example'), 'mx.plain.example')
      assert.equal(next.domains.get(c)?.isOwn, true)
      const [trouble] = next.troubles
      assert.equal(next.troubles.length, 1)
      assert.equal(trouble?.isServedOn, true)
      assert.match(trouble?.reason ?? '', reason)
    }
    const afresh = await readShelf(sources)
    assert.equal(mxOf(afresh, 'c.example'), undefined, 'of nothing, nothing is served')
    assert.equal(afresh.troubles[0]?.isServedOn, false)
  })
}

test('the policy and the list of a profile are served on as well', async () => {
  const place = folder()
  const [policy, list] = [join(place, 'policy'), join(place, 'list')]
  writeFileSync(policy, text('mx.p.example'))
  writeFileSync(list, 'b.example\n')
  const file = { kind: 'file', path: policy } as const
  const sources: ShelfSources = {
    profiles: [{ name: 'p', policy: file, domains: [a], domainsFile: list }],
    folder: undefined,
  }
  const first = await readShelf(sources)
  const copy = join(place, 'copy')
  await writeLastGood(copy, first)
  writeFileSync(policy, 'x')
  writeFileSync(list, 'not a domain\n')
  for (const options of [{ before: first }, { lastGood: readLastGood(copy) }]) {
    const next = await readShelf(sources, options)
    assert.deepEqual([mxOf(next, 'a.example'), mxOf(next, 'b.example')], ['mx.p.example', 'mx.p.example'])
    assert.equal(next.troubles.length, 2)
  }
})

test('a domain whose file is taken away is not served any more', async () => {
  const place = folder()
  writeFileSync(join(place, 'c.example.txt'), text('mx.c.example'))
  const sources = { profiles: [plain], folder: place }
  const first = await readShelf(sources)
  rmSync(join(place, 'c.example.txt'))
  const next = await readShelf(sources, { before: first })
  assert.equal(mxOf(next, 'c.example'), undefined)
  assert.deepEqual(next.troubles, [])
})

const copies: [what: string, content: string][] = [
  ['no JSON', '{'],
  ['another schema', '{"schema":"x","profiles":{},"own":{}}'],
  ['a number for a body', '{"schema":"waxseal.last-good/1","profiles":{},"own":{"a.example":1}}'],
  ['no list of domains', '{"schema":"waxseal.last-good/1","profiles":{"p":{"body":"x"}},"own":{}}'],
]
for (const [what, content] of copies) {
  test(`a copy that is damaged is refused: ${what}`, () => {
    const path = join(folder(), 'copy')
    writeFileSync(path, content)
    assert.throws(() => readLastGood(path))
  })
}

test('of a copy only policies count, and it is for nobody else to read', async () => {
  const path = join(folder(), 'copy')
  writeFileSync(
    path,
    '{"schema":"waxseal.last-good/1","profiles":{"p":{"body":"x","domains":["!"]}},"own":{"a.example":"y"}}',
  )
  const copy = readLastGood(path)
  assert.deepEqual(
    [copy?.profile('p'), copy?.domainsOf('p'), copy?.policyOf(a), copy?.own()],
    [undefined, [], undefined, []],
  )
  assert.equal(copy?.profile('constructor'), undefined)
  assert.equal(readLastGood(join(folder(), 'none')), undefined)
  chmodSync(path, 0o600)
})
