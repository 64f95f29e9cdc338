import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resolution } from '../../src/core/dnssec/resolution.ts'
import { formatName } from '../../src/core/name/text.ts'
import { show } from './memory-resolver.ts'
import { engines, signedWorld, verdictOf } from './signed-world.ts'

const world = signedWorld(`
zone alpha.example
zone alpha.example MX 10 mx.alpha.example
zone mx.alpha.example A 203.0.113.1
zone *.wild.alpha.example TXT "any"
zone *.aliases.alpha.example CNAME mx.alpha.example
zone near.alpha.example CNAME mx.alpha.example
zone far.alpha.example CNAME mx.beta.example
zone out.alpha.example CNAME mx.plain.example
zone gone.alpha.example CNAME none.beta.example
zone d.alpha.example DNAME beta.example
zone a.b.c.alpha.example TXT "below two empty names"
zone child.alpha.example algorithm=ed25519
zone child.alpha.example TXT "child"
zone orphan.alpha.example signed=no
zone orphan.alpha.example TXT "orphan"
zone back.orphan.alpha.example CNAME mx.alpha.example
zone beta.example denial=nsec3 algorithm=rsasha256
zone mx.beta.example A 203.0.113.2
zone *.wild.beta.example TXT "any"
zone orphan.beta.example signed=no
zone orphan.beta.example TXT "orphan"
zone gamma.example denial=opt-out algorithm=ecdsap384
zone mx.gamma.example A 203.0.113.3
zone *.wild.gamma.example TXT "any"
zone orphan.gamma.example signed=no
zone orphan.gamma.example TXT "orphan"
zone plain.example signed=no
zone mx.plain.example A 203.0.113.4
zone back.plain.example CNAME mx.alpha.example
zone odd.example ds=unknown-algorithm
zone odd.example TXT "odd"
zone digest.example ds=unknown-digest
zone digest.example TXT "digest"
zone wrong.example ds=wrong
zone wrong.example TXT "wrong"
zone none.example ds=none
zone none.example TXT "none"
zone heavy.example denial=nsec3 iterations=51
zone heavy.example TXT "heavy"
zone orphan.heavy.example signed=no
zone orphan.heavy.example TXT "orphan"
zone old.example algorithm=rsasha1
zone old.example TXT "old"
`)

const noDs = (zone: string) => `insecure: ${zone} is delegated without DS`
const unsupported = (zone: string) =>
  `insecure: ${zone} is signed with algorithms, keys or digests that are not supported`
const optOut = 'insecure: the proof has an opt-out span, where unsigned names may exist'
const heavy = 'insecure: the proof has more NSEC3 iterations than are allowed'

const judged: [question: string, kind: Resolution['kind'], verdict: string][] = [
  ['alpha.example. MX', 'answer', 'secure'],
  ['ALPHA.Example. MX', 'answer', 'secure'],
  ['mx.alpha.example. A', 'answer', 'secure'],
  ['mx.alpha.example. AAAA', 'nodata', 'secure'],
  ['b.c.alpha.example. TXT', 'nodata', 'secure'],
  ['c.alpha.example. DS', 'nodata', 'secure'],
  ['nobody.alpha.example. A', 'nxdomain', 'secure'],
  ['x.y.nobody.alpha.example. A', 'nxdomain', 'secure'],
  ['one.wild.alpha.example. TXT', 'answer', 'secure'],
  ['one.two.wild.alpha.example. TXT', 'answer', 'secure'],
  ['one.wild.alpha.example. A', 'nodata', 'secure'],
  ['one.aliases.alpha.example. A', 'answer', 'secure'],
  ['near.alpha.example. A', 'answer', 'secure'],
  ['far.alpha.example. A', 'answer', 'secure'],
  ['far.alpha.example. CNAME', 'answer', 'secure'],
  ['gone.alpha.example. A', 'nxdomain', 'secure'],
  ['mx.d.alpha.example. A', 'answer', 'secure'],
  ['d.alpha.example. DNAME', 'answer', 'secure'],
  ['d.alpha.example. A', 'nodata', 'secure'],
  ['child.alpha.example. TXT', 'answer', 'secure'],
  ['child.alpha.example. DS', 'answer', 'secure'],
  ['child.alpha.example. DNSKEY', 'answer', 'secure'],
  ['mx.child.alpha.example. A', 'nxdomain', 'secure'],
  ['mx.beta.example. A', 'answer', 'secure'],
  ['mx.beta.example. AAAA', 'nodata', 'secure'],
  ['nobody.beta.example. A', 'nxdomain', 'secure'],
  ['one.wild.beta.example. TXT', 'answer', 'secure'],
  ['one.wild.beta.example. A', 'nodata', 'secure'],
  ['mx.gamma.example. A', 'answer', 'secure'],
  ['mx.gamma.example. AAAA', 'nodata', 'secure'],
  ['. DNSKEY', 'answer', 'secure'],
  ['. NS', 'answer', 'secure'],
  ['. DS', 'nodata', 'secure'],
  ['example. DS', 'answer', 'secure'],
  ['nowhere. A', 'nxdomain', 'secure'],
  ['plain.example. DS', 'nodata', 'secure'],
  ['orphan.alpha.example. DS', 'nodata', 'secure'],
  ['orphan.alpha.example. TXT', 'answer', noDs('orphan.alpha.example.')],
  ['x.orphan.alpha.example. TXT', 'nxdomain', noDs('orphan.alpha.example.')],
  ['orphan.beta.example. TXT', 'answer', noDs('orphan.beta.example.')],
  ['plain.example. MX', 'nodata', noDs('plain.example.')],
  ['mx.plain.example. A', 'answer', noDs('plain.example.')],
  ['_25._tcp.mx.plain.example. TLSA', 'nxdomain', noDs('plain.example.')],
  ['none.example. TXT', 'answer', noDs('none.example.')],
  ['orphan.gamma.example. DS', 'nodata', optOut],
  ['nobody.gamma.example. A', 'nxdomain', optOut],
  ['one.wild.gamma.example. TXT', 'answer', optOut],
  [
    'orphan.gamma.example. TXT',
    'answer',
    'insecure: orphan.gamma.example. lies in an opt-out span, where delegations may be unsigned',
  ],
  ['odd.example. TXT', 'answer', unsupported('odd.example.')],
  ['digest.example. TXT', 'answer', unsupported('digest.example.')],
  ['old.example. TXT', 'answer', unsupported('old.example.')],
  ['heavy.example. TXT', 'answer', 'secure'],
  ['heavy.example. A', 'nodata', heavy],
  ['nobody.heavy.example. A', 'nxdomain', heavy],
  [
    'orphan.heavy.example. TXT',
    'answer',
    'insecure: orphan.heavy.example. is denied with more NSEC3 iterations than are allowed',
  ],
  ['out.alpha.example. A', 'answer', noDs('plain.example.')],
  ['back.plain.example. A', 'answer', noDs('plain.example.')],
  ['back.orphan.alpha.example. A', 'answer', noDs('orphan.alpha.example.')],
  ['wrong.example. TXT', 'failure', 'bogus: no key matches the DS records of wrong.example.'],
  ['nobody.wrong.example. TXT', 'failure', 'bogus: no key matches the DS records of wrong.example.'],
]
for (const engine of engines) {
  for (const [question, kind, verdict] of judged) {
    test(`DNSSEC-11, DNSSEC-58: ${engine}: ${question} is ${kind}, ${verdict}`, async () => {
      const { ask } = world.resolver(engine)
      const resolution = await ask(question)
      assert.deepEqual([resolution.kind, verdictOf(resolution)], [kind, verdict])
    })
  }

  test(`DNSSEC-11: ${engine}: a resolver that knows much judges as one that knows nothing`, async () => {
    const { ask } = world.resolver(engine)
    for (const [question, kind, verdict] of [...judged, ...judged.toReversed()]) {
      const resolution = await ask(question)
      assert.deepEqual([question, resolution.kind, verdictOf(resolution)], [question, kind, verdict])
    }
  })

  test(`DNSSEC-11: ${engine}: many questions at once are judged as one alone`, async () => {
    const { ask } = world.resolver(engine)
    const all = await Promise.all(judged.map(([question]) => ask(question)))
    assert.deepEqual(
      all.map((resolution) => [resolution.kind, verdictOf(resolution)]),
      judged.map(([, kind, verdict]) => [kind, verdict]),
    )
  })

  const links: [question: string, aliases: string[]][] = [
    ['far.alpha.example. A', ['CNAME secure']],
    ['out.alpha.example. A', ['CNAME secure']],
    ['back.plain.example. A', ['CNAME insecure']],
    ['mx.d.alpha.example. A', ['DNAME secure']],
  ]
  for (const [question, aliases] of links) {
    test(`DANE-26, DNSSEC-58: ${engine}: ${question} tells the status of each alias`, async () => {
      const { ask } = world.resolver(engine)
      const resolution = await ask(question)
      assert.ok(resolution.kind !== 'failure')
      assert.deepEqual(
        resolution.aliases.map(({ via, status }) => `${via} ${status}`),
        aliases,
      )
    })
  }

  test(`DNSSEC-80: ${engine}: the evidence has the chain from the anchor down`, async () => {
    const { ask } = world.resolver(engine)
    const resolution = await ask('child.alpha.example. TXT')
    assert.ok(resolution.kind === 'answer')
    const { chain, signer, expiration } = resolution.evidence
    assert.deepEqual(
      chain.map(({ zone, by, status }) => `${formatName(zone)} ${by} ${status}`),
      ['. anchor secure', 'example. ds secure', 'alpha.example. ds secure', 'child.alpha.example. ds secure'],
    )
    assert.equal(signer && formatName(signer), 'child.alpha.example.')
    assert.equal(expiration, Date.UTC(2026, 6, 15) / 1000)
  })

  test(`DNSSEC-12, DNSSEC-80: ${engine}: the evidence of insecure data ends where the chain does`, async () => {
    const { ask } = world.resolver(engine)
    const resolution = await ask('mx.plain.example. A')
    assert.ok(resolution.kind === 'answer')
    assert.deepEqual(
      resolution.evidence.chain.map(({ zone, by, status }) => `${formatName(zone)} ${by} ${status}`),
      ['. anchor secure', 'example. ds secure', 'plain.example. unsigned-delegation insecure'],
    )
  })

  test(`DNSSEC-10: ${engine}: without an anchor above it everything is insecure`, async () => {
    const { ask } = world.resolver(engine, undefined, { trustAnchors: [] })
    const verdict = verdictOf(await ask('mx.alpha.example. A'))
    assert.match(verdict, /^insecure: no trust anchor is at or above /)
  })

  test(`DNSSEC-69: ${engine}: a secure denial lasts as long as its proof`, async () => {
    const { ask } = world.resolver(engine)
    assert.equal(show(await ask('mx.alpha.example. AAAA')), 'nodata secure 300')
  })
}

test('RES-34: DS records are asked for at the parent, and DNSKEY records at the zone', async () => {
  const { ask, asked } = world.resolver('iterate')
  assert.equal((await ask('child.alpha.example. DS')).kind, 'answer')
  const servers = (text: string) => asked.filter((line) => line.includes(text)).map((line) => line.split(' ')[0])
  assert.equal(servers(' child.alpha.example. DS').at(-1), world.serverOf('alpha.example'))
  assert.equal(servers(' alpha.example. DNSKEY').at(-1), world.serverOf('alpha.example'))
})

test('RES-34: what referrals say of DS records is not asked for again', async () => {
  const { ask, asked } = world.resolver('iterate')
  assert.equal((await ask('child.alpha.example. TXT')).kind, 'answer')
  assert.deepEqual(
    asked.filter((line) => / DS cd$/.test(line)),
    [],
  )
  assert.equal(asked.length, 8)
})

test('RES-34: the absence of DS records in a referral is not asked for again either', async () => {
  const { ask, asked } = world.resolver('iterate')
  await ask('mx.plain.example. A')
  await ask('x.orphan.gamma.example. A')
  assert.deepEqual(
    asked.filter((line) => / DS cd$/.test(line)),
    [],
  )
})

test('RES-34: without DS records in referrals they are asked for', async () => {
  const { ask, asked } = world.resolver('iterate', (message) => {
    const isReferral = message.answer.length === 0 && !message.isAuthoritative
    return isReferral ? { ...message, authority: message.authority.filter(({ type }) => type === 2) } : undefined
  })
  assert.equal(verdictOf(await ask('child.alpha.example. TXT')), 'secure')
  assert.equal(asked.filter((line) => / DS cd$/.test(line)).length, 3)
})

test('DNSSEC-12: nothing is asked about keys below an insecure cut', async () => {
  for (const engine of engines) {
    const { ask, asked } = world.resolver(engine)
    await ask('a.b.c.mx.plain.example. A')
    const below = asked.filter((line) => /\.plain\.example\. (DS|DNSKEY)/.test(line))
    assert.deepEqual(below, [])
  }
})

test('DNSSEC-67: zones are judged once, and their states kept', async () => {
  const { ask, asked, clock } = world.resolver('forward')
  await ask('mx.alpha.example. A')
  const sent = asked.length
  await ask('mx.alpha.example. TXT')
  await ask('nobody.alpha.example. TXT')
  assert.equal(asked.length, sent + 2)
  clock.move(3600)
  await ask('mx.alpha.example. TXT')
  assert.ok(asked.filter((line) => line.includes(' alpha.example. DNSKEY')).length > 1)
})

test('DNSSEC-68: that one cut is insecure says nothing of what stands beside it', async () => {
  const { ask } = world.resolver('forward')
  assert.match(verdictOf(await ask('orphan.gamma.example. TXT')), /^insecure/)
  assert.equal(verdictOf(await ask('mx.gamma.example. A')), 'secure')
})
