// What a set-up plan says of domains of one lab: with nothing, with half of it, with everything.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { CheckFacts, ServerSays } from '../../src/core/check/check-facts.ts'
import { parseRecord } from '../../src/core/dns/zone-text.ts'
import { parseStsPolicy } from '../../src/core/mtasts/policy.ts'
import { parseStsRecord } from '../../src/core/mtasts/record.ts'
import { namesBody } from '../../src/core/mtasts/sts-id.ts'
import { planSetup } from '../../src/core/publish/setup/plan.ts'
import type { SetupPlan, SetupStep, SetupWishes, StepState } from '../../src/core/publish/setup/report.ts'
import { createOut } from '../../src/programs/cli/out.ts'
import { parseHostConfig } from '../../src/programs/publish/host/host-config.ts'
import { gatherSetup, type SetupGathered } from '../../src/programs/publish/setup/gather-setup.ts'
import { formatSetupMarkdown } from '../../src/programs/publish/setup/setup-markdown.ts'
import { readWishes } from '../../src/programs/publish/setup/setup-options.ts'
import { writeSetup, writeSetupBrief } from '../../src/programs/publish/setup/setup-text.ts'
import { formatSetupZone } from '../../src/programs/publish/setup/setup-zone.ts'
import { type CheckLab, startCheckLab } from '../support/check-lab.ts'
import { domain } from '../support/domain.ts'

const world = `
clock 2026-06-01T12:00:00Z
zone bare.example signed=no
zone bare.example MX 10 mx.bare.example
host mx.bare.example starttls=no greeting="220 mx.bare.example ESMTP Exim 4.96"
zone half.example
zone half.example MX 10 mx.half.example
zone half.example MX 20 in.provider.example
zone half.example CAA 0 issue "ca.example"
zone _smtp._tls.half.example TXT "v=TLSRPTv1; rua=mailto:tls@half.example"
host mx.half.example also=rsa
policy half.example mode=testing mx=mx.half.example
zone provider.example
host in.provider.example
zone all.example
zone all.example MX 10 mx.all.example
zone _25._tcp.mx.all.example TLSA 3 1 1 {mx.all.example.spki.sha256}
zone _smtp._tls.all.example TXT "v=TLSRPTv1; rua=mailto:tls@half.example"
host mx.all.example
policy all.example mx=mx.all.example max_age=2419200
zone begun.example
zone begun.example MX 10 mx.begun.example
host mx.begun.example certificate=self-signed
policy begun.example mode=testing mx=mx.begun.example
zone guest.example signed=no
zone guest.example MX 10 in.provider.example
zone mta-sts.guest.example CNAME mta-sts.half.example
zone _mta-sts.guest.example CNAME _mta-sts.half.example
zone failing.example
zone failing.example MX 10 mx.failing.example
zone _25._tcp.mx.failing.example TLSA 3 1 1 {mx.failing.example.spki.sha256} servfail
zone _smtp._tls.failing.example TXT "v=TLSRPTv1; rua=mailto:tls@half.example" bogus
host mx.failing.example
zone wrong.example
zone wrong.example MX 10 mx.wrong.example
zone wrong.example MX 20 none.wrong.example
zone _25._tcp.mx.wrong.example TLSA 3 1 1 {zeros.32}
host mx.wrong.example
zone evil.example
zone evil.example MX 10 mx.evil.example
zone _smtp._tls.evil.example TXT "v=TLSRPTv1; rua=mailto:a@evil.example,https://x.example/\\027[2J|<b>"
zone _mta-sts.evil.example TXT "v=STSv1; id=\\027[31m"
host mx.evil.example greeting="220 mx \\x1b[31m postfix"
`.replaceAll('\\x1b', '\u001b')

let lab: CheckLab

before(async () => {
  lab = await startCheckLab(world)
})
after(() => lab.close())

const usual: SetupWishes = readWishes({}, 0)

function gather(name: string): Promise<SetupGathered> {
  const signal = new AbortController().signal
  const { world: checking, resolverOptions } = lab
  return gatherSetup(domain(name), { checking, resolverOptions, signal, lookupSignal: signal })
}

async function planOf(name: string, wishes: Partial<SetupWishes> = {}): Promise<SetupPlan> {
  const { facts, caa } = await gather(name)
  return planSetup(facts, { ...usual, ...wishes }, { now: lab.lab.clock.now(), caa })
}

function statesOf({ steps }: SetupPlan): [string, StepState][] {
  return steps.map(({ id, state }) => [id, state])
}

function stepOf({ steps }: SetupPlan, id: string): SetupStep {
  return steps.find((step) => step.id === id) ?? assert.fail(`no step ${id}`)
}

test('of a domain with nothing everything is to be done, and TLSA records wait for STARTTLS and DNSSEC', async () => {
  const plan = await planOf('bare.example')
  assert.equal(plan.state, 'to-do')
  assert.deepEqual(statesOf(plan), [
    ['starttls', 'to-do'],
    ['certificates', 'to-do'],
    ['dnssec', 'to-do'],
    ['tlsa mx.bare.example', 'later'],
    ['reports', 'to-do'],
    ['policy-host', 'to-do'],
    ['policy', 'to-do'],
    ['sts-record', 'to-do'],
    ['enforce', 'later'],
    ['outgoing', 'unseen'],
  ])
  assert.deepEqual(stepOf(plan, 'tlsa mx.bare.example').after, ['starttls', 'dnssec'])
  assert.match(stepOf(plan, 'dnssec').notes.join(), /MTA-STS works without DNSSEC/)
  assert.match(stepOf(plan, 'starttls').texts[0]?.where ?? '', /^Exim: /)
})

test('RFC 8461 §8.1: host, file, record come in this order, after reports, and the record names the body of the file', async () => {
  const plan = await planOf('bare.example')
  assert.deepEqual(stepOf(plan, 'policy').after, ['policy-host'])
  assert.deepEqual(stepOf(plan, 'sts-record').after, ['reports', 'policy'])
  const file = stepOf(plan, 'policy').texts[0]?.text ?? ''
  const policy = parseStsPolicy(file)
  assert.ok(policy.ok && policy.value.mode === 'testing')
  const text = /"(.*)"/.exec(stepOf(plan, 'sts-record').texts[0]?.text ?? '')?.[1] ?? ''
  const record = parseStsRecord(text)
  assert.ok(record.ok)
  assert.ok(
    namesBody(
      record.value.id,
      file
        .split('\n')
        .map((line) => `${line}\r\n`)
        .join(''),
    ),
    record.value.id,
  )
})

test('of a domain with half of it what is there is done, what lies in the zone of a provider is his, and a policy is made whole', async () => {
  const plan = await planOf('half.example')
  assert.deepEqual(statesOf(plan), [
    ['starttls', 'done'],
    ['certificates', 'done'],
    ['dnssec', 'done'],
    ['tlsa mx.half.example', 'to-do'],
    ['tlsa in.provider.example', 'others'],
    ['reports', 'done'],
    ['policy-host', 'done'],
    ['policy', 'to-do'],
    ['sts-record', 'done'],
    ['enforce', 'to-do'],
    ['outgoing', 'unseen'],
  ])
  assert.equal(stepOf(plan, 'tlsa mx.half.example').texts[0]?.text.split('\n').length, 2, 'RSA and ECDSA')
  assert.equal(stepOf(plan, 'tlsa in.provider.example').whoseName, 'provider.example')
  const policy = stepOf(plan, 'policy')
  assert.match(policy.seen.join('; '), /it does not list in\.provider\.example/)
  assert.match(policy.texts[0]?.text ?? '', /^mx: mx\.half\.example\nmx: in\.provider\.example$/m)
  // Who is announced already needs a new id with the new file, and no lesson about web servers.
  assert.deepEqual(
    policy.texts.map(({ kind }) => kind),
    ['file', 'dns'],
  )
  assert.match(
    policy.notes.join('; '),
    /^.*CAA at half\.example\. says who may issue certificates: 0 issue "ca\.example"/,
  )
  assert.match(stepOf(plan, 'reports').notes.join(), /all reports go to the domain itself/)
})

test('the settings for our own policy host are such, and name the folder of the file', async () => {
  const { texts } = stepOf(await planOf('bare.example'), 'policy')
  const ours = texts.find(({ where }) => where.startsWith('waxseal sts host: ')) ?? assert.fail('not there')
  const path = ours.where.slice('waxseal sts host: '.length)
  const config = await parseHostConfig(ours.text, path)
  assert.equal(config.policies, '/etc/waxseal/policies')
  assert.match(ours.note, /^The policy file is \/etc\/waxseal\/policies\/bare\.example\.txt/)
})

test('of a domain with everything every step is done, and only what nobody sees is shown', async () => {
  const plan = await planOf('all.example')
  assert.equal(plan.state, 'done')
  assert.deepEqual(
    statesOf(plan).filter(([, state]) => state !== 'done'),
    [['outgoing', 'unseen']],
  )
  assert.deepEqual(
    plan.steps.flatMap(({ id, texts }) => (texts.length > 0 ? [id] : [])),
    ['outgoing'],
  )
})

test('RFC 7672 §2.1.1: a lookup that fails is never told as a record that is not there', async () => {
  const plan = await planOf('failing.example')
  for (const id of ['tlsa mx.failing.example', 'reports']) {
    assert.equal(stepOf(plan, id).state, 'to-do')
    assert.match(
      stepOf(plan, id).seen[0] ?? '',
      /^the lookup fails for everybody, which is not the same as no record: /,
    )
  }
  assert.match(stepOf(plan, 'tlsa mx.failing.example').seen.join('; '), /hold mail back now: "waxseal tlsa doctor"/)
})

test('records that match nothing are told with whom to ask first, and a host without an address as that', async () => {
  const plan = await planOf('wrong.example')
  const { state, seen, texts } = stepOf(plan, 'tlsa mx.wrong.example')
  assert.equal(state, 'to-do')
  assert.match(seen.join('; '), /there, and do not match; .*"waxseal tlsa doctor" says what to do first/)
  assert.equal(texts.length, 1)
  assert.match(stepOf(plan, 'starttls').seen.join('; '), /none\.wrong\.example: it has no address/)
  const none = stepOf(plan, 'tlsa none.wrong.example')
  assert.deepEqual([none.state, none.texts], ['unknown', []])
})

test('RFC 8461 §4.2: a certificate of its own authority is enough for DANE, and not for MTA-STS', async () => {
  const plan = await planOf('begun.example')
  assert.equal(stepOf(plan, 'certificates').state, 'to-do')
  assert.match(
    stepOf(plan, 'certificates').texts[0]?.text ?? '',
    /^certbot certonly --reuse-key --key-type ecdsa .*-d mx\.begun\.example$/m,
  )
  assert.deepEqual(stepOf(plan, 'enforce').after, ['certificates'])
  const withoutSts = await planOf('begun.example', { sts: false })
  assert.deepEqual(
    withoutSts.steps.map(({ id }) => id),
    ['starttls', 'dnssec', 'tlsa mx.begun.example', 'reports', 'outgoing'],
  )
  const withoutDane = await planOf('begun.example', { dane: false, mode: 'testing' })
  assert.deepEqual(
    withoutDane.steps.map(({ id }) => id),
    ['starttls', 'certificates', 'reports', 'policy-host', 'policy', 'sts-record', 'outgoing'],
  )
})

test('RFC 8461 §8.2: a policy of a provider takes two aliases, which are done when they lead to him', async () => {
  const { policyHost } = readWishes({ 'policy-host': 'delegated:mta-sts.half.example' }, 0)
  const bare = await planOf('bare.example', { policyHost })
  assert.equal(stepOf(bare, 'policy-host').texts[0]?.text, 'mta-sts.bare.example. IN CNAME mta-sts.half.example.')
  assert.equal(stepOf(bare, 'sts-record').texts[0]?.text, '_mta-sts.bare.example. 3600 IN CNAME _mta-sts.half.example.')
  assert.deepEqual([stepOf(bare, 'policy').state, stepOf(bare, 'policy').whoseName], ['others', 'mta-sts.half.example'])
  const guest = await planOf('guest.example', { policyHost })
  assert.deepEqual([stepOf(guest, 'policy-host').state, stepOf(guest, 'sts-record').state], ['done', 'done'])
  const other = readWishes({ 'policy-host': 'delegated:mta-sts.other.example' }, 0).policyHost
  const moved = await planOf('guest.example', { policyHost: other })
  assert.deepEqual([stepOf(moved, 'policy-host').state, stepOf(moved, 'sts-record').state], ['to-do', 'to-do'])
})

test('addresses of a policy host that were given are the ones to publish, and the ones that must be there', async () => {
  const { policyHost } = readWishes({ 'policy-host': 'own:192.0.2.9,2001:db8::9' }, 0)
  const plan = await planOf('half.example', { policyHost })
  const { state, texts } = stepOf(plan, 'policy-host')
  assert.equal(state, 'to-do')
  assert.equal(texts[0]?.text, 'mta-sts.half.example. IN A 192.0.2.9\nmta-sts.half.example. IN AAAA 2001:db8::9')
})

test('places for reports that were given must all be in the record', async () => {
  const rua = ['mailto:tls@half.example', 'https://reports.example/tls']
  const { state, texts } = stepOf(await planOf('half.example', { rua }), 'reports')
  assert.equal(state, 'to-do')
  assert.equal(
    texts[0]?.text,
    '_smtp._tls.half.example. 3600 IN TXT "v=TLSRPTv1; rua=mailto:tls@half.example,https://reports.example/tls"',
  )
  assert.equal(stepOf(await planOf('half.example', { rua: ['mailto:tls@half.example'] }), 'reports').state, 'done')
})

test('with a day to start from each step has its day, after the waiting times of those before it', async () => {
  const start = Date.parse('2026-12-01T00:00:00Z')
  const plan = await planOf('bare.example', { start })
  const day = (id: string) => stepOf(plan, id).from
  assert.equal(day('starttls'), '2026-12-01T00:00:00.000Z')
  assert.equal(day('tlsa mx.bare.example'), '2026-12-02T00:00:00.000Z', 'a day after DNSSEC')
  const published = Date.parse(day('sts-record') ?? '')
  const wait = Math.max(...['policy-host', 'reports'].map((id) => stepOf(plan, id).wait?.seconds ?? 0))
  assert.ok(wait > 0)
  assert.equal(published, start + wait * 1000, 'after what caches remember')
  assert.equal(Date.parse(day('enforce') ?? ''), published + 14 * 86_400_000)
  assert.deepEqual(
    (await planOf('all.example', { start })).steps.flatMap(({ from, state }) => (state === 'done' ? (from ?? []) : [])),
    [],
  )
})

/** A second name server, which says of these records what the test has it say. */
function withSecondServer(facts: CheckFacts, topic: string, change: Partial<ServerSays>): CheckFacts {
  const servers = (facts.servers ?? []).map((one) =>
    one.topic !== topic
      ? one
      : {
          ...one,
          servers: one.servers.flatMap((says) => [
            says,
            { ...says, server: 'ns2.elsewhere.example', address: '192.0.2.99', ...change },
          ]),
        },
  )
  return { ...facts, servers }
}

for (const [topic, id] of [
  ['tlsrpt', 'reports'],
  ['sts', 'sts-record'],
  ['tlsa', 'tlsa mx.all.example'],
] as const) {
  test(`${id} is not done while one of two name servers does not have it, which is named`, async () => {
    const { facts, caa } = await gather('all.example')
    const now = lab.lab.clock.now()
    const behind = planSetup(withSecondServer(facts, topic, { says: 'nodata', records: [] }), usual, { now, caa })
    assert.equal(stepOf(behind, id).state, 'to-do')
    assert.match(stepOf(behind, id).seen.join('; '), /not on ns2\.elsewhere\.example \[192\.0\.2\.99\]/)
    const silent = planSetup(withSecondServer(facts, topic, { says: 'silent', records: [] }), usual, { now, caa })
    assert.equal(stepOf(silent, id).state, 'done', 'a server that does not answer holds nothing up')
  })
}

const names = ['bare.example', 'half.example', 'all.example', 'begun.example', 'evil.example']

test('every record of a plan is zone text, and the zone form is a zone file', async () => {
  for (const name of names) {
    const plan = await planOf(name)
    const records = plan.steps.flatMap(({ texts }) =>
      texts.filter(({ kind }) => kind === 'dns').flatMap(({ text }) => text.split('\n')),
    )
    for (const text of records) assert.ok(text.startsWith('; ') || parseRecord(text, { ttl: 3600 }).ok, text)
    const lines = formatSetupZone(plan).split('\n')
    for (const line of lines)
      assert.ok(line === '' || line.startsWith('; ') || parseRecord(line, { ttl: 3600 }).ok, line)
  }
  const half = formatSetupZone(await planOf('half.example'))
  assert.match(half, /^_25\._tcp\.mx\.half\.example\. IN TLSA/m)
  assert.match(half, /^; _25\._tcp\.in\.provider\.example\. IN TLSA/m, 'what belongs into the zone of somebody else')
  assert.equal(half.match(/^_mta-sts/gm)?.length, 1, 'what waits for weeks is a comment')
})

test('at 60 columns no line of prose is wider, and nothing that strangers say passes unescaped', async () => {
  for (const name of names) {
    const { facts, caa } = await gather(name)
    const evil = { says: 'nodata', records: [], server: 'ns\u001b[2J\u202e<b>', address: undefined } as const
    const plan = planSetup(withSecondServer(facts, 'tlsrpt', evil), usual, { now: lab.lab.clock.now(), caa })
    let text = ''
    const sink = {
      write(more: string) {
        text += more
        return true
      },
      once: () => undefined,
    }
    const out = createOut({ stdout: sink, stderr: sink, environment: { COLUMNS: '60', LC_ALL: 'C.UTF-8' } })
    writeSetup(plan, out)
    writeSetupBrief(plan, out)
    // What is to be copied stands two columns in; a word that is longer than a line stands alone.
    const wide = text.split('\n').filter((line) => line.length > 60 && !/^ {2}\S|^ {6}\S| {4}\S|\S{45}/.test(line))
    assert.deepEqual(wide, [])
    for (const form of [text, formatSetupMarkdown(plan), formatSetupZone(plan)])
      assert.doesNotMatch(form, /[^\P{C}\n]/u)
    assert.doesNotMatch(formatSetupMarkdown(plan), /<b>/)
  }
})
