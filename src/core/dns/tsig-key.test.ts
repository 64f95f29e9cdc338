import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../limits.ts'
import { formatName } from '../name/text.ts'
import { parseTsigKey } from './tsig-key-text.ts'

const secret = 'z7P9//BdYzCcb2CuP5HnQjydk7m4wDmJ+NwwJ501ZSs='
const octets = Buffer.from(secret, 'base64')

const forms: [what: string, text: string, algorithm?: string, macOctets?: number][] = [
  ['tsig-keygen', `key "waxseal.example" {\n\talgorithm hmac-sha256;\n\tsecret "${secret}";\n};\n`],
  ['BIND, in other order and on one line', `key waxseal.example { secret ${secret}; algorithm "hmac-sha256"; };`],
  [
    'BIND, with comments of all kinds',
    `// one\n/* two\n*/ # three\nkey "waxseal.example." { # "\nalgorithm hmac-sha256; // };\nsecret "${secret}"; /* { */ };`,
  ],
  [
    'BIND, in capitals and with a dot',
    `key Waxseal.Example. { algorithm HMAC-SHA384.; secret "${secret}"; };`,
    'hmac-sha384',
    48,
  ],
  [
    'BIND, with truncated MACs',
    `key waxseal.example { algorithm hmac-sha512-256; secret "${secret}"; };`,
    'hmac-sha512',
    32,
  ],
  [
    'keymgr -t',
    `# hmac-sha224:waxseal.example:${secret}\nkey:\n  - id: waxseal.example\n    algorithm: hmac-sha224\n    secret: ${secret}\n`,
    'hmac-sha224',
    28,
  ],
  ['NSD', `key:\r\n  name: "waxseal.example."\r\n  algorithm: hmac-sha256 # so\r\n  secret: "${secret}"\r\n`],
  ['nsupdate -y', `hmac-sha1:waxseal.example:${secret}\n`, 'hmac-sha1', 20],
  ['nsupdate -y without algorithm', `# a comment\nwaxseal.example:${secret}`],
]
for (const [what, text, algorithm = 'hmac-sha256', macOctets = 32] of forms) {
  test(`a key as from ${what} is read`, () => {
    const key = parseTsigKey(text)
    assert.ok(key.ok, key.ok ? '' : key.fault)
    assert.equal(formatName(key.value.name).toLowerCase(), 'waxseal.example.')
    assert.deepEqual({ ...key.value, name: 0 }, { name: 0, algorithm, secret: new Uint8Array(octets), macOctets })
  })
}

const braced = (inside: string) => `key k { ${inside} };`
const refused: [what: string, text: string, fault: string][] = [
  ['nothing', ' \n# hmac-sha256:k:AAAA\n', 'empty'],
  ['anything else', '-----BEGIN PRIVATE KEY-----\n', 'syntax'],
  ['two keys of BIND', `${forms[0]?.[1]}${forms[0]?.[1]}`, 'several'],
  ['two keys of Knot', `${forms[5]?.[1]}  - id: other\n    secret: AAAA\n    algorithm: hmac-sha1`, 'several'],
  ['two lines', `k:AAAA\nk:AAAA`, 'several'],
  ['no secret', braced('algorithm hmac-sha256;'), 'syntax'],
  ['no algorithm', braced('secret "AAAA";'), 'syntax'],
  ['two secrets', braced('algorithm hmac-sha256; secret "AAAA"; secret "BBBB";'), 'syntax'],
  ['two secrets of Knot', 'key:\n  - id: k\n    secret: AAAA\n    secret: AAAA\n', 'syntax'],
  ['a field that is none', braced('algorithm hmac-sha256; secrets "AAAA";'), 'syntax'],
  ['a field that is none, of Knot', 'key:\n  - id: k\n    toString: AAAA\n', 'syntax'],
  ['a key that does not end', 'key k { algorithm hmac-sha256;', 'syntax'],
  ['a word in quotation marks that do not end', braced('secret "AAAA;'), 'syntax'],
  ['another statement', 'key k { algorithm hmac-sha256; secret AAAA; }; zone "x" {};', 'syntax'],
  ['an empty name', 'key "" { algorithm hmac-sha256; secret AAAA; };', 'name'],
  ['a name that is none', `a..b:${secret}`, 'name'],
  ['HMAC-MD5', `hmac-md5:k:${secret}`, 'weak'],
  ['HMAC-MD5 by its whole name', `hmac-md5.sig-alg.reg.int:k:${secret}`, 'weak'],
  ['GSS-TSIG', `gss-tsig:k:${secret}`, 'algorithm'],
  ['an algorithm of tomorrow', `hmac-sha3:k:${secret}`, 'algorithm'],
  ['a name of JavaScript', `toString:k:${secret}`, 'algorithm'],
  ['MACs below the floor', `hmac-sha256-120:k:${secret}`, 'truncation'],
  ['MACs of SHA-1 below ten octets', `hmac-sha1-72:k:${secret}`, 'truncation'],
  ['MACs longer than the hash', `hmac-sha256-264:k:${secret}`, 'truncation'],
  ['MACs of bits that are no octets', `hmac-sha256-132:k:${secret}`, 'truncation'],
  ['a secret that is no base64', 'k:AAA$', 'secret'],
  ['a secret cut short', `k:${secret.slice(0, -1)}`, 'secret'],
  ['an empty secret', braced('algorithm hmac-sha256; secret "";'), 'secret'],
  ['a file that is too long', ' '.repeat(limits.writing.keyFileOctets + 1), 'too-long'],
]
for (const [what, text, fault] of refused) {
  test(`${what} makes no key`, () => {
    const key = parseTsigKey(text)
    assert.equal(key.ok ? 'ok' : key.fault, fault)
  })
}

test('no text makes the reading of a key throw, or take long', () => {
  const pieces = fc.constantFrom(
    'key',
    ' ',
    ':',
    '{',
    '}',
    ';',
    '"',
    '\n',
    '#',
    '//',
    '/*',
    'algorithm',
    'secret',
    'id',
    '- ',
    'AAAA',
    'hmac-sha256',
    'k',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      const key = parseTsigKey(parts.join(''))
      assert.ok(key.ok || key.fault.length > 0)
    }),
    { numRuns: 3000 },
  )
  for (const piece of ['#', '/', '/*', ' ', '"', '{', 'k:', 'key ', '- ', 'key:\n', 'key: ']) {
    parseTsigKey(piece.repeat(limits.writing.keyFileOctets / piece.length))
  }
})
