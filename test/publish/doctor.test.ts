// What the doctor says of mail servers of one lab, each with a fault of its own, and of facts that a lab cannot plant.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { CheckFacts, ServerSays } from '../../src/core/check/check-facts.ts'
import { findingRegistry } from '../../src/core/check/findings/registry.ts'
import { parseRecord } from '../../src/core/dns/zone-text.ts'
import { diagnose } from '../../src/core/publish/doctor/diagnose.ts'
import { remedies } from '../../src/core/publish/doctor/remedies.ts'
import type { DoctorReport, DoctorVerdict, HostDiagnosis, KnownRollover } from '../../src/core/publish/doctor/report.ts'
import { createOut } from '../../src/programs/cli/out.ts'
import { writeDoctor } from '../../src/programs/publish/doctor/doctor-text.ts'
import { type CheckLab, startCheckLab } from '../support/check-lab.ts'

const spki = (host: string) => `{${host}.spki.sha256}`
const record = (host: string, data = `3 1 1 ${spki(host)}`, owner = host) => `zone _25._tcp.${owner} 3600 TLSA ${data}`

const world = `
zone good.example
host mx.good.example also=rsa
${record('mx.good.example')}
${record('mx.good.example', '3 1 1 {mx.good.example.also.spki.sha256}')}
${record('mx.good.example', '3 1 1 {zeros.32}')}
zone lost.example
host mx.lost.example
${record('mx.lost.example', '3 1 1 {zeros.32}')}
zone half.example
host mx.half.example also=rsa
${record('mx.half.example')}
zone kinds.example
host mx.kinds.example
${record('mx.kinds.example')}
${record('mx.kinds.example', '2 1 1 {zeros.32}')}
zone anchor.example
host mx.anchor.example certificate=dane-ta sends=leaf
${record('mx.anchor.example', '2 1 1 {mx.anchor.example.root.spki.sha256}')}
zone clear.example
host mx.clear.example starttls=no
${record('mx.clear.example')}
zone plain.example signed=no
host mx.plain.example
zone vain.example signed=no
host mx.vain.example
${record('mx.vain.example')}
zone servfail.example
host mx.servfail.example
${record('mx.servfail.example')} servfail
zone none.example
host mx.none.example
zone long.example
host mx.long.example
zone _25._tcp.mx.long.example 172800 TLSA 3 1 1 ${spki('mx.long.example')}
zone _25._tcp.mx.long.example 172800 TLSA 3 1 1 {zeros.32}
zone large.example
host mx.large.example
${record('mx.large.example')}
${record('mx.large.example', '3 1 1 {zeros.32}')}
${[...Array(24).keys()].map((at) => `zone _25._tcp.mx.large.example 3600 TLSA 3 1 1 {zeros.31}${at.toString(16).padStart(2, '0')}`).join('\n')}
zone ending.example
host mx.ending.example certificate=dane-ta valid=ending
${record('mx.ending.example', '2 0 1 {mx.ending.example.root.cert.sha256}')}
zone whole.example
host mx.whole.example certificate=dane-ta sends=chain
${record('mx.whole.example', '2 0 0 {mx.whole.example.root.cert.full}')}
zone busy.example
host mx.busy.example greeting="421 4.7.0 try again later"
${record('mx.busy.example')}
zone alias.example
host mx.alias.example
zone _25._tcp.mx.alias.example CNAME _dane.shared.example
zone shared.example
zone _dane.shared.example TLSA 3 1 1 ${spki('mx.alias.example')}
zone _dane.shared.example TLSA 3 1 1 {zeros.32}
zone fresh.example
host mx.fresh.example
zone _25._tcp.mx.fresh.example CNAME _dane.shared.example
zone named.example
zone named.example MX 10 mx.named.example
host mx.named.example certificate=dane-ta names=named.example
${record('mx.named.example', '2 0 1 {mx.named.example.root.cert.sha256}')}
zone mixed.example
zone mixed.example MX 10 mx1.mixed.example
zone mixed.example MX 20 mx2.mixed.example
host mx1.mixed.example
host mx2.mixed.example
${record('mx1.mixed.example')}
${record('mx1.mixed.example', '3 1 1 {zeros.32}')}
`

let lab: CheckLab
const sections = new Set(['mail', 'servers', 'smtp'] as const)

before(async () => {
  lab = await startCheckLab(world)
})
after(() => lab.close())

async function visit(name: string, kind: DoctorReport['kind'] = 'host'): Promise<DoctorReport> {
  const facts = await lab.gather(name, { sections, isHost: kind === 'host' })
  return diagnose(facts, { kind, now: lab.lab.clock.now() })
}

function onlyHost({ hosts }: DoctorReport): HostDiagnosis {
  assert.equal(hosts.length, 1)
  return hosts[0] ?? assert.fail('no host')
}

const visits: [what: string, host: string, verdict: DoctorVerdict, first: RegExp | null, ids: string][] = [
  ['both keys and a next one', 'mx.good.example', 'sound', null, ''],
  [
    'DANE-51: a record that matches nothing',
    'mx.lost.example',
    'broken',
    /^Publish this record now, or put the old key back on mx\.lost\.example/,
    'tlsa-mismatch tlsa-stale-record',
  ],
  [
    'an RSA key without a record',
    'mx.half.example',
    'broken',
    /^Publish this record now, or have mx\.half\.example present the other certificate alone/,
    'tlsa-key-type-uncovered tlsa-no-next-key',
  ],
  [
    'DANE-81: a combination without a match',
    'mx.kinds.example',
    'act-soon',
    /^Take the records away whose kind/,
    'tlsa-combination-unmatched tlsa-no-next-key',
  ],
  [
    'DANE-83: usage 2 without the authority in the chain',
    'mx.anchor.example',
    'broken',
    /^Have mx\.anchor\.example send the certificate of the authority/,
    'dane-ta-anchor-not-sent tlsa-stale-record',
  ],
  [
    'DANE-84: TLSA records without STARTTLS',
    'mx.clear.example',
    'broken',
    /^Turn STARTTLS on again/,
    'tlsa-without-starttls',
  ],
  ['a zone that is not signed', 'mx.plain.example', 'no-dane', /signed with DNSSEC/, 'host-unsigned'],
  ['records in a zone that is not signed', 'mx.vain.example', 'no-dane', /signed with DNSSEC/, 'tlsa-unsigned'],
  [
    'DANE-21: SERVFAIL, which is no absence',
    'mx.servfail.example',
    'broken',
    /^Have the name servers answer for _25/,
    'tlsa-lookup-failed',
  ],
  ['absence, which is no SERVFAIL', 'mx.none.example', 'no-dane', null, 'tlsa-missing'],
  ['DANE-86: a TTL of two days', 'mx.long.example', 'sound', null, 'tlsa-ttl-long'],
  [
    'DANE-87: an RRset that does not fit into a datagram',
    'mx.large.example',
    'sound',
    null,
    'answer-over-tcp tlsa-stale-record',
  ],
  ['a certificate under usage 2 that ends tomorrow', 'mx.ending.example', 'act-soon', /^Renew/, 'dane-ta-expires'],
  [
    'DANE-55: an authority that stands whole in DNS, and is not sent',
    'mx.whole.example',
    'sound',
    null,
    'tlsa-whole-data',
  ],
  ['a host that greylists, which says nothing', 'mx.busy.example', 'undetermined', null, 'host-busy'],
  ['DANE-36: records behind an alias', 'mx.alias.example', 'sound', null, ''],
]

for (const [what, host, verdict, first, ids] of visits) {
  test(`the doctor finds ${verdict}: ${what}`, async () => {
    const report = await visit(host)
    const { steps, verdict: found } = onlyHost(report)
    assert.deepEqual(
      steps.map(({ id }) => id).toSorted(),
      ids.split(' ').filter((id) => id !== ''),
    )
    assert.equal(found, verdict)
    assert.equal(report.verdict, verdict)
    if (first === null) assert.equal(report.first, null)
    else assert.match(report.first ?? '', first)
    const texts = steps.flatMap(({ publish, remove }) => [
      ...publish.flatMap(({ text }) => text.split('\n')),
      ...remove,
    ])
    for (const text of texts) assert.ok(parseRecord(text, { ttl: 3600 }).ok, text)
  })
}

test('DANE-60: with a domain its name counts in certificates under usage 2, and with a host alone it does not', async () => {
  assert.equal((await visit('named.example', 'domain')).verdict, 'sound')
  const alone = await visit('mx.named.example')
  assert.deepEqual([alone.verdict, onlyHost(alone).steps[0]?.id], ['broken', 'dane-ta-name'])
})

test('of several hosts the worst decides, and what to do first is of that one', async () => {
  const report = await visit('mixed.example', 'domain')
  assert.deepEqual(
    report.hosts.map(({ host, verdict }) => [host, verdict]),
    [
      ['mx1.mixed.example', 'sound'],
      ['mx2.mixed.example', 'no-dane'],
    ],
  )
  assert.equal(report.verdict, 'no-dane')
  assert.match(report.first ?? '', /^Publish this record: other hosts/)
})

test('a host by itself is looked at without questions about a domain, and an alias of its records is followed', async () => {
  lab.lab.reset()
  const facts = await lab.gather('mx.fresh.example', { sections, isHost: true })
  assert.deepEqual(
    facts.servers?.map(({ topic, name }) => `${topic} ${name}`),
    [
      'addresses mx.fresh.example',
      'addresses mx.fresh.example',
      'tlsa _25._tcp.mx.fresh.example',
      'tlsa _dane.shared.example',
    ],
  )
  const asked = lab.lab.diary.asked.map(({ name, type }) => `${name} ${type}`)
  assert.ok(asked.length > 0)
  assert.deepEqual(
    asked.filter((question) => /_mta-sts|_smtp\._tls\.fresh|^mx\.fresh\.example\.? MX/.test(question)),
    [],
  )
})

type Change = (says: ServerSays) => Partial<ServerSays>

/** A second name server of the zone, which says of TLSA records what the test has it say. */
function withSecondServer(facts: CheckFacts, change: Change, first: Change = () => ({})): CheckFacts {
  const servers = (facts.servers ?? []).map((one) =>
    one.topic !== 'tlsa'
      ? one
      : {
          ...one,
          servers: one.servers.flatMap((says) => [
            { ...says, ...first(says) },
            { ...says, server: 'ns2.elsewhere.example', address: '192.0.2.99', ...change(says) },
          ]),
        },
  )
  return { ...facts, servers }
}

const other = `3 1 1 ${'ab'.repeat(32)}`
const onlyOther: Change = () => ({ records: [other] })
const nothing: Change = () => ({ says: 'nxdomain', records: [] })

async function altered(host: string, change: Change, first?: Change): Promise<DoctorReport> {
  const facts = await lab.gather(host, { sections, isHost: true })
  return diagnose(withSecondServer(facts, change, first), { kind: 'host', now: lab.lab.clock.now() })
}

test('RFC 7671 §8.1: a key that one of two name servers has no record of holds mail back by luck, and which one is said', async () => {
  const report = await altered('mx.good.example', onlyOther)
  const { keys, steps } = onlyHost(report)
  assert.equal(report.verdict, 'broken')
  assert.match(
    report.first ?? '',
    /^Get the record of the live (?:ECDSA and RSA|RSA and ECDSA) key onto ns2\.elsewhere\.example \[192\.0\.2\.99\], or put/,
  )
  assert.deepEqual(
    keys.map(({ on, notOn }) => [on.length, notOn]),
    [
      [1, ['ns2.elsewhere.example [192.0.2.99]']],
      [1, ['ns2.elsewhere.example [192.0.2.99]']],
    ],
  )
  assert.equal(steps[0]?.publish[0]?.text.split('\n').length, 2)
  assert.ok(!steps.some(({ id }) => id === 'tlsa-differs-between-servers'))
})

test('a name server without any TLSA record leaves mail unprotected by luck, and holds none back', async () => {
  const report = await altered('mx.good.example', nothing)
  assert.equal(report.verdict, 'act-soon')
  assert.deepEqual(onlyHost(report).keys[0]?.without, ['ns2.elsewhere.example [192.0.2.99]'])
  assert.equal(onlyHost(report).steps[0]?.id, 'tlsa-differs-between-servers')
})

test('a record that caches alone still have is to be put back at once', async () => {
  const report = await altered('mx.good.example', onlyOther, onlyOther)
  assert.equal(report.verdict, 'broken')
  assert.match(report.first ?? '', /^Put this record back at once: caches still have it/)
})

test('where every record was taken away, caches still demand what they remember', async () => {
  const report = await altered('mx.good.example', nothing, nothing)
  assert.equal(onlyHost(report).steps[0]?.id, 'tlsa-records-gone')
  assert.match(report.first ?? '', /^Put the TLSA records back/)
})

test('a record that is out everywhere and not yet in caches is not to be published once more', async () => {
  const good = onlyHost(await visit('mx.lost.example')).keys[0]?.record ?? assert.fail('no key')
  const isOut: Change = () => ({ records: [good] })
  const report = await altered('mx.lost.example', isOut, isOut)
  assert.equal(report.verdict, 'broken')
  assert.match(report.first ?? '', /for 3600 s, or wait so long: the right record is out/)
  assert.deepEqual(onlyHost(report).steps[0]?.publish, [])
})

test('a record is of the next key or of the old one by the state of a rollover, and by nothing else where there is one', async () => {
  const facts = await lab.gather('mx.good.example', { sections, isHost: true })
  const zeros = `3 1 1 ${'00'.repeat(32)}`
  const role = (rollover: KnownRollover | undefined) => {
    const report = diagnose(facts, { kind: 'host', now: lab.lab.clock.now(), rolloverOf: () => rollover })
    const { records, steps } = onlyHost(report)
    return [records.find((one) => one.record === zeros)?.role, ...steps.map(({ id }) => id)]
  }
  assert.deepEqual(role(undefined), ['maybe-next'])
  assert.deepEqual(role({ next: [zeros], old: [] }), ['next', 'tlsa-next-published'])
  assert.deepEqual(role({ next: [], old: [zeros] }), ['old', 'tlsa-old-published'])
  assert.equal(role({ next: [], old: [] })[0], 'matches-nothing')
})

test('every finding about DANE has a remedy, and every remedy a finding', () => {
  const known = new Set(findingRegistry.map(({ id }) => id))
  assert.deepEqual(
    Object.keys(remedies).filter((id) => !known.has(id)),
    [],
  )
  assert.deepEqual(
    findingRegistry.flatMap(({ id, section }) => (section === 'dane' && remedies[id] === undefined ? [id] : [])),
    [],
  )
})

test('what name servers and mail servers say reaches a terminal escaped, and no line of prose is wider than it', async () => {
  const evil = 'ns\u001b[2J\u202e'
  const report = await altered('mx.good.example', () => ({
    says: 'useless',
    reason: evil,
    server: evil,
    records: [evil],
  }))
  let text = ''
  const sink = {
    write(more: string) {
      text += more
      return true
    },
    once: () => undefined,
  }
  writeDoctor(report, createOut({ stdout: sink, stderr: sink, environment: { COLUMNS: '60', LC_ALL: 'C.UTF-8' } }))
  assert.match(text, /\\x1b\[2J\\u202e/)
  assert.doesNotMatch(text, /[^\P{C}\n]/u)
  const wide = text
    .split('\n')
    .filter((line) => line.length > 60 && !/IN TLSA|^ +\d \d \d [0-9a-f]+$|\S{40}/.test(line))
  assert.deepEqual(wide, [])
})
