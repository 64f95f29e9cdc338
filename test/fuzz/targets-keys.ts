import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  acmeShRenewal,
  certbotRenewal,
  parseAcmeShSettings,
  parseCertbotDefaults,
  parseCertbotRenewal,
} from '../../src/core/publish/acme/renewal.ts'
import { serverKeysOf } from '../../src/core/publish/tlsa/server-key.ts'
import { parseSpki, spkiOf } from '../../src/core/x509/certificate.ts'
import { holdsPrivateKey, readKeyMaterial } from '../../src/core/x509/key-material.ts'
import { spkiOfRequest } from '../../src/core/x509/request.ts'
import { type Target, textTarget } from './target.ts'
import { octetsOf } from './wire-pieces.ts'

const vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'vectors', 'dane-certificates.json'), 'utf8'),
) as { certificates: Record<string, string> } // our own file
const certificates = Object.values(vectors.certificates).map((base64) => Buffer.from(base64, 'base64'))
const smallest = certificates.toSorted((one, other) => one.length - other.length).slice(0, 3)

function pem(label: string, octets: Uint8Array): string {
  const lines =
    Buffer.from(octets)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** RFC 8410 §10.1, §10.3 */
const publicKey = Buffer.from('MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=', 'base64')
const privateKey = Buffer.from('MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC', 'base64')

/** DER, with lengths below 256. */
function der(tag: number, ...content: Uint8Array[]): Buffer {
  const octets = Buffer.concat(content)
  const length = octets.length < 128 ? [octets.length] : [0x81, octets.length]
  return Buffer.concat([Uint8Array.of(tag, ...length), octets])
}

/** A request as OpenSSL makes it for such a key. */
const request = der(
  0x30,
  der(0x30, octetsOf('020100'), octetsOf('30123110300e06035504030c076578616d706c65'), publicKey, octetsOf('a000')),
  octetsOf('300506032b6570'),
  der(0x03, Buffer.alloc(65)),
)

const ofNothing = createHash('sha256').update('').digest('hex')

/** Whatever a file holds, each key in it is one that TLS can show, and a server's keys are those that were found. */
function runKeyMaterial(octets: Uint8Array): void {
  const read = readKeyMaterial(octets)
  const spki = spkiOfRequest(octets)
  if (spki !== undefined) assert.ok(Buffer.from(octets).includes(Buffer.from(spki)))
  if (!read.ok) {
    assert.ok(read.at >= 0 && read.at <= octets.length + 1)
    return
  }
  const { certificates: found, keys } = read.value
  assert.ok(found.length + keys.length > 0)
  for (const key of keys) {
    assert.notEqual(parseSpki(key.spki), undefined)
    assert.notEqual(createHash('sha256').update(key.spki).digest('hex'), ofNothing)
    if (key.from === 'private-key') assert.ok(holdsPrivateKey(octets))
  }
  const servers = serverKeysOf(read.value)
  if (!servers.ok) return
  for (const { certificate, spki: own, issuers } of servers.value) {
    if (certificate === undefined) assert.equal(issuers.length, 0)
    else assert.deepEqual(Buffer.from(own), Buffer.from(spkiOf(certificate.raw) ?? []))
  }
}

const keyTarget: Target = {
  name: 'key-material',
  run: runKeyMaterial,
  seeds: [
    publicKey,
    request,
    ...[pem('PUBLIC KEY', publicKey), pem('PRIVATE KEY', privateKey), pem('CERTIFICATE REQUEST', request)].map((text) =>
      Buffer.from(text),
    ),
    ...smallest.map((one) => Buffer.from(`subject=x\r\n${pem('CERTIFICATE', one)}${pem('EC PARAMETERS', publicKey)}`)),
  ],
  words: [
    ...['-----BEGIN ', '-----END ', '-----', 'CERTIFICATE', 'PRIVATE KEY', 'PUBLIC KEY', 'REQUEST', 'RSA ', 'EC '],
    ...['\n', '\r\n', '\ufeff', '=', 'Proc-Type: 4,ENCRYPTED\n'],
  ].map((word) => Buffer.from(word)),
}

/** Only the words for it make a renewal keep the key. */
const settingsTarget = textTarget(
  'acme-settings',
  (text) => {
    const defaults = parseCertbotDefaults(text)
    const { key } = certbotRenewal('mx', parseCertbotRenewal(text), defaults)
    if (key === 'kept') assert.match(text, /reuse[-_]key/)
    const settings = parseAcmeShSettings(text)
    if (settings === undefined) return
    const { key: ofAcmeSh } = acmeShRenewal('mx.conf', settings)
    if (ofAcmeSh === 'new') assert.match(text, /Le_ForceNewDomainKey\s*=\s*['"]?1/)
  },
  {
    seeds: [
      'version = 2.11.0\ncert = /a\n[renewalparams]\nreuse_key = True # DANE\nkey_type = ecdsa\n[[webroot_map]]\na = /b\n',
      "Le_Domain='a.example'\nLe_Alt='no'\nLe_ForceNewDomainKey='1'\nLe_Keylength='ec-256'\n",
      'email = a@example.org\nreuse-key = true\nno-reuse-key: "yes" ; c\nreuse-key\n',
    ],
    words: `[renewalparams] [[x]] reuse_key reuse-key no- autorenew = : True False true "yes" '1' # ; Le_Domain= Le_ForceNewDomainKey=`,
  },
)

export const keyTargets: readonly Target[] = [keyTarget, settingsTarget]
