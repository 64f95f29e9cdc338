import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  acmeShRenewal,
  certbotRenewal,
  parseAcmeShSettings,
  parseCertbotDefaults,
  parseCertbotRenewal,
  type Renewal,
} from './renewal.ts'

/** As certbot 2.11 writes it. */
const renewalFile = (params: string) => `# renew_before_expiry = 30 days
version = 2.11.0
archive_dir = /etc/letsencrypt/archive/mx.example.org
cert = /etc/letsencrypt/live/mx.example.org/cert.pem
privkey = /etc/letsencrypt/live/mx.example.org/privkey.pem
chain = /etc/letsencrypt/live/mx.example.org/chain.pem
fullchain = /etc/letsencrypt/live/mx.example.org/fullchain.pem

# Options used in the renewal process
[renewalparams]
account = 0123456789abcdef0123456789abcdef
authenticator = webroot
server = https://acme-v02.api.letsencrypt.org/directory
key_type = ecdsa
${params}
[[webroot_map]]
mx.example.org = /var/www
`

const certbot: [what: string, params: string, defaults: string, key: Renewal['key'], why: RegExp][] = [
  ['unless told otherwise', '', '', 'new', /^reuse_key is not set in renewal\/mx\.conf; "reuse_key = True" under/],
  ['told to keep it', 'reuse_key = True', '', 'kept', /^reuse_key is True in renewal\/mx\.conf$/],
  ['told so in other letters', 'reuse_key=true', '', 'kept', /True in renewal/],
  ['told so in quotes, with a comment', 'reuse_key = "True" # DANE', '', 'kept', /True in renewal/],
  ['told not to', 'reuse_key = False', '', 'new', /^reuse_key is False in renewal/],
  ['told twice', 'reuse_key = True\nreuse_key = False', '', 'new', /False/],
  ['where the line is a comment', '# reuse_key = True', '', 'new', /not set/],
  ['where another section says so', '[[x]]\nreuse_key = True', '', 'new', /not set/],
  ['where the value is nonsense', 'reuse_key = perhaps', '', 'new', /not set/],
  [
    'that renews nothing',
    'reuse_key = True\nautorenew = False',
    '',
    'never',
    /^autorenew is False in renewal\/mx\.conf$/,
  ],
  ['told so for all', '', 'reuse-key = true', 'kept', /^reuse_key is True in cli\.ini$/],
  ['told so for all, by the name alone', '', 'email = a@example.org\n  reuse-key\n', 'kept', /cli\.ini/],
  ['told so for all, in other ways', '', "reuse-key: 'yes' ; DANE", 'kept', /cli\.ini/],
  ['told for all not to', 'reuse_key = True', 'no-reuse-key = true', 'new', /^reuse_key is False in cli\.ini/],
  ['told for all something else', 'reuse_key = True', 'reuse-key = false\n#reuse-key\nreuse-keys', 'kept', /renewal/],
]
for (const [what, params, defaults, key, why] of certbot) {
  for (const lineEnd of ['\n', '\r\n']) {
    test(`certbot ${what} (${JSON.stringify(lineEnd)}): ${key}`, () => {
      const kept = parseCertbotRenewal(renewalFile(params).replaceAll('\n', lineEnd))
      const renewal = certbotRenewal('mx', kept, parseCertbotDefaults(defaults.replaceAll('\n', lineEnd)))
      assert.equal(renewal.key, key)
      assert.match(renewal.why, why)
    })
  }
}

/** As acme.sh 3.0 writes it. */
const acmeShFile = (line: string) => `Le_Domain='mx.example.org'
Le_Alt='no'
Le_Webroot='/var/www'
Le_ReloadCmd='__ACME_BASE64__START_c3lzdGVtY3RsIHJlbG9hZCBwb3N0Zml4__ACME_BASE64__END_'
Le_Keylength='ec-256'
${line}
Le_NextRenewTime='1767225600'
`

const acmeSh: [what: string, line: string, key: Renewal['key']][] = [
  ['unless told otherwise', '', 'kept'],
  ['told to make a new key', "Le_ForceNewDomainKey='1'", 'new'],
  ['told so without quotes', 'Le_ForceNewDomainKey=1', 'new'],
  ['told so in double quotes', 'Le_ForceNewDomainKey="1"', 'new'],
  ['told not to', "Le_ForceNewDomainKey='0'", 'kept'],
  ['told nothing', "Le_ForceNewDomainKey=''", 'kept'],
  ['told so and taken back', "Le_ForceNewDomainKey='1'\nLe_ForceNewDomainKey=''", 'kept'],
  ['where the line is a comment', "#Le_ForceNewDomainKey='1'", 'kept'],
]
for (const [what, line, key] of acmeSh) {
  test(`acme.sh ${what}: ${key}`, () => {
    for (const lineEnd of ['\n', '\r\n']) {
      const settings = parseAcmeShSettings(acmeShFile(line).replaceAll('\n', lineEnd))
      assert.ok(settings !== undefined)
      assert.equal(acmeShRenewal('mx.example.org.conf', settings).key, key)
    }
  })
}

test('a file without a domain is none of acme.sh', () => {
  assert.equal(parseAcmeShSettings("Le_ForceNewDomainKey='1'\n"), undefined)
  assert.equal(parseAcmeShSettings(renewalFile('reuse_key = True')), undefined)
})

const line = fc.oneof(
  fc.constantFrom(
    '[renewalparams]',
    '[[x]]',
    'reuse_key = True',
    'reuse-key',
    "Le_Domain='a'",
    "Le_ForceNewDomainKey='1'",
  ),
  fc.string({ maxLength: 40 }),
)

test('whatever stands in settings, reading them throws nothing, and only the words for it keep a key', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      const text = lines.join('\n')
      const { reuseKey } = parseCertbotRenewal(text)
      if (reuseKey === true) assert.match(text, /\[\s*renewalparams\s*\][\s\S]*reuse_key\s*=\s*['"]?true/i)
      if (parseCertbotDefaults(text) === true) assert.match(text, /reuse-key/)
      const settings = parseAcmeShSettings(text)
      if (settings?.get('Le_ForceNewDomainKey') === '1') assert.match(text, /Le_ForceNewDomainKey\s*=\s*['"]?1/)
    }),
    { numRuns: 2000 },
  )
})

test('reading settings takes no longer than their length allows', () => {
  const long = `[renewalparams]\nreuse_key${' '.repeat(200_000)}x\n${'['.repeat(100_000)}\nreuse-key${' '.repeat(100_000)}!\na = b${' '.repeat(200_000)}c`
  assert.deepEqual(parseCertbotRenewal(long), { reuseKey: undefined, autorenew: undefined })
  assert.equal(parseCertbotDefaults(long), undefined)
  assert.equal(parseAcmeShSettings(`Le_Domain${' '.repeat(200_000)}x`), undefined)
})
