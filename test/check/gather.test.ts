// How a check goes about it: sections as they finish, round trips, deadlines, and what strangers say.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type SectionName, sectionNames } from '../../src/core/check/check-facts.ts'
import { checkReport } from '../../src/core/check/check-report.ts'
import type { CheckReport } from '../../src/core/check/report.ts'
import { formatType } from '../../src/core/dns/types.ts'
import { formatName } from '../../src/core/name/text.ts'
import type { Resolver } from '../../src/io/resolver/resolver.ts'
import { writeCheck } from '../../src/programs/check/check-text.ts'
import { gatherFacts } from '../../src/programs/check/gather.ts'
import { createOut } from '../../src/programs/cli/out.ts'
import { type CheckLab, startCheckLab } from '../support/check-lab.ts'
import { domain } from '../support/domain.ts'

const hosts = [1, 2, 3]
const world = `
zone a.example
${hosts.map((at) => `zone a.example MX ${at} mx${at}.a.example`).join('\n')}
${hosts.map((at) => `zone _25._tcp.mx${at}.a.example TLSA 3 1 1 {mx${at}.a.example.spki.sha256}`).join('\n')}
${hosts.map((at) => `host mx${at}.a.example address=192.0.2.${at},192.0.2.${at + 10}`).join('\n')}
policy a.example mode=enforce mx=*.a.example max_age=2592000
zone _smtp._tls.a.example TXT "v=TLSRPTv1; rua=mailto:reports@a.example"
zone b.example
zone b.example MX 10 mx1.a.example
zone evil.example
zone evil.example MX 10 mx.evil.example
zone evil.example TXT "v=STSv1; \\"<script>alert(1)</script>\\027[2J"
host mx.evil.example greeting="220 mx \\u001b[31m<script>" ehlo="250-<img src=x>\\n250 XSTARTTLS"
policy evil.example body="version: STSv1\\nmode: enforce\\n<script>alert(1)</script>\\n"
`.replaceAll('\\u001b', '\u001b')

let lab: CheckLab

before(async () => {
  lab = await startCheckLab(world, { dnsDelayMs: 20, patience: 10 }) // a slow machine asks nothing twice
})
after(() => lab.close())

// How soon the first one comes is for bench/check.ts to show: chains that do not wait for each other add up here.
test('three hosts of two addresses: each section as it finishes, all within 60 round trips', async () => {
  lab.lab.reset()
  const rounds: (readonly [SectionName, number])[] = []
  const facts = await lab.gather('a.example', { onSection: (section) => rounds.push([section, lab.lab.rounds()]) })
  // An SMTP session with STARTTLS takes eight round trips, a policy three; nothing else waits for either.
  assert.ok(lab.lab.rounds() <= 60 - 8, JSON.stringify(rounds))
  assert.deepEqual(rounds.map(([section]) => section).sort(), [...sectionNames].sort())
  assert.equal(checkReport(facts, lab.lab.clock.now()).verdict, 'protected')
  const connections = () =>
    hosts.map((at) => lab.lab.diary.connected.filter((name) => name === `mx${at}.a.example`).length)
  assert.deepEqual(connections(), [4, 4, 4], 'two for each of two addresses')
  await lab.gather('a.example')
  assert.deepEqual(connections(), [4, 4, 4], 'and none for who asks again')
})

test('no server is asked the same twice, though all of a zone are compared', async () => {
  const own = await startCheckLab(world, { patience: 10 })
  try {
    await own.gather('a.example')
    await own.gather('b.example')
    const lines = own.lab.diary.asked.map(({ server, name, type }) => {
      return `${server} ${formatName(name).toLowerCase()} ${formatType(type)}`
    })
    const twice = lines.filter((line, at) => lines.indexOf(line) < at)
    assert.deepEqual(twice, [])
    const below = (name: string) => lines.filter((line) => line.includes(`.${name}. `) && !line.includes(' ns.'))
    const wildcard = '_waxseal-asks-whether-a-wildcard-answers'
    assert.equal(below('a.example').filter((line) => line.includes(wildcard)).length, 1)
    // RFC 4592 §2.2.1: nothing answers for all where _mta-sts is not there. RFC 2308 §5: nor has what is not there an address.
    const asked = below('b.example').map((line) => line.slice(line.indexOf(' ') + 1))
    assert.deepEqual(asked.toSorted(), [
      '_mta-sts.b.example. TXT',
      '_smtp-tlsrpt.b.example. TXT',
      '_smtp._tls.b.example. TXT',
      'mta-sts.b.example. AAAA',
    ])
    assert.ok(lines.some((line) => line.endsWith('_mta-sts.a.example. TXT')))
  } finally {
    await own.close()
  }
})

test('sections are reported with what is known by then, each of which makes a report', async () => {
  const verdicts: string[] = []
  await lab.gather('a.example', {
    onSection(section, facts) {
      const report = checkReport(facts, lab.lab.clock.now())
      verdicts.push(report.verdict)
      assert.ok(report.sections.some(({ name, state }) => name === section && state === 'done'))
    },
  })
  assert.equal(verdicts.length, sectionNames.length)
  assert.equal(verdicts.at(-1), 'protected')
  assert.ok(verdicts.slice(0, -1).every((verdict) => verdict === 'undetermined' || verdict === 'protected'))
})

test('who gives up is told what was not finished, and nothing follows from it', async () => {
  const facts = await lab.gather('a.example', { signal: AbortSignal.abort(new Error('enough')) })
  const report = checkReport(facts, lab.lab.clock.now())
  assert.equal(report.verdict, 'undetermined')
  assert.deepEqual(report.findings, [])
  assert.equal(report.leftOut.length, sectionNames.length)
})

test('time that is up for lookups alone leaves the sessions that were begun', async () => {
  const late = new AbortController()
  const facts = await lab.gather('a.example', {
    lookupSignal: late.signal,
    onSection: (section) => section === 'mail' && late.abort(new Error('late')),
  })
  assert.ok(facts.hosts !== undefined && facts.mail !== undefined)
  assert.equal(facts.hosts.length, 3)
})

test('where the resolver asked is of no use, name servers are not asked either, and nothing follows for the domain', async () => {
  const nowhere = { zone: undefined, server: undefined, cached: false, chain: [] } as const
  const resolver: Resolver = {
    ...lab.world.resolver,
    resolve: async (name, type) => ({
      ...{ kind: 'failure', name, type, why: 'bogus', reason: 'it strips records', ede: 10, isOurs: true, ...nowhere },
    }),
  }
  const { signal } = new AbortController()
  const facts = await gatherFacts(domain('a.example'), { signal }, { ...lab.world, resolver })
  assert.deepEqual(facts.leftOut, ['servers, as the resolver asked here is of no use'])
  const { verdict, findings } = checkReport(facts, lab.lab.clock.now())
  assert.deepEqual([verdict, findings.filter(({ severity }) => severity !== 'note')], ['undetermined', []])
})

function textOf(report: CheckReport): string {
  const parts: string[] = []
  const sink = { write: (more: string) => parts.push(more) > 0, once: () => undefined }
  writeCheck(report, createOut({ stdout: sink, stderr: sink, environment: { LC_ALL: 'C.UTF-8' } }))
  return parts.join('')
}

test('a note about several hosts stands once, with all of them', async () => {
  const text = textOf(await lab.check('a.example')).replaceAll(/\s+/g, ' ')
  assert.match(text, /: mx1\.a\.example, mx2\.a\.example, mx3\.a\.example \[tlsa-no-next-key\]/)
})

test('what strangers say reaches a terminal escaped, and JSON as it is', async () => {
  const report = await lab.check('evil.example')
  const text = textOf(report)
  assert.doesNotMatch(text.replaceAll('\n', ''), /\p{C}/u)
  assert.match(text, /<script>/)
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report)
  const wide = text
    .split('\n')
    .filter((line) => line.length > 80 && line.trim().includes(' ') && !/ IN |^ {6}\S/.test(line))
  assert.deepEqual(wide, [])
})

test('IPv4 alone leaves IPv6 addresses out, and says so', async () => {
  const six = await startCheckLab(`
zone a.example
zone a.example MX 1 mx.a.example
host mx.a.example address=192.0.2.1,2001:db8::1`)
  try {
    const facts = await six.gather('a.example', { ipv4: true })
    assert.deepEqual(
      facts.hosts?.[0]?.notProbed.map(({ address }) => address),
      ['2001:db8::1'],
    )
    assert.deepEqual(facts.leftOut, ['IPv6 addresses were not connected to'])
  } finally {
    await six.close()
  }
})
