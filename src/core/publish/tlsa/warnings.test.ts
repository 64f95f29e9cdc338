import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../../test/support/domain.ts'
import { type Certified, certify } from '../../../../test/support/key-chains.ts'
import { nameOfDomain } from '../../name/domain.ts'
import { caddyRenewal, legoRenewal, type Renewal } from '../acme/renewal.ts'
import { parseTlsaForm } from './form.ts'
import { type KeyInput, makeTlsa } from './make.ts'
import { serverKeysOf } from './server-key.ts'
import { tlsaWarnings } from './warnings.ts'

const now = Date.parse('2026-02-01T00:00:00Z')
const host = domain('mx.example.org')
const root = await certify({ name: 'Root', isAuthority: true, days: 3650 })
const middle = await certify({ name: 'Middle', isAuthority: true, by: root, days: 1000 })
const leaf = await certify({ name: 'mx', names: ['mx.example.org'], by: middle })
const short = await certify({ name: 'mx', names: ['mx.example.org'], by: middle, days: 90 })
const other = await certify({ name: 'other\u001b[31m', names: ['other.example.org'], by: middle })
const over = await certify({ name: 'mx', names: ['mx.example.org'], by: middle, days: 10 })
const ending = await certify({ name: 'mx', names: ['mx.example.org'], by: middle, days: 35 })
const early = await certify({
  name: 'mx',
  names: ['mx.example.org'],
  by: middle,
  from: new Date('2026-03-01T00:00:00Z'),
})
const byCommonName = await certify({ name: 'mx.example.org', by: middle })

interface Options {
  readonly forms: string
  readonly chain: readonly Certified[]
  readonly issuers?: readonly Certified[]
  readonly renewal?: Renewal
  readonly ttl?: number
  readonly isPublic?: boolean
  readonly isNext?: boolean
  readonly domain?: string
}

function warned({
  forms,
  chain,
  issuers = [],
  renewal,
  ttl = 3600,
  isPublic = false,
  isNext = false,
  ...more
}: Options) {
  const keys = serverKeysOf({ certificates: chain.map(({ certificate }) => certificate), keys: [] })
  assert.ok(keys.ok)
  const inputs: KeyInput[] = keys.value.map((key) => ({ ...key, sources: ['files'], isNext, renewal }))
  const parsed = forms.split(', ').map((text) => parseTlsaForm(text))
  const making = makeTlsa(
    inputs,
    parsed.flatMap((form) => (form.ok ? [form.value] : [])),
    issuers.map((one) => one.certificate),
  )
  assert.ok(making.kind === 'made')
  const found = tlsaWarnings(making.records, {
    now,
    ttl,
    host,
    owner: nameOfDomain(host),
    isPublic: () => isPublic,
    domain: more.domain === undefined ? undefined : domain(more.domain),
  })
  for (const { text, rfc } of found) {
    assert.match(text, /^[ -~…]+$/)
    assert.doesNotMatch(text, /\.$/)
    assert.match(rfc, /^RFC \d+ §[\d.]+$/)
  }
  return found
}

const kept: Renewal = { client: 'certbot', key: 'kept', why: 'reuse_key is True' }
const fresh: Renewal = { client: 'certbot', key: 'new', why: 'reuse_key is not set' }
const sent = 'authority-must-be-sent names-count'

const cases: [what: string, options: Options, ids: string][] = [
  ['3 1 1 of a certificate that lasts', { forms: '3 1 1', chain: [leaf] }, ''],
  [
    'DANE-80: 3 1 1 of a certificate that is soon replaced by whoever knows',
    { forms: '3 1 1', chain: [short] },
    'key-may-change',
  ],
  ['3 1 1 of a key that renewals keep', { forms: '3 1 1', chain: [short], renewal: kept }, ''],
  ['3 1 1 of a key that is never renewed', { forms: '3 1 1', chain: [short], renewal: { ...kept, key: 'never' } }, ''],
  ['3 1 1 of a key that each renewal changes', { forms: '3 1 1', chain: [short], renewal: fresh }, 'key-changes'],
  ['3 1 1 of a key of lego', { forms: '3 1 1', chain: [short], renewal: legoRenewal }, 'key-may-change'],
  ['3 1 1 of a key of Caddy', { forms: '3 1 1', chain: [short], renewal: caddyRenewal }, 'key-may-change'],
  ['3 1 1 of the next key', { forms: '3 1 1', chain: [short], renewal: fresh, isNext: true }, ''],
  ['DANE-80: 3 0 1', { forms: '3 0 1', chain: [leaf] }, 'pins-certificate'],
  [
    'DANE-80: 3 0 1 of ACME, though the key stays',
    { forms: '3 0 1', chain: [short], renewal: kept },
    'pins-certificate',
  ],
  ['DANE-80: 3 1 0', { forms: '3 1 0', chain: [leaf] }, 'whole-key'],
  ['DANE-80: SHA2-512 alone', { forms: '3 1 2', chain: [leaf] }, 'sha512-alone'],
  ['SHA2-512 beside SHA2-256', { forms: '3 1 1, 3 1 2', chain: [leaf] }, ''],
  ['DANE-83: 2 1 1 of a root that is sent', { forms: '2 1 1', chain: [leaf, middle, root] }, sent],
  [
    'DANE-83: 2 0 1 of a root that is not sent',
    { forms: '2 0 1', chain: [leaf, middle], issuers: [root] },
    'authority-not-sent names-count',
  ],
  ['2 1 1 of one intermediate', { forms: '2 1 1', chain: [leaf, middle] }, `pins-intermediate ${sent}`],
  ['2 1 1 of a key that each renewal changes', { forms: '2 1 1', chain: [short, middle, root], renewal: fresh }, sent],
  ['2 1 1 where the host is not named', { forms: '2 1 1', chain: [other, middle, root] }, `${sent} name-missing`],
  [
    '2 1 1 where the domain is named',
    { forms: '2 1 1', chain: [other, middle, root], domain: 'other.example.org' },
    sent,
  ],
  [
    '2 1 1 where neither is named',
    { forms: '2 1 1', chain: [other, middle, root], domain: 'example.org' },
    `${sent} name-missing`,
  ],
  ['2 1 1 by the common name alone', { forms: '2 1 1', chain: [byCommonName, middle, root] }, sent],
  ['2 1 1 of a certificate that is over', { forms: '2 1 1', chain: [over, middle, root] }, `${sent} date-counts`],
  ['2 1 1 of a certificate that ends soon', { forms: '2 1 1', chain: [ending, middle, root] }, `${sent} date-counts`],
  [
    '2 1 1 of a certificate that has not begun',
    { forms: '2 1 1', chain: [early, middle, root] },
    `${sent} date-counts`,
  ],
  ['3 1 1 of a certificate that is over', { forms: '3 1 1', chain: [over], renewal: kept }, ''],
  ['DANE-86: a TTL over a day', { forms: '3 1 1', chain: [leaf], ttl: 86_401 }, 'long-ttl'],
  ['DANE-86: a TTL of a day', { forms: '3 1 1', chain: [leaf], ttl: 86_400 }, ''],
]
for (const [what, options, ids] of cases) {
  test(`warned of ${what}: ${ids || 'nothing'}`, () => {
    assert.equal(
      warned(options)
        .map(({ id }) => id)
        .join(' '),
      ids,
    )
  })
}

test('DANE-87: a set that fills more than a datagram is told of', async () => {
  const keys = await Promise.all(Array.from({ length: 8 }, () => certify({ name: 'mx', algorithm: 'rsa', by: middle })))
  const small = warned({ forms: '3 1 1', chain: keys }).map(({ id }) => id)
  const large = warned({ forms: '3 1 0', chain: keys }).map(({ id }) => id)
  assert.deepEqual([small.includes('large-answer'), large.includes('large-answer')], [false, true])
})

test('a public authority and a private one are not warned of in the same words', () => {
  const chain = [leaf, middle]
  const texts = [true, false].map((isPublic) => warned({ forms: '2 1 1', chain, isPublic })[0]?.text ?? '')
  assert.match(texts[0] ?? '', /public authority signs the next certificate by another one without notice/)
  assert.match(texts[1] ?? '', /its authority may sign/)
})

test('who must act is told by which commands', () => {
  for (const renewal of [fresh, legoRenewal, caddyRenewal]) {
    assert.match(
      warned({ forms: '3 1 1', chain: [short], renewal })[0]?.text ?? '',
      /"waxseal tlsa plan".*"waxseal tlsa gate"/,
    )
  }
})
