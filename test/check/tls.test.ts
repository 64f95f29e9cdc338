// How hosts do TLS, and their certificates: facts of a good host in full depth, and then one is altered.
import 'reflect-metadata'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { X509CertificateGenerator } from '@peculiar/x509'
import type { Talk } from '../../src/core/check/address-probe.ts'
import type { CheckFacts } from '../../src/core/check/check-facts.ts'
import { checkReport } from '../../src/core/check/check-report.ts'
import { certificatesFamily } from '../../src/core/check/findings/certificates.ts'
import { tlsFamily } from '../../src/core/check/findings/tls.ts'
import type { TlsParameters } from '../../src/core/check/tls-parameters.ts'
import { type CheckLab, idsOf, startCheckLab } from '../support/check-lab.ts'
import { whole } from './faults/fault.ts'

let lab: CheckLab
let facts: CheckFacts
/** Before its TLS was made that of a good host. */
let found: CheckFacts
/** DER: an RSA key of 1024 bits, signed by SHA-1 in the name of somebody else. */
let old: Uint8Array

before(async () => {
  const lines = whole.map((line) => line.replaceAll(/\bD\b/g, 'a.example').replaceAll('%', '1'))
  lab = await startCheckLab([...lines, 'zone mx.a.example CAA 0 issue "ca.example"'].join('\n'), { depth: 'full' })
  found = await lab.gather('a.example')
  facts = withParameters(() => good)(found)
  const rsa = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 1024,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-1',
  }
  const keys = await crypto.subtle.generateKey(rsa, true, ['sign', 'verify'])
  const made = await X509CertificateGenerator.create({
    ...{
      issuer: 'CN=Old Authority',
      subject: 'CN=mx.a.example',
      publicKey: keys.publicKey,
      signingKey: keys.privateKey,
    },
    ...{ signingAlgorithm: rsa, notBefore: new Date('2001-01-01'), notAfter: new Date('2049-01-01') },
  })
  old = new Uint8Array(made.rawData)
})
after(() => lab.close())

type Alter = (facts: CheckFacts) => CheckFacts

function withTalk(change: (talk: Talk) => Partial<Talk>): Alter {
  return ({ hosts = [], ...rest }) => ({
    ...rest,
    hosts: hosts.map((host) => ({
      ...host,
      probes: host.probes.map((probe) => ({
        ...probe,
        outcome: probe.outcome.kind === 'talked' ? { ...probe.outcome, ...change(probe.outcome) } : probe.outcome,
      })),
    })),
  })
}

const told = <Value>(value: Value) => ({ kind: 'told', value }) as const

function withParameters(change: (parameters: TlsParameters) => Partial<TlsParameters>): Alter {
  return withTalk(({ parameters }) => ({ parameters: parameters && { ...parameters, ...change(parameters) } }))
}

function withSuites(...items: readonly string[]): Alter {
  return withParameters(() => ({ suites: [{ version: 'TLSv1.2', suites: { items, isComplete: true } }] }))
}

function withGroups(...names: readonly string[]): Alter {
  const list = { items: names.map((name) => ({ name, id: 0 })), isComplete: true }
  return withParameters(({ groups }) => ({ groups: { ...groups, older: told(list) } }))
}

function withChain(change: (chain: readonly Uint8Array[]) => readonly Uint8Array[], chainError?: string): Alter {
  return withTalk(({ keys }) => {
    if (keys.ecdsa.kind !== 'presented') return {}
    const { handshake } = keys.ecdsa
    const altered = { ...handshake, chain: change(handshake.chain), ...(chainError !== undefined && { chainError }) }
    return { keys: { ...keys, ecdsa: { kind: 'presented', handshake: altered } } }
  })
}

/** What a host of today has. */
const good: Partial<TlsParameters> = {
  suites: [{ version: 'TLSv1.3', suites: { items: ['TLS_AES_256_GCM_SHA384'], isComplete: true } }],
  order: told({ kind: 'none', version: 'TLSv1.3' }),
  groups: {
    tls13: told({ items: [{ name: 'x25519', id: 0x1d }], isComplete: true }),
    older: told({ items: [], isComplete: true }),
  },
  finiteField: told(undefined),
  exchangeSignature: told({ usual: 'ecdsa_secp256r1_sha256', sha224: told(undefined), sha1: told(undefined) }),
  clientRenegotiation: told({ count: 0, isBound: false }),
}

const cases: [ids: string, what: string, alter: Alter][] = [
  ['', 'a host of today', (good) => good],
  [
    'tls-version-old',
    'TLS 1.0 is taken',
    withParameters(() => ({ versions: [{ version: 'TLSv1', finding: told({ kind: 'taken', suite: 'x' }) }] })),
  ],
  [
    'tls-13-missing',
    'TLS 1.3 is refused',
    withParameters(() => ({ versions: [{ version: 'TLSv1.3', finding: told({ kind: 'refused', alert: 70 }) }] })),
  ],
  [
    '',
    'TLS 1.3 is not known of',
    withParameters(() => ({ versions: [{ version: 'TLSv1.3', finding: { kind: 'untold', why: 'busy' } }] })),
  ],
  ['tls-suite-weak', '3DES is taken', withSuites('TLS_RSA_WITH_3DES_EDE_CBC_SHA')],
  ['tls-suite-phase-out', 'CBC is taken', withSuites('TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384')],
  [
    'tls-suite-order tls-suite-phase-out',
    'the client chooses, and CBC is among it',
    (good) =>
      withParameters(() => ({ order: told({ kind: 'client', version: 'TLSv1.2', between: ['a', 'b'] }) }))(
        withSuites('TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384')(good),
      ),
  ],
  ['tls-group-weak', 'secp192r1 is taken', withGroups('secp192r1')],
  ['tls-group-phase-out', 'secp224r1 is taken', withGroups('secp224r1')],
  [
    'tls-group-weak',
    'a group of 1024 bits',
    withParameters(() => ({ finiteField: told({ bits: 1024, name: undefined, prime: '' }) })),
  ],
  [
    'tls-exchange-hash-weak',
    'SHA-1 signs',
    withParameters(() => ({
      exchangeSignature: told({ usual: 'x', sha1: told('rsa_pkcs1_sha1'), sha224: told(undefined) }),
    })),
  ],
  [
    'tls-exchange-hash-phase-out',
    'SHA-224 signs',
    withParameters(() => ({
      exchangeSignature: told({ usual: 'x', sha224: told('rsa_pkcs1_sha224'), sha1: told(undefined) }),
    })),
  ],
  ['tls-compression', 'compression', withParameters(() => ({ compression: told(true) }))],
  [
    'tls-renegotiation-insecure',
    'no secure renegotiation',
    withParameters(() => ({ secureRenegotiation: told(false) })),
  ],
  [
    'tls-client-renegotiation',
    'eleven renegotiations',
    withParameters(() => ({ clientRenegotiation: told({ count: 11, isBound: true }) })),
  ],
  ['', 'ten renegotiations', withParameters(() => ({ clientRenegotiation: told({ count: 10, isBound: false }) }))],
  ['tls-early-data', 'early data', withParameters(() => ({ earlyData: told(16_384) }))],
  ['tls-master-secret', 'no extended master secret', withParameters(() => ({ extendedMasterSecret: told(false) }))],
  [
    'tls-name-needed',
    'a handshake that needs a name',
    withTalk(() => ({
      withoutName: { kind: 'failed', failure: { fault: 'protocol', reason: 'alert 112', alert: 112 } },
    })),
  ],
  [
    'certificate-key-phase-out',
    'RSA of 2048 bits, by the NCSC',
    (good) => ({ ...withChain(() => [rsa2048])(good), tlsProfile: 'ncsc-nl' }),
  ],
  ['', 'RSA of 2048 bits, by RFC 9325', withChain(() => [rsa2048])],
  ['certificate-key-weak certificate-signature-weak', 'RSA of 1024 bits and SHA-1', withChain(() => [old])],
  ['chain-incomplete', 'no intermediate', withChain((chain) => chain.slice(0, 1), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')],
  ['chain-unordered', 'a stranger in the chain', withChain((chain) => [...chain, rsa2048])],
  [
    'caa-missing',
    'no CAA record',
    ({ hosts = [], ...rest }) => ({
      ...rest,
      hosts: hosts.map((host) => ({
        ...host,
        caa: rest.mail?.hosts[0]?.tlsa.lookups.map((one) => ({ ...one, kind: 'nodata' }) as never) ?? [],
      })),
    }),
  ],
]

/** Made before the cases, which name it. */
const rsa2048 = await makeRsa()

async function makeRsa(): Promise<Uint8Array> {
  const rsa = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  }
  const keys = await crypto.subtle.generateKey(rsa, true, ['sign', 'verify'])
  const validity = { notBefore: new Date('2001-01-01'), notAfter: new Date('2049-01-01') }
  const made = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=mx.a.example',
    keys,
    signingAlgorithm: rsa,
    ...validity,
  })
  return new Uint8Array(made.rawData)
}

const own = new Set([...Object.keys(tlsFamily.kinds), ...Object.keys(certificatesFamily.kinds)])

for (const [ids, what, alter] of cases) {
  test(`${what}: ${ids || 'nothing'}`, () => {
    const report = checkReport(alter(facts), lab.lab.clock.now())
    const seen = idsOf(report).filter((id) => own.has(id))
    assert.deepEqual(seen, ids === '' ? [] : ids.split(' '), JSON.stringify(report.findings, undefined, 1))
  })
}

test('what a server of Node does by itself is seen as it is', () => {
  const ids = idsOf(checkReport(found, lab.lab.clock.now())).filter((id) => own.has(id))
  assert.deepEqual(ids, [
    'tls-client-renegotiation',
    'tls-exchange-hash-phase-out',
    'tls-suite-order',
    'tls-suite-phase-out',
  ])
})

test('every finding about TLS is found in some test', () => {
  const found = new Set([...cases.flatMap(([one]) => one.split(' ')), 'certificate-expires'])
  assert.deepEqual(
    [...own].filter((id) => !found.has(id)),
    [],
  )
})

test('a certificate that ends soon is a note with its date where nobody minds', async () => {
  const ending = await startCheckLab(
    ['zone a.example', 'zone a.example MX 10 mx.a.example', 'host mx.a.example valid=ending'].join('\n'),
  )
  try {
    const { findings } = await ending.check('a.example')
    const found = findings.find(({ id }) => id === 'certificate-expires')
    assert.ok(found !== undefined && found.date !== null)
    assert.ok(Math.abs(Date.parse(found.date) - Date.now() - 86_400_000) < 3_600_000)
  } finally {
    await ending.close()
  }
})
