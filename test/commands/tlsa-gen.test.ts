// What `waxseal tlsa gen` makes of files, and with which status it ends.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseZone } from '../../src/core/dns/zone-text.ts'
import { chains, digest, emptyDigest, type GenBed, openGenBed, recordsIn } from '../support/gen-bed.ts'

const { root, middle, rsa, ec, next } = chains

let bed: GenBed
before(async () => {
  bed = await openGenBed()
})
after(() => bed.close())

const file = (name: string) => bed.file(name)
const gen: GenBed['gen'] = (...given) => bed.gen(...given)

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
  const ended = await bed.commands.run(['tlsa', 'gen', '--owner', 'mx.example.org', '-'], {
    signal: AbortSignal.abort(),
  })
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
