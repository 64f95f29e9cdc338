import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryResolver, show } from '../../../test/resolver/memory-resolver.ts'

const answered: [question: string, shown: string][] = [
  ['localhost. A', 'answer insecure 3600 localhost. 3600 IN A 127.0.0.1'],
  ['LOCALHOST. AAAA', 'answer insecure 3600 LOCALHOST. 3600 IN AAAA ::1'],
  ['a.b.localhost. A', 'answer insecure 3600 a.b.localhost. 3600 IN A 127.0.0.1'],
  ['localhost. MX', 'nodata insecure 3600'],
  ['_25._tcp.localhost. TLSA', 'nodata insecure 3600'],
  ['invalid. A', 'nxdomain insecure 3600'],
  ['x.invalid. A', 'nxdomain insecure 3600'],
  ['x.onion. A', 'nxdomain insecure 3600'],
  ['x.alt. A', 'nxdomain insecure 3600'],
  ['local. A', 'failure config'],
  ['printer.local. A', 'failure config'],
]
for (const [question, shown] of answered) {
  test(`RES-38: ${question} is answered here: ${shown}`, async () => {
    const { ask, asked } = memoryResolver(() => 'timeout')
    assert.equal(show(await ask(question)), shown)
    assert.deepEqual(asked, [])
  })
}

test('RES-38: a name for multicast DNS alone fails with a reason that names it', async () => {
  const resolution = await memoryResolver(() => 'timeout').ask('printer.local. A')
  assert.match(resolution.kind === 'failure' ? resolution.reason : '', /A of printer\.local\./)
})

/** Addresses as names in reverse, and whether anyone may be asked about them. */
const reverse: [question: string, isOurs: boolean][] = [
  ...[
    '1.2.3.10',
    '1.0.16.172',
    '1.0.31.172',
    '1.1.168.192',
    '1.0.0.127',
    '1.1.254.169',
    '0.0.0.0',
    '1.2.0.192',
    '1.100.51.198',
    '1.113.0.203',
    '255.255.255.255',
  ].map((text): [string, boolean] => [`${text}.in-addr.arpa. PTR`, true]),
  ...['1.0.15.172', '1.0.32.172', '1.1.169.192', '1.3.0.192', '8.8.8.8', '254.255.255.255', '1.2.3.100'].map(
    (text): [string, boolean] => [`${text}.in-addr.arpa. PTR`, false],
  ),
  [`1.${'0.'.repeat(31)}ip6.arpa. PTR`, true],
  [`${'0.'.repeat(32)}ip6.arpa. PTR`, true],
  [`2.${'0.'.repeat(31)}ip6.arpa. PTR`, false],
  [`${'1.'.repeat(30)}d.f.ip6.arpa. PTR`, true],
  [`${'1.'.repeat(29)}0.8.e.f.ip6.arpa. PTR`.replace('1.', ''), true],
  [`${'1.'.repeat(29)}f.b.e.f.ip6.arpa. PTR`.replace('1.', ''), true],
  [`${'1.'.repeat(29)}0.c.e.f.ip6.arpa. PTR`.replace('1.', ''), false],
  [`${'0.'.repeat(24)}8.b.d.0.1.0.0.2.ip6.arpa. PTR`, true],
  [`${'0.'.repeat(24)}9.b.d.0.1.0.0.2.ip6.arpa. PTR`, false],
]
for (const [question, isOurs] of reverse) {
  test(`RES-38: ${question} ${isOurs ? 'is nobody’s in the public DNS' : 'is looked up'}`, async () => {
    const { ask, asked } = memoryResolver(() => ({ flags: 'nxdomain' }))
    const resolution = await ask(question)
    assert.equal(show(resolution), isOurs ? 'nxdomain insecure 3600' : 'nxdomain insecure 5')
    assert.equal(asked.length, isOurs ? 0 : 1)
  })
}

for (const question of [
  'example. A',
  'localhost.example. A',
  'notlocalhost. A',
  'test. A',
  'in-addr.arpa. NS',
  '. NS',
]) {
  test(`RES-38: ${question} is looked up`, async () => {
    const { ask, asked } = memoryResolver(() => ({ flags: 'nxdomain' }))
    await ask(question)
    assert.equal(asked.length, 1)
  })
}
