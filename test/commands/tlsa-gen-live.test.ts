// What `waxseal tlsa gen` makes of hosts in a lab, and with which status it ends.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type GenBed, openGenBed, recordsIn } from '../support/gen-bed.ts'

let bed: GenBed
before(async () => {
  bed = await openGenBed()
})
after(() => bed.close())

const file = (name: string) => bed.file(name)
const genLive: GenBed['genLive'] = (...args) => bed.genLive(...args)

test('the records of a host are those of what each of its addresses shows, and match what is published', async () => {
  const ended = await genLive('--host', 'mx.dane.example')
  assert.deepEqual([ended.status, ended.stderr], [0, ''])
  assert.match(
    ended.stdout,
    /^; key \(P-256\) of mx\.dane\.example \[[\d.]+\] \(ECDSA\); shown now by [\d.]+ \(ECDSA\); published already$/m,
  )
  assert.match(ended.stdout, /^_25\._tcp\.mx\.dane\.example\. 3600 IN TLSA 3 1 1 [0-9a-f]{64}$/m)
})

test('all MX hosts of a domain are looked at, and one key at two addresses is one record', async () => {
  const ended = await genLive('--domain', 'dane.example')
  assert.equal(ended.status, 0)
  const records = recordsIn(ended)
  assert.deepEqual(
    records.map((line) => line.split(' ')[0]),
    ['_25._tcp.mx.dane.example.', '_25._tcp.two.dane.example.'],
  )
  assert.match(ended.stdout, /shown now by 192\.0\.2\.81 \(RSA\), 192\.0\.2\.82 \(RSA\)$/m)
  assert.match(ended.stderr, /two\.dane\.example \[192\.0\.2\.81\] \(RSA\).* is replaced before/)
})

test('records of an alias stand where they are looked for', async () => {
  const ended = await genLive('--host', 'mail.alias.example')
  assert.equal(ended.status, 0)
  assert.deepEqual(recordsIn(ended), recordsIn(await genLive('--host', 'mx.dane.example')))
})

test('usage 2 is of the authority that the host sends', async () => {
  const ended = await genLive('--host', 'mx.authority.example', '--form', '2 1 1')
  assert.equal(ended.status, 0)
  assert.match(ended.stdout, /key of the authority "Lab Private Root"/)
  assert.match(ended.stdout, /shown now by [\d.]+ \(ECDSA\)/)
  assert.doesNotMatch(ended.stderr, /intermediate/)
})

test('a public intermediate is warned of as one', async () => {
  const ended = await genLive('--host', 'mx.public.example', '--form', '2 1 1')
  assert.equal(ended.status, 0)
  assert.match(
    ended.stderr,
    /"Lab Public Intermediate": a public authority signs the next certificate by another one without/,
  )
})

test('DANE-89: of files it is said which record is of what the host shows', async () => {
  const ended = await genLive('--host', 'mx.dane.example', file('chain.pem'))
  assert.equal(ended.status, 0)
  assert.match(ended.stdout, /^; key \(RSA 2048\) of \S+chain\.pem; shown nowhere now$/m)
  assert.match(ended.stderr, /mx\.dane\.example \[[\d.]+\] shows a certificate \(ECDSA\) that is without a record here/)
})

const lives: [what: string, args: string[], status: number, records: number, said: RegExp][] = [
  [
    'a zone that is not signed',
    ['--host', 'mx.plain.example'],
    0,
    1,
    /the zone of mx\.plain\.example is not signed, or not proved here/,
  ],
  [
    'DANE-84: no STARTTLS',
    ['--host', 'mx.clear.example'],
    65,
    0,
    /does not offer STARTTLS; publish no TLSA record before it works/,
  ],
  [
    'a host that is down',
    ['--host', 'mx.down.example'],
    75,
    0,
    /mx\.down\.example \[[\d.]+\]: .*; records of what it shows may be missing here/,
  ],
  ['one of two hosts that is down', ['--domain', 'down.example'], 75, 1, /mx\.down\.example/],
  ['a host without address', ['--host', 'none.dane.example'], 69, 0, /none\.dane\.example: it has no address/],
  [
    'DANE-85: a host of somebody else',
    ['--domain', 'guest.example'],
    0,
    1,
    /mx\.dane\.example is not of guest\.example: its TLSA records/,
  ],
  ['both families', ['--host', 'mx.six.example'], 0, 1, /^$/],
  ['one family of two', ['--host', 'mx.six.example', '--ipv4'], 0, 1, /mx\.six\.example: 2001:db8::91 left out/],
  [
    'the family that is left out alone',
    ['--host', 'mx.only.example', '--ipv4'],
    1,
    0,
    /mx\.only\.example: 2001:db8::92 left out/,
  ],
  ['a domain that takes no mail', ['--domain', 'null.example'], 68, 0, /null\.example takes no mail/],
  ['a domain that is not there', ['--domain', 'nowhere.example'], 69, 0, /there is no such domain/],
  ['a domain whose MX records are bogus', ['--domain', 'bogus.example'], 75, 0, /its MX records cannot be looked up/],
]
for (const [what, args, status, records, said] of lives) {
  test(`${what}: ${status}`, async () => {
    const ended = await genLive(...args)
    assert.equal(ended.status, status, ended.stderr)
    assert.equal(recordsIn(ended).length, records)
    assert.match(ended.stderr, said)
  })
}

test('the zone of a signed host is known, and that of others taken from its name', async () => {
  const signed = await genLive('--host', 'mx.dane.example', '--format', 'octodns')
  assert.match(signed.stdout, /^_25\._tcp\.mx:$/m)
  assert.equal(signed.stderr, '')
  const plain = await genLive('--host', 'mx.plain.example', '--format', 'octodns')
  assert.match(plain.stderr, /taking plain\.example\. for the zone/)
})
