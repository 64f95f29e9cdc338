import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '../../src/core/dns/message.ts'
import { TYPE } from '../../src/core/dns/types.ts'
import { limits } from '../../src/core/limits.ts'
import { mapRecords, withLastOctetChanged, withoutDnssec } from '../../src/programs/lab/dns/spoil.ts'
import type { Asked } from './fake-exchange.ts'
import { show, start } from './memory-resolver.ts'
import { type Change, engines, signedWorld, verdictOf } from './signed-world.ts'

const world = signedWorld(`
zone alpha.example
zone mx.alpha.example A 203.0.113.1
zone alias.alpha.example CNAME mx.alpha.example
zone beta.example denial=nsec3
zone mx.beta.example A 203.0.113.2
`)
const question = 'mx.alpha.example. A'

/** Signatures that do not fit. */
function spoilt(message: Message): Message {
  return {
    ...message,
    ...mapRecords({ ...message }, (one) => (one.type === TYPE.RRSIG ? withLastOctetChanged(one) : one)),
  }
}

function stripped(message: Message): Message {
  return { ...message, ...withoutDnssec({ ...message }) }
}

/** Changes the replies to some questions that come from some sources. */
function where(isMeant: (asked: Asked) => boolean, change: (message: Message) => Message): Change {
  return (message, asked) => (isMeant(asked) ? change(message) : undefined)
}

const targets = [question, 'alpha.example. DNSKEY', 'alpha.example. DS', 'example. DNSKEY', '. DNSKEY']
for (const target of targets) {
  for (const [how, change] of [
    ['spoilt', spoilt],
    ['stripped', stripped],
  ] as const) {
    test(`RES-12, DNSSEC-63: a ${how} ${target} is asked for again with CD=0, and the good copy is secure`, async () => {
      const isMeant = (one: Asked) => one.question === target && one.checkingDisabled
      const { ask, asked } = world.resolver('forward', where(isMeant, change))
      assert.equal(verdictOf(await ask(question)), 'secure')
      assert.deepEqual(
        asked.filter((line) => line.includes(` ${target}`)),
        [`192.0.2.1 ${target} cd`, `192.0.2.1 ${target}`],
      )
    })

    test(`RES-12, DNSSEC-63: a ${how} ${target} is asked for at another server, and the good copy is secure`, async () => {
      const isMeant = (one: Asked) => one.question === target && one.server === '192.0.2.1'
      const { ask } = world.resolver('forward', where(isMeant, change))
      assert.equal(verdictOf(await ask(question)), 'secure')
    })

    test(`DNSSEC-63, DNSSEC-01: a ${how} ${target} from everywhere is bogus, after a few tries`, async () => {
      const { ask, asked } = world.resolver(
        'forward',
        where((one) => one.question === target, change),
      )
      const resolution = await ask(question)
      assert.equal(show(resolution), 'failure bogus')
      const tries = asked.filter((line) => line.includes(` ${target}`)).length
      // Who strips the anchor's own signatures is named at once, and each way to ask it tried once: see capability.test.ts
      const isNamed = how === 'stripped' && target === '. DNSKEY'
      assert.equal(tries, isNamed ? 4 : limits.resolver.serversTriedWhenBogus)
      assert.ok(resolution.kind === 'failure')
      const [owner = '', type = ''] = target.split(' ')
      assert.ok(resolution.reason.includes(owner) && resolution.reason.includes(type), resolution.reason)
      assert.match(resolution.reason, /^[^\n]+$/)
      assert.match(resolution.server ?? '', /^192\.0\.2\.[12]$/)
      assert.ok(resolution.zone !== undefined && resolution.ede !== undefined)
    })
  }
}

test('RES-12: a server that says SERVFAIL to CD=0 may be right: the next one is asked', async () => {
  const { ask, asked } = world.resolver('forward', (message, one) => {
    if (one.question !== question || one.server === '192.0.2.2') return undefined
    return one.checkingDisabled ? spoilt(message) : { flags: 'servfail' }
  })
  assert.equal(verdictOf(await ask(question)), 'secure')
  assert.deepEqual(
    asked.filter((line) => line.includes(question)),
    [`192.0.2.1 ${question} cd`, `192.0.2.1 ${question}`, `192.0.2.2 ${question} cd`],
  )
})

test('RES-12: what is bogus stays bogus when no other server has an answer', async () => {
  const { ask } = world.resolver('forward', (message, one) => {
    if (one.question !== question) return undefined
    return one.server === '192.0.2.1' && one.checkingDisabled ? spoilt(message) : { flags: 'servfail' }
  })
  assert.equal(show(await ask(question)), 'failure bogus')
})

for (const engine of engines) {
  test(`DNSSEC-66: ${engine}: what is bogus is not asked for again for 60 s, and then longer`, async () => {
    const { ask, asked, clock } = world.resolver(
      engine,
      where((one) => one.question === question, spoilt),
    )
    const first = await ask(question)
    assert.equal(show(first), 'failure bogus')
    const sent = asked.length
    clock.move(59)
    const again = await ask(question)
    assert.deepEqual([asked.length, again.kind === 'failure' && again.cached], [sent, true])
    clock.move(1)
    await ask(question)
    const more = asked.length
    assert.ok(more > sent)
    clock.move(119)
    await ask(question)
    assert.equal(asked.length, more)
  })

  test(`DNSSEC-66: ${engine}: what was bogus and is mended is secure after 60 s`, async () => {
    let isBroken = true
    const { ask, clock } = world.resolver(
      engine,
      where((one) => isBroken && one.question === question, spoilt),
    )
    assert.equal(show(await ask(question)), 'failure bogus')
    isBroken = false
    clock.move(60)
    assert.equal(verdictOf(await ask(question)), 'secure')
  })

  test(`DNSSEC-66: ${engine}: a zone whose keys are bogus costs nothing for 60 s, whatever is asked of it`, async () => {
    const isKeys = (one: Asked) => one.question === 'alpha.example. DNSKEY'
    const { ask, asked, clock } = world.resolver(engine, where(isKeys, spoilt))
    assert.equal(show(await ask(question)), 'failure bogus')
    clock.move(59)
    const sent = asked.length
    assert.equal(show(await ask('www.alpha.example. MX')), 'failure bogus')
    assert.equal(asked.slice(sent).filter((line) => line.includes('DNSKEY')).length, 0)
  })

  test(`DNSSEC-58: ${engine}: a bogus link makes the whole chain bogus`, async () => {
    const isTarget = (one: Asked) => one.question === question || one.question === 'alias.alpha.example. A'
    const change = (message: Message) => {
      const spoil = (record: Message['answer'][number]) =>
        record.type === TYPE.A ? { ...record, rdata: Uint8Array.of(203, 0, 113, 66) } : record
      return { ...message, answer: message.answer.map(spoil) }
    }
    const { ask } = world.resolver(engine, where(isTarget, change))
    assert.equal(show(await ask('alias.alpha.example. A')), 'failure bogus')
  })

  test(`DNSSEC-58, RES-22: ${engine}: a bad copy of the target beside a good alias is asked for by itself`, async () => {
    const isAlias = (one: Asked) => one.question === 'alias.alpha.example. A'
    const change = (message: Message) => ({
      ...message,
      answer: message.answer.map((one) => (one.type === TYPE.A ? withLastOctetChanged(one) : one)),
    })
    const { ask } = world.resolver(engine, where(isAlias, change))
    assert.equal(
      show(await ask('alias.alpha.example. A')),
      'answer secure 3600 mx.alpha.example. 3600 IN A 203.0.113.1',
    )
  })

  test(`DNSSEC-03: ${engine}: AD on forged data makes no difference`, async () => {
    const { ask } = world.resolver(engine, (_, one) =>
      one.question === question ? { flags: 'aa ad', answer: 'mx.alpha.example. A 203.0.113.66' } : undefined,
    )
    assert.equal(show(await ask(question)), 'failure bogus')
  })

  test(`DNSSEC-01, RES-11: ${engine}: servers that pass on no DNSSEC records make a signed world bogus, never insecure`, async () => {
    const { ask } = world.resolver(
      engine,
      where(() => true, stripped),
    )
    for (const one of [question, 'nobody.alpha.example. A', 'mx.beta.example. AAAA', 'nowhere. A']) {
      const resolution = await ask(one)
      assert.equal(resolution.kind, 'failure', one)
    }
  })

  test(`DNSSEC-01: ${engine}: keys and DS records that cannot be had are a failure that names them`, async () => {
    for (const hidden of ['alpha.example. DNSKEY', 'example. DNSKEY', '. DNSKEY']) {
      const { ask } = world.resolver(engine, (_, one) => (one.question === hidden ? 'timeout' : undefined))
      const resolution = await ask(question)
      assert.equal(show(resolution), 'failure timeout')
      const [zone = ''] = hidden.split(' ')
      const reason = resolution.kind === 'failure' ? resolution.reason : ''
      assert.ok(reason.startsWith(`DNSKEY of ${zone}: `) && reason.includes('does not answer'), reason)
    }
  })

  const years: [why: string, now: number, said: RegExp][] = [
    ['slow', Date.UTC(2001, 0, 1), /the clock says 2001-01-01T00:00:00Z, which the keys of \. rule out: /],
    ['fast', Date.UTC(2060, 0, 1), /the clock says 2060-01-01T00:00:00Z, which the keys of \. rule out: /],
  ]
  for (const [why, now, said] of years) {
    test(`DNSSEC-28: ${engine}: a clock that is ${why} by years makes everything fail, and is named`, async () => {
      const { ask } = world.resolver(engine, undefined, { clock: { now: () => now } })
      const resolution = await ask(question)
      assert.equal(show(resolution), 'failure bogus')
      assert.match(resolution.kind === 'failure' ? resolution.reason : '', said)
    })
  }

  test(`DNSSEC-28: ${engine}: signatures that have ended while the clock may be right are told as such`, async () => {
    const { ask } = world.resolver(engine, undefined, { clock: { now: () => start + 15 * 86_400_000 } })
    const resolution = await ask(question)
    assert.match(resolution.kind === 'failure' ? resolution.reason : '', /DNSKEY of \. ended 2026-07-15T00:00:00Z$/)
    assert.equal(resolution.kind === 'failure' && resolution.ede, 7)
  })

  test(`DNSSEC-27, DNSSEC-25: ${engine}: secure data ends with its signature, in memory too`, async () => {
    const { ask, clock, asked } = world.resolver(engine)
    clock.move(14 * 86_400 - 100)
    assert.equal(show(await ask(question)), 'answer secure 100 mx.alpha.example. 100 IN A 203.0.113.1')
    clock.move(99)
    assert.equal(show(await ask(question)), 'answer secure 1 mx.alpha.example. 1 IN A 203.0.113.1')
    const sent = asked.length
    clock.move(2)
    assert.equal(show(await ask(question)), 'failure bogus')
    assert.ok(asked.length > sent)
  })

  test(`DNSSEC-27: ${engine}: a TTL that somebody raised is cut to what was signed`, async () => {
    const raise = (message: Message) => ({
      ...message,
      answer: message.answer.map((one) => ({ ...one, ttl: 432_000 })),
    })
    const { ask } = world.resolver(
      engine,
      where((one) => one.question === question, raise),
    )
    assert.equal(show(await ask(question)), 'answer secure 3600 mx.alpha.example. 3600 IN A 203.0.113.1')
  })
}

test('DNSSEC-63: the next server of a zone is asked when one sends bogus data', async () => {
  const { ask, asked } = world.resolver('iterate', (message, one) => {
    const second = '192.0.2.77'
    if (one.server === world.serverOf('alpha.example') && one.question === question) return spoilt(message)
    const isReferral = message.authority.some(
      ({ type, name }) => type === TYPE.NS && name.key === '\x05alpha\x07example\0',
    )
    if (!isReferral || message.isAuthoritative) return undefined
    const [address] = message.additional
    if (address === undefined) return undefined
    const more = { ...address, rdata: Uint8Array.from(second.split('.').map(Number)) }
    return { ...message, additional: [address, more] }
  })
  const resolution = await ask(question)
  assert.ok(
    asked.some((line) => line === `192.0.2.77 ${question} cd`),
    asked.join('\n'),
  )
  assert.equal(resolution.kind === 'failure' || resolution.status === 'secure', true)
})
