import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { base32hex } from '../../../core/dns/base32hex.ts'
import type { ResourceRecord } from '../../../core/dns/message.ts'
import { readNsec, readNsec3, readRrsig } from '../../../core/dns/rdata/records.ts'
import { groupRrsets, type Rrset } from '../../../core/dns/rrset.ts'
import { formatTime } from '../../../core/dns/time.ts'
import { formatType, TYPE } from '../../../core/dns/types.ts'
import { formatRecord } from '../../../core/dns/zone-text.ts'
import { createBudget } from '../../../core/dnssec/budget.ts'
import { authenticateKeys } from '../../../core/dnssec/ds.ts'
import { createPolicy } from '../../../core/dnssec/policy.ts'
import { verifyRrset } from '../../../core/dnssec/signature.ts'
import { formatName } from '../../../core/name/text.ts'
import { denials, type ZoneDeclaration } from '../world/world.ts'
import { createSigningKey } from './signing-key.ts'
import { readOwner, readZoneText } from './text.ts'
import { createSigner, createZoneSigner, type ZoneSigner } from './zone-signer.ts'

const origin = readOwner('example.org')
const now = Date.parse('2026-06-01T12:00:00Z')
const policy = createPolicy({ allowSha1: true })

const records = readZoneText(`
Example.org. 3600 SOA ns.example.org. host.example.org. 1 7200 900 1209600 300
example.org. NS ns.example.org.
example.org. 600 MX 20 Mx.Example.ORG.
example.org. 900 MX 10 mx2.example.org.
ns.example.org. A 198.51.100.1
MX.example.org. A 192.0.2.1
mx.example.org. A 192.0.2.2
_25._tcp.mx.example.org. TLSA 3 1 1 ${'ab'.repeat(32)}
alias.example.org. CNAME elsewhere.Example.com.
*.wild.example.org. TXT "any" "body"
deep.under.example.org. AAAA 2001:db8::1
old.example.org. DNAME new.example.org.
hidden.old.example.org. A 192.0.2.3
signed.example.org. NS ns.signed.example.org.
signed.example.org. DS 12345 13 2 ${'cd'.repeat(32)}
ns.signed.example.org. A 198.51.100.2
plain.example.org. NS ns.plain.example.org.
plain.example.org. NS ns.example.com.
ns.plain.example.org. A 198.51.100.3
child.only.plainly.example.org. NS ns.example.com.
`)

function declare(algorithm: number, denial: ZoneDeclaration['denial']): ZoneDeclaration {
  return { kind: 'zone', origin: 'example.org', signed: true, algorithm, denial, iterations: 2, ds: 'right', ttl: 3600 }
}

function label({ name, type }: Pick<Rrset, 'name' | 'type'>): string {
  return `${formatName(name).toLowerCase()} ${formatType(type)}`
}

/** The keys, as the zone's DS records vouch for them. */
function keysOf(signer: ZoneSigner, rrsets: readonly Rrset[], seconds = now / 1000) {
  const rrset = rrsets.find(({ type }) => type === TYPE.DNSKEY)
  assert.ok(rrset)
  const anchors = signer.ds.map((ds) => ({ kind: 'ds', owner: origin, ds }) as const)
  const by = { kind: 'anchors', anchors } as const
  const verdict = authenticateKeys({ zone: origin, rrset, by, now: seconds, budget: createBudget(), policy })
  assert.equal(verdict.verdict, 'secure', JSON.stringify(verdict))
  return verdict.verdict === 'secure' ? verdict.keys : []
}

const unsigned = [
  'child.only.plainly.example.org. NS',
  'hidden.old.example.org. A',
  'ns.plain.example.org. A',
  'ns.signed.example.org. A',
  'plain.example.org. NS',
  'signed.example.org. NS',
]

for (const algorithm of [5, 7, 8, 10, 13, 14, 15, 16]) {
  for (const denial of denials) {
    const signer = createZoneSigner(declare(algorithm, denial))
    const zone = signer.sign(records, now)
    const rrsets = groupRrsets(zone)

    test(`algorithm ${algorithm} with ${denial}: every RRset of the zone's own verifies, and no other is signed`, () => {
      const keys = keysOf(signer, rrsets)
      assert.equal(keys.length, 2)
      const options = { zone: origin, keys, now: now / 1000, policy }
      for (const rrset of rrsets.filter(({ signatures }) => signatures.length > 0)) {
        const verdict = verifyRrset(rrset, { ...options, budget: createBudget() })
        assert.equal(verdict.verdict, 'secure', `${label(rrset)}: ${JSON.stringify(verdict)}`)
      }
      assert.deepEqual(
        rrsets
          .filter(({ signatures }) => signatures.length === 0)
          .map(label)
          .sort(),
        unsigned,
      )
    })

    test(`algorithm ${algorithm} with ${denial}: ldns-verify-zone agrees`, (context) => {
      const verdict = askLdns(zone)
      if (verdict === undefined) return context.skip('ldns-verify-zone is not installed')
      return assert.equal(verdict, 'Zone is verified and complete')
    })
  }
}

/** What ldns-verify-zone says last about a zone; undefined where it is not installed. */
function askLdns(zone: readonly ResourceRecord[]): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'signed-zone-'))
  try {
    const file = join(folder, 'zone')
    writeFileSync(file, zone.map((record) => `${formatRecord(record)}\n`).join(''))
    const { error, stdout, stderr } = spawnSync('ldns-verify-zone', ['-V', '3', '-t', formatTime(now / 1000), file])
    return error === undefined ? `${stderr}${stdout}`.trim() : undefined
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const chains: [denial: ZoneDeclaration['denial'], owners: string[]][] = [
  [
    'nsec',
    [
      'example.org. NS SOA MX RRSIG NSEC DNSKEY',
      'alias.example.org. CNAME RRSIG NSEC',
      'mx.example.org. A RRSIG NSEC',
      '_25._tcp.mx.example.org. RRSIG NSEC TLSA',
      'ns.example.org. A RRSIG NSEC',
      'old.example.org. DNAME RRSIG NSEC',
      'plain.example.org. NS RRSIG NSEC',
      'child.only.plainly.example.org. NS RRSIG NSEC',
      'signed.example.org. NS DS RRSIG NSEC',
      'deep.under.example.org. AAAA RRSIG NSEC',
      '*.wild.example.org. TXT RRSIG NSEC',
    ],
  ],
  [
    'nsec3',
    [
      'example.org. NS SOA MX RRSIG DNSKEY NSEC3PARAM',
      'alias.example.org. CNAME RRSIG',
      'mx.example.org. A RRSIG',
      '_25._tcp.mx.example.org. RRSIG TLSA',
      '_tcp.mx.example.org.',
      'ns.example.org. A RRSIG',
      'old.example.org. DNAME RRSIG',
      'plain.example.org. NS',
      'plainly.example.org.',
      'only.plainly.example.org.',
      'child.only.plainly.example.org. NS',
      'signed.example.org. NS DS RRSIG',
      'under.example.org.',
      'deep.under.example.org. AAAA RRSIG',
      'wild.example.org.',
      '*.wild.example.org. TXT RRSIG',
    ],
  ],
  [
    'opt-out',
    [
      'example.org. NS SOA MX RRSIG DNSKEY NSEC3PARAM',
      'alias.example.org. CNAME RRSIG',
      'mx.example.org. A RRSIG',
      '_25._tcp.mx.example.org. RRSIG TLSA',
      '_tcp.mx.example.org.',
      'ns.example.org. A RRSIG',
      'old.example.org. DNAME RRSIG',
      'signed.example.org. NS DS RRSIG',
      'under.example.org.',
      'deep.under.example.org. AAAA RRSIG',
      'wild.example.org.',
      '*.wild.example.org. TXT RRSIG',
    ],
  ],
]
for (const [denial, owners] of chains) {
  test(`${denial} lists exactly these owners and types, in one circle`, () => {
    const signer = createZoneSigner(declare(13, denial))
    const found = readChain(signer.sign(records, now))
    const expected = owners.map((line) => {
      const [owner = '', ...types] = line.split(' ')
      const hashed = signer.hash?.(readOwner(owner))
      return [hashed === undefined ? owner : `${hashed}.example.org.`, ...types].join(' ')
    })
    assert.deepEqual(found.lines.sort(), expected.sort())
    assert.equal(found.circle, owners.length)
  })
}

/** Each denial's owner with its types, and how many steps along the chain lead back to its start. */
function readChain(zone: readonly ResourceRecord[]): { lines: string[]; circle: number } {
  const nexts = new Map<string, string>()
  const lines = zone.flatMap(({ name, type, rdata }) => {
    const owner = formatName(name).toLowerCase()
    const link = type === TYPE.NSEC ? readNsec(rdata) : type === TYPE.NSEC3 ? readNsec3(rdata) : undefined
    if (link === undefined) return []
    assert.ok(link.ok)
    const { next, types } = link.value
    nexts.set(owner, 'key' in next ? formatName(next).toLowerCase() : `${base32hex(next)}.example.org.`)
    return [[owner, ...[...types].sort((one, other) => one - other).map(formatType)].join(' ')]
  })
  const seen = new Set<string>()
  for (let at = [...nexts.keys()][0] ?? ''; !seen.has(at); at = nexts.get(at) ?? '') seen.add(at)
  return { lines, circle: seen.has('') ? 0 : seen.size }
}

function signaturesIn(zone: readonly ResourceRecord[]) {
  return zone.flatMap(({ type, rdata }) => {
    const signature = type === TYPE.RRSIG ? readRrsig(rdata) : undefined
    return signature?.ok === true ? [signature.value] : []
  })
}

test('signatures are valid from an hour before signing until two weeks after', () => {
  const signatures = signaturesIn(createZoneSigner(declare(13, 'nsec')).sign(records, now))
  const times = new Set(signatures.map(({ inception, expiration }) => `${inception} ${expiration}`))
  assert.deepEqual([...times], [`${now / 1000 - 3600} ${now / 1000 + 14 * 86_400}`])
})

test('one key signs the keys, the other all else', () => {
  const signer = createZoneSigner(declare(15, 'nsec3'))
  const [ds] = signer.ds
  assert.equal(signer.ds.length, 1)
  for (const { typeCovered, keyTag } of signaturesIn(signer.sign(records, now))) {
    assert.equal(keyTag === ds?.keyTag, typeCovered === TYPE.DNSKEY, formatType(typeCovered))
  }
})

test('a key that is alone signs everything', () => {
  const signer = createSigner({ origin, keys: [createSigningKey(13, 257)], denial: 'nsec' })
  const tags = signaturesIn(signer.sign(records, now)).map(({ keyTag }) => keyTag)
  assert.deepEqual([...new Set(tags)], [signer.ds[0]?.keyTag])
})

test('times, salt and keys of two algorithms can be chosen', () => {
  const keys = [createSigningKey(13, 257), createSigningKey(15, 257)]
  const signer = createSigner({
    origin,
    keys,
    denial: 'nsec3',
    iterations: 3,
    salt: Uint8Array.of(0xab, 0xcd),
    before: -60,
    after: 120,
  })
  const zone = signer.sign(records, now)
  const parameters = zone.find(({ type }) => type === TYPE.NSEC3PARAM)
  assert.equal(Buffer.from(parameters?.rdata ?? []).toString('hex'), '01000003' + '02abcd')
  assert.deepEqual(new Set(signaturesIn(zone).map(({ algorithm }) => algorithm)), new Set([13, 15]))
  assert.equal(keysOf(signer, groupRrsets(zone), now / 1000 + 60).length, 2)
  assert.deepEqual(new Set(signaturesIn(zone).map(({ inception }) => inception)), new Set([now / 1000 + 60]))
})

test('denials live as long as the SOA record lets them', () => {
  for (const denial of denials) {
    const zone = createZoneSigner(declare(13, denial)).sign(records, now)
    const ttls = zone.filter(({ type }) => type === TYPE.NSEC || type === TYPE.NSEC3).map(({ ttl }) => ttl)
    assert.deepEqual([...new Set(ttls)], [300])
  }
})

test('a zone without SOA is not signed', () => {
  const signer = createZoneSigner(declare(13, 'nsec'))
  assert.throws(() => signer.sign(records.slice(1), now), /SOA/)
})
