import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { domain } from '../../../../test/support/domain.ts'
import { nameOfText } from '../../../../test/support/records.ts'
import { openMint } from '../../../programs/lab/certificates/mint.ts'
import { describeCertificate } from '../../../programs/lab/world/certificates.ts'
import { spkiOf } from '../../x509/certificate.ts'
import { type Shown, shownBy } from './association.ts'
import { type GateVerdict, judgeGate } from './gate.ts'
import { noteServed } from './history.ts'
import { type ServerSays, servedBy, type ZoneSeen } from './zone-seen.ts'

const host = domain('mx.example.org')
const now = Date.UTC(2026, 5, 1)
const mint = await openMint()

async function chainOf(options: Parameters<typeof describeCertificate>[1], name: string = host): Promise<Shown> {
  const { chain } = await mint.issue(describeCertificate(name, options))
  const certificates = chain.split(/(?<=-----END CERTIFICATE-----\n)/).filter((one) => one.includes('BEGIN'))
  const shown = shownBy(certificates.map((one) => new X509Certificate(one)))
  if (shown === undefined) throw new Error('no certificate')
  return shown
}

const hash = (octets: Uint8Array | undefined, name = 'sha256') =>
  createHash(name)
    .update(octets ?? '')
    .digest('hex')
const own = await chainOf({})
const other = await chainOf({ generation: 2 })
const [leaf, issuer] = own.chain ?? []
const ee = `3 1 1 ${hash(own.spki)}`
const ee512 = `3 1 2 ${hash(own.spki, 'sha512')}`
const eeOther = `3 1 1 ${hash(other.spki)}`
const ta = `2 1 1 ${hash(spkiOf(issuer?.raw ?? Buffer.alloc(0)))}`
const whole = `3 0 1 ${hash(leaf?.raw)}`
const nothing = `3 1 2 ${'00'.repeat(64)}`

const secure = (...records: readonly string[]): ServerSays => ({ kind: 'secure', records, ttl: 3600 })

function judge(says: readonly ServerSays[], shown: Shown, waited = 7200): GateVerdict {
  const servers = says.map((one, at) => ({ place: `ns${at}`, says: one }))
  const zone: ZoneSeen = {
    zone: nameOfText('example.org.'),
    owner: nameOfText('_25._tcp.mx.example.org.'),
    servers,
    fault: undefined,
  }
  const seenBefore = noteServed([], servedBy(zone), now - waited * 1000)
  return judgeGate({ history: noteServed(seenBefore, servedBy(zone), now), zone, shown, host, now })
}

const keyAlone: Shown = { spki: own.spki, chain: undefined }
const wrongName = await chainOf({ names: ['other.example'] })
const expired = await chainOf({ valid: 'expired' })
const silent: ServerSays = { kind: 'silent', reason: 'does not answer' }

const verdicts: [why: string, says: ServerSays[], shown: Shown, verdict: GateVerdict['kind']][] = [
  ['a key that all servers have for long enough', [secure(ee), secure(ee, eeOther)], keyAlone, 'open'],
  ['a key that one server lacks', [secure(ee), secure(eeOther)], keyAlone, 'spreading'],
  ['a key while a server does not answer', [secure(ee), silent], keyAlone, 'unknown'],
  ['a key while a server is bogus', [secure(ee), { kind: 'bogus', reason: 'x' }], keyAlone, 'unknown'],
  ['a key while nobody answers', [silent], keyAlone, 'unknown'],
  ['a key that nobody has', [secure(eeOther)], keyAlone, 'unpublished'],
  ['a key where there are no records', [secure()], keyAlone, 'unpublished'],
  ['a key where no record can be used', [secure('1 1 1 aa')], keyAlone, 'unpublished'],
  ['a key in a zone that is not signed', [{ kind: 'insecure' }], keyAlone, 'unsigned'],
  ['DANE-14, DANE-81: a key missing in the stronger digest', [secure(ee, nothing)], keyAlone, 'unpublished'],
  ['a key in both digests', [secure(ee, ee512)], keyAlone, 'open'],
  ['DANE-81: a key alone beside records of usage 2', [secure(ee, ta)], keyAlone, 'unpublished'],
  ['a certificate that holds for both usages', [secure(ee, ta)], own, 'open'],
  ['under usage 2 alone, any certificate of the authority', [secure(ta)], other, 'open'],
  [
    'under usage 2, a certificate without its chain',
    [secure(ta)],
    { spki: own.spki, chain: own.chain?.slice(0, 1) },
    'unpublished',
  ],
  ['RFC 7672 §3.2.2: under usage 2, a certificate for another name', [secure(ta)], wrongName, 'unpublished'],
  ['RFC 7672 §3.1.2: under usage 2, an expired certificate', [secure(ta)], expired, 'unpublished'],
  [
    'RFC 7672 §3.1.1: under usage 3 dates and names count for nothing',
    [secure(`3 1 1 ${hash(expired.spki)}`)],
    expired,
    'open',
  ],
  ['a certificate by a record of the whole of it', [secure(whole)], own, 'open'],
  ['the renewed one by a record of the whole of the other', [secure(whole, eeOther)], other, 'unpublished'],
]

for (const [why, says, shown, verdict] of verdicts) {
  test(`the gate says ${verdict} to ${why}`, () => assert.equal(judge(says, shown).kind, verdict))
}

test('the gate tells from when it passes', () => {
  assert.deepEqual(judge([secure(ee)], keyAlone, 3600), { kind: 'wait', until: now + 3_600_000 })
})
