// What `waxseal tlsa gen` makes of files and of hosts in a lab, and with which status it ends.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseZone } from '../../src/core/dns/zone-text.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { certify } from '../support/key-chains.ts'
import { commandsIn, type Ended, type LabCommands } from '../support/lab-commands.ts'

let lab: Lab
let commands: LabCommands

const root = await certify({ name: 'Root', isAuthority: true })
const middle = await certify({ name: 'Middle', isAuthority: true, by: root })
const rsa = await certify({ name: 'rsa', names: ['mx.example.org'], by: middle, algorithm: 'rsa' })
const ec = await certify({ name: 'ec', names: ['mx.example.org'], by: middle, algorithm: 'p384' })
const next = await certify({ name: 'next', algorithm: 'ed25519' })

const digest = (octets: Uint8Array) => createHash('sha256').update(octets).digest('hex')
const emptyDigest = digest(Buffer.alloc(0))

before(async () => {
  lab = await startLab(`world  mail servers to make records for
zone   dane.example
zone   dane.example MX 10 mx.dane.example
zone   dane.example MX 20 two.dane.example
zone   _25._tcp.mx.dane.example TLSA 3 1 1 {mx.dane.example.spki.sha256}
host   mx.dane.example certificate=self-signed
host   two.dane.example address=192.0.2.81,192.0.2.82 key=rsa valid=short
zone   alias.example
zone   alias.example MX 10 mail.alias.example
zone   mail.alias.example CNAME mx.dane.example
zone   authority.example
zone   authority.example MX 10 mx.authority.example
host   mx.authority.example certificate=dane-ta
zone   public.example
zone   public.example MX 10 mx.public.example
host   mx.public.example
zone   guest.example
zone   guest.example MX 10 mx.dane.example
zone   plain.example signed=no
zone   plain.example MX 10 mx.plain.example
host   mx.plain.example
zone   clear.example
zone   clear.example MX 10 mx.clear.example
host   mx.clear.example starttls=no
zone   down.example
zone   down.example MX 10 mx.down.example
zone   down.example MX 20 mx.dane.example
host   mx.down.example down
zone   six.example
zone   six.example MX 10 mx.six.example
host   mx.six.example address=192.0.2.91,2001:db8::91
zone   only.example
zone   only.example MX 10 mx.only.example
host   mx.only.example address=2001:db8::92
zone   null.example
zone   null.example MX 0 .
zone   bogus.example
zone   bogus.example MX 10 mx.bogus.example bogus
`)
  commands = commandsIn(lab)
  const put = (name: string, text: string) => writeFileSync(join(commands.folder, name), text, { mode: 0o600 })
  put('chain.pem', root.pem + rsa.pem + middle.pem)
  put('ec.der.pem', ec.pem)
  put('ec.key', ec.key)
  put('next.key', next.key)
  put('root.pem', root.pem)
  put('empty.pem', '')
  put('open.key', ec.key)
  chmodSync(join(commands.folder, 'open.key'), 0o644)
  mkdirSync(join(commands.folder, 'le/live/mx'), { recursive: true })
  mkdirSync(join(commands.folder, 'le/renewal'))
  mkdirSync(join(commands.folder, 'acme/mx_ecc'), { recursive: true })
  put('acme/mx_ecc/mx.conf', "Le_Domain='mx'\n")
  put('acme/mx_ecc/mx.cer', ec.pem)
  put('acme/mx_ecc/ca.cer', middle.pem)
  put('acme/mx_ecc/mx.key', ec.key)
  put('le/live/mx/fullchain.pem', ec.pem + middle.pem)
  put('le/live/mx/privkey.pem', ec.key)
  put('le/renewal/mx.conf', '[renewalparams]\nkey_type = ecdsa\n')
})

after(async () => {
  commands.close()
  await lab.close()
})

const file = (name: string) => join(commands.folder, name)
const gen = (args: readonly string[], input?: string): Promise<Ended> =>
  commands.run(['tlsa', 'gen', ...args], input === undefined ? {} : { input })
const genLive = (...args: readonly string[]) => gen([...commands.iterate, ...args])

/** The records alone: `OWNER TTL DATA`. */
function recordsIn({ stdout }: Ended): string[] {
  assert.ok(!stdout.includes(emptyDigest))
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith(';'))
}

const owner = '_25._tcp.mx.example.org.'

const fromFiles: [what: string, args: () => string[], records: string[], said: RegExp][] = [
  ['a chain out of order', () => [file('chain.pem')], [`3 1 1 ${digest(rsa.spki)}`], /^$/],
  ['a key', () => [file('ec.key')], [`3 1 1 ${digest(ec.spki)}`], /^$/],
  [
    'two certificates with a key',
    () => [file('chain.pem'), file('ec.der.pem'), file('ec.key')],
    [`3 1 1 ${digest(rsa.spki)}`, `3 1 1 ${digest(ec.spki)}`],
    /^$/,
  ],
  [
    'DANE-81: the next key too',
    () => ['--next', file('next.key'), file('chain.pem')],
    [`3 1 1 ${digest(rsa.spki)}`, `3 1 1 ${digest(next.spki)}`],
    /^$/,
  ],
  [
    '2 1 1',
    () => ['--form', '2 1 1', file('chain.pem')],
    [`2 1 1 ${digest(root.spki)}`],
    /the server must go on sending "Root"/,
  ],
  [
    '2 0 1 by its numbers',
    () => ['--usage', '2', '--selector', '0', file('chain.pem')],
    [`2 0 1 ${digest(root.certificate.raw)}`],
    /the certificate must bear mx\.example\.org/,
  ],
  [
    'DANE-83: 2 0 1 of an issuer that is not in the chain',
    () => ['--form', '2 0 1', '--issuer', file('root.pem'), file('le/live/mx/fullchain.pem')],
    [`2 0 1 ${digest(root.certificate.raw)}`],
    /the server must send "Root" .* it is not among what was given/,
  ],
  [
    '2 1 1 of an intermediate',
    () => ['--form', '2 1 1', file('le/live/mx')],
    [`2 1 1 ${digest(middle.spki)}`],
    /is of one intermediate, "Middle"/,
  ],
  [
    'DANE-80: 3 0 1',
    () => ['--form', '3 0 1', file('chain.pem')],
    [`3 0 1 ${digest(rsa.certificate.raw)}`],
    /3 0 1 is of the whole certificate/,
  ],
  [
    'certbot',
    () => [file('le/live/mx')],
    [`3 1 1 ${digest(ec.spki)}`],
    /certbot makes a new key at each renewal of \S+fullchain\.pem, which breaks the record: reuse_key is not set in renewal\/mx\.conf; .*"waxseal tlsa plan".*"waxseal tlsa gate"/,
  ],
]
for (const [what, args, records, said] of fromFiles) {
  test(`records of ${what}`, async () => {
    const ended = await gen(['--owner', 'mx.example.org', ...args()])
    assert.equal(ended.status, 0, ended.stderr)
    assert.deepEqual(
      recordsIn(ended),
      records.map((record) => `${owner} 3600 IN TLSA ${record}`),
    )
    assert.match(ended.stderr, said)
    assert.ok(parseZone(ended.stdout).ok)
  })
}

test('what keeps the key at renewals is told beside the record, and nothing is warned of', async () => {
  const ended = await gen(['--owner', 'mx.example.org', file('acme/mx_ecc')])
  assert.deepEqual([ended.status, ended.stderr], [0, ''])
  assert.deepEqual(await gen(['--owner', 'mx.example.org', file('acme/mx')]), ended)
  assert.match(
    ended.stdout,
    /^; acme\.sh keeps the key of \S+mx\.cer: Le_ForceNewDomainKey is not '1' in mx_ecc\/mx\.conf/,
  )
  assert.deepEqual(recordsIn(ended), [`${owner} 3600 IN TLSA 3 1 1 ${digest(ec.spki)}`])
})

test('standard input is not waited for by who was told to end', async () => {
  const ended = await commands.run(['tlsa', 'gen', '--owner', 'mx.example.org', '-'], { signal: AbortSignal.abort() })
  assert.deepEqual([ended.status, ended.stdout, ended.stderr], [130, '', ''])
})

test('a public key comes from standard input too, for another port and TTL', async () => {
  const pem = `-----BEGIN PUBLIC KEY-----\n${ec.spki.toString('base64')}\n-----END PUBLIC KEY-----\n`
  const ended = await gen(['--owner', '_587._tcp.mx.example.org', '--ttl', '30m', '-'], pem)
  assert.deepEqual(recordsIn(ended), [`_587._tcp.mx.example.org. 1800 IN TLSA 3 1 1 ${digest(ec.spki)}`])
})

test('DANE-86: a TTL over a day is warned of', async () => {
  const ended = await gen(['--owner', 'mx.example.org', '--ttl', '2d', file('chain.pem')])
  assert.match(ended.stderr, /^waxseal: a TTL of 172800 seconds makes every mistake/)
})

const formats: [format: string, provider: string | undefined, text: RegExp][] = [
  ['zone', undefined, /^_25\._tcp\.mx\.example\.org\. 3600 IN TLSA 3 1 1 /m],
  ['rfc3597', undefined, /^_25\._tcp\.mx\.example\.org\. 3600 IN TYPE52 \\# 35 030101/m],
  ['json', undefined, /^\{"schema":"waxseal\.tlsa-gen\/1"/],
  ['octodns', undefined, /^# .*\n_25\._tcp\.mx:\n {2}ttl: 3600\n {2}type: TLSA\n/],
  ['terraform', undefined, /^# .*\nresource "cloudflare_dns_record" /],
  ['terraform', 'route53', /^# .*\nresource "aws_route53_record" /],
  ['terraform', 'desec', /subname = "_25\._tcp\.mx"/],
]
for (const [format, provider, text] of formats) {
  test(`DANE-89: the form ${format} ${provider ?? ''}`, async () => {
    const args = ['--format', format, ...(provider === undefined ? [] : ['--provider', provider]), file('chain.pem')]
    const ended = await gen(['--owner', 'mx.example.org', ...args])
    assert.equal(ended.status, 0)
    assert.match(ended.stdout, text)
    assert.ok(!ended.stdout.includes(emptyDigest))
    const isGuessed = format === 'octodns' || provider === 'desec'
    assert.equal(ended.stderr, isGuessed ? 'waxseal: taking example.org. for the zone; --zone says otherwise\n' : '')
  })
}

const refused: [what: string, args: () => string[], status: number, said: RegExp][] = [
  ['nothing to look at', () => [], 64, /give a FILE or a DIRECTORY, or --host HOST, or --domain DOMAIN/],
  ['files of no host', () => [file('chain.pem')], 64, /say by --owner HOST/],
  [
    'files of two hosts',
    () => ['--host', 'a.example', '--host', 'b.example', file('chain.pem')],
    64,
    /are for one host/,
  ],
  [
    'DANE-80: usage 1',
    () => ['--owner', 'mx.example.org', '--form', '1 1 1', file('chain.pem')],
    64,
    /usages 0 and 1 have no meaning for SMTP/,
  ],
  [
    'DANE-80: a whole certificate',
    () => ['--owner', 'mx.example.org', '--matching', '0', '--selector', '0', file('chain.pem')],
    64,
    /"3 0 0": a whole certificate does not belong into DNS/,
  ],
  [
    'forms in two ways',
    () => ['--owner', 'mx.example.org', '--form', '3 1 1', '--usage', '3', file('chain.pem')],
    64,
    /give either --form or/,
  ],
  [
    'an owner that is none',
    () => ['--owner', '_25.mx.example.org', file('chain.pem')],
    64,
    /not a host, and not _PORT\._tcp\.HOST: "_25\.mx\.example\.org"/,
  ],
  [
    'two ports',
    () => ['--owner', '_25._tcp.mx.example.org', '--port', '587', file('chain.pem')],
    64,
    /different ports/,
  ],
  [
    'a port that is none',
    () => ['--owner', 'mx.example.org', '--port', '65536', file('chain.pem')],
    64,
    /not a port: "65536"/,
  ],
  ['a TTL of nothing', () => ['--owner', 'mx.example.org', '--ttl', '0', file('chain.pem')], 64, /not a time to live/],
  [
    'a form that there is not',
    () => ['--owner', 'mx.example.org', '--format', 'bind', file('chain.pem')],
    64,
    /"bind" is none of zone, rfc3597/,
  ],
  [
    'a provider for nothing',
    () => ['--owner', 'mx.example.org', '--provider', 'google', file('chain.pem')],
    64,
    /--provider is for/,
  ],
  [
    'another zone',
    () => ['--owner', 'mx.example.org', '--zone', 'example.net', file('chain.pem')],
    65,
    /is not in the zone example\.net\./,
  ],
  [
    'DANE-89: usage 2 for a key',
    () => ['--owner', 'mx.example.org', '--form', '2 1 1', file('ec.key')],
    65,
    /no 2 1 1 of \S+: usage 2 is of the authority: give the chain/,
  ],
  [
    'an issuer of something else',
    () => ['--owner', 'mx.example.org', '--form', '2 1 1', '--issuer', file('ec.der.pem'), file('chain.pem')],
    65,
    /is of no authority above it/,
  ],
  [
    'an issuer that is a key',
    () => ['--owner', 'mx.example.org', '--form', '2 1 1', '--issuer', file('ec.key'), file('chain.pem')],
    65,
    /no certificate is in "/,
  ],
  [
    'a key of something else',
    () => ['--owner', 'mx.example.org', file('chain.pem'), file('next.key')],
    65,
    /the key belongs to none of the certificates/,
  ],
  ['an empty file', () => ['--owner', 'mx.example.org', file('empty.pem')], 65, /empty\.pem": it is empty/],
  [
    'a key that others may read',
    () => ['--owner', 'mx.example.org', file('open.key')],
    65,
    /others may read the private key in .* \(mode 644\): chmod 600/,
  ],
  ['a file that is not there', () => ['--owner', 'mx.example.org', file('none.pem')], 66, /none\.pem": no such file/],
  [
    'authorities alone',
    () => ['--owner', 'mx.example.org', file('root.pem'), file('le/live/mx/fullchain.pem'), file('next.key')],
    65,
    /none of the certificates/,
  ],
]
for (const [what, args, status, said] of refused) {
  test(`refused: ${what}: ${status}`, async () => {
    const ended = await gen(args())
    assert.deepEqual([ended.status, ended.stdout], [status, ''])
    assert.match(ended.stderr, said)
    assert.doesNotMatch(ended.stderr, /bug in waxseal/)
  })
}

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
