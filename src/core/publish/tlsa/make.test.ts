import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { type Certified, certify, keyAlgorithms } from '../../../../test/support/key-chains.ts'
import { formatTlsa } from '../../dane/tlsa.ts'
import type { FoundKey } from '../../x509/key-material.ts'
import { formatTlsaForm, parseTlsaForm, type TlsaFormFault, usualForm } from './form.ts'
import { type KeyInput, makeTlsa } from './make.ts'
import { serverKeysOf } from './server-key.ts'
import { isOfShown, withoutRecord } from './shown.ts'

const root = await certify({ name: 'Root', isAuthority: true, algorithm: 'rsa' })
const middle = await certify({ name: 'Middle', isAuthority: true, by: root })
const strange = await certify({ name: 'Strange', isAuthority: true })
const leaf = await certify({ name: 'mx', names: ['mx.example.org'], by: middle })
const renewed = await certify({ name: 'mx', names: ['mx.example.org'], by: middle, keyOf: leaf })
const selfSigned = await certify({ name: 'self', isAuthority: true, names: ['mx.example.org'] })

const digest = (octets: Uint8Array, algorithm = 'sha256') => createHash(algorithm).update(octets).digest('hex')
const ofNothing = [digest(Buffer.alloc(0)), digest(Buffer.alloc(0), 'sha512')]

const inForm = (text: string) => {
  const form = parseTlsaForm(text)
  assert.ok(form.ok)
  return form.value
}

function inputsOf(certified: readonly Certified[], keys: readonly FoundKey[] = []): KeyInput[] {
  const found = serverKeysOf({ certificates: certified.map(({ certificate }) => certificate), keys })
  assert.ok(found.ok, JSON.stringify(found))
  return found.value.map((key) => ({ ...key, sources: ['files'], isNext: false, renewal: undefined }))
}

function made(inputs: readonly KeyInput[], forms: readonly string[], issuers: readonly Certified[] = []): string[] {
  const making = makeTlsa(
    inputs,
    forms.map(inForm),
    issuers.map(({ certificate }) => certificate),
  )
  if (making.kind === 'refused') return [`refused: ${making.fault}`]
  for (const { tlsa } of making.records) assert.ok(!ofNothing.includes(Buffer.from(tlsa.data).toString('hex')))
  return making.records.map(({ tlsa, isAuthoritySent }) => `${formatTlsa(tlsa)}${isAuthoritySent ? ' sent' : ''}`)
}

for (const algorithm of Object.keys(keyAlgorithms) as (keyof typeof keyAlgorithms)[]) {
  test(`DANE-80: 3 1 1 of an ${algorithm} key is the SHA-256 of its SubjectPublicKeyInfo, whether or not it has a certificate`, async () => {
    const one = await certify({ name: 'mx', names: ['mx.example.org'], algorithm })
    const expected = [`3 1 1 ${digest(one.spki)}`]
    assert.deepEqual(made(inputsOf([one]), ['3 1 1']), expected)
    assert.deepEqual(made(inputsOf([], [{ from: 'private-key', spki: one.spki }]), ['3 1 1']), expected)
    assert.deepEqual(made(inputsOf([one], [{ from: 'private-key', spki: one.spki }]), ['3 1 1']), expected)
  })
}

const forms: [form: string, data: string][] = [
  ['3 1 1', digest(leaf.spki)],
  ['3 1 2', digest(leaf.spki, 'sha512')],
  ['3 1 0', leaf.spki.toString('hex')],
  ['3 0 1', digest(leaf.certificate.raw)],
  ['3 0 2', digest(leaf.certificate.raw, 'sha512')],
  ['2 1 1', `${digest(root.spki)} sent`],
  ['2 0 1', `${digest(root.certificate.raw)} sent`],
  ['2 1 0', `${root.spki.toString('hex')} sent`],
]
for (const [form, data] of forms) {
  test(`${form} of a chain, whatever the order of its certificates`, () => {
    for (const chain of [
      [leaf, middle, root],
      [root, middle, leaf],
      [middle, root, leaf, leaf],
    ]) {
      assert.deepEqual(made(inputsOf(chain), [form]), [`${form} ${data}`])
    }
  })
}

test('DANE-83: an issuer that was named is taken, and it is told whether the server sends it', () => {
  assert.deepEqual(made(inputsOf([leaf, middle]), ['2 1 1']), [`2 1 1 ${digest(middle.spki)} sent`])
  assert.deepEqual(made(inputsOf([leaf, middle]), ['2 1 1'], [root]), [`2 1 1 ${digest(root.spki)}`])
  assert.deepEqual(made(inputsOf([leaf, middle, root]), ['2 1 1'], [middle]), [`2 1 1 ${digest(middle.spki)} sent`])
  assert.deepEqual(made(inputsOf([leaf]), ['2 0 1'], [middle, root]), [
    `2 0 1 ${digest(middle.certificate.raw)}`,
    `2 0 1 ${digest(root.certificate.raw)}`,
  ])
})

const refused: [what: string, inputs: () => KeyInput[], form: string, issuers: Certified[], fault: string][] = [
  [
    'DANE-89: usage 2 for a key alone',
    () => inputsOf([], [{ from: 'request', spki: leaf.spki }]),
    '2 1 1',
    [],
    'no-issuer',
  ],
  ['DANE-89: usage 2 without an issuer', () => inputsOf([leaf]), '2 1 1', [], 'no-issuer'],
  ['DANE-58: usage 2 for what signed itself', () => inputsOf([selfSigned]), '2 0 1', [], 'self-signed'],
  ['an issuer of something else', () => inputsOf([leaf, middle]), '2 1 1', [strange], 'foreign-issuer'],
  [
    'a record of the certificate for a key alone',
    () => inputsOf([], [{ from: 'public-key', spki: leaf.spki }]),
    '3 0 1',
    [],
    'no-certificate',
  ],
]
for (const [what, inputs, form, issuers, fault] of refused) {
  test(`refused: ${what}`, () => assert.deepEqual(made(inputs(), [form], issuers), [`refused: ${fault}`]))
}

test('a renewal with the same key needs no new 3 1 1, and a new 3 0 1', () => {
  assert.deepEqual(made(inputsOf([renewed, leaf, middle]), ['3 1 1']), [`3 1 1 ${digest(leaf.spki)}`])
  assert.equal(made(inputsOf([renewed, leaf, middle]), ['3 0 1']).length, 2)
})

test('DANE-81: the next key has the same forms beside those of the key in use, but for what it cannot have yet', () => {
  const [current] = inputsOf([leaf, middle, root])
  const [next] = inputsOf([], [{ from: 'private-key', spki: strange.spki }])
  assert.ok(current !== undefined && next !== undefined)
  assert.deepEqual(made([current, { ...next, isNext: true }], ['3 1 1', '2 1 1', '3 0 1']), [
    `3 1 1 ${digest(leaf.spki)}`,
    `3 1 1 ${digest(strange.spki)}`,
    `2 1 1 ${digest(root.spki)} sent`,
    `3 0 1 ${digest(leaf.certificate.raw)}`,
  ])
})

const keysOf: [what: string, certificates: Certified[], keys: Buffer[], found: number | string][] = [
  ['nothing but a key', [], [leaf.spki], 1],
  ['a key twice', [], [leaf.spki, leaf.spki], 1],
  ['two keys', [], [leaf.spki, root.spki], 2],
  ['a certificate and its key', [leaf], [leaf.spki], 1],
  ['a certificate with its issuers, and a stray authority', [leaf, selfSigned, middle, root], [], 1],
  ['a certificate that says it is an authority, with its key', [selfSigned, leaf, middle], [selfSigned.spki], 2],
  ['a self-signed certificate that says it is an authority', [selfSigned], [], 1],
  ['a key that no certificate has', [leaf, middle], [strange.spki], 'foreign-key'],
  ['the key of the issuer', [leaf, middle], [middle.spki], 'foreign-key'],
  ['authorities alone', [middle, root], [], 'authorities-alone'],
  ['an intermediate alone', [middle], [], 'authorities-alone'],
]
for (const [what, certificates, keys, found] of keysOf) {
  test(`serverKeysOf ${what}: ${found}`, () => {
    const read = serverKeysOf({
      certificates: certificates.map(({ certificate }) => certificate),
      keys: keys.map((spki) => ({ from: 'private-key', spki })),
    })
    assert.equal(read.ok ? read.value.length : read.fault, found)
  })
}

test('a key with its curve written out belongs to the certificate that names it, and alone it is refused', () => {
  const written = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' })
  const spki = written.publicKey.export({ format: 'der', type: 'spki' })
  const read = serverKeysOf({ certificates: [], keys: [{ from: 'private-key', spki }] })
  assert.deepEqual(read, { ok: false, fault: 'written-curve', at: 0 })
})

const badForms: [text: string, fault: TlsaFormFault][] = [
  ['', 'syntax'],
  ['3 1', 'syntax'],
  ['3 1 1 00', 'syntax'],
  ['3,1,1', 'syntax'],
  ['3 1 x', 'syntax'],
  ['256 1 1', 'syntax'],
  ['0 0 1', 'pkix-usage'],
  ['1 1 1', 'pkix-usage'],
  ['PKIX-EE SPKI SHA2-256', 'pkix-usage'],
  ['4 1 1', 'unknown'],
  ['3 2 1', 'unknown'],
  ['3 1 3', 'unknown'],
  ['3 0 0', 'whole-certificate'],
  ['2 0 0', 'whole-certificate'],
]
for (const [text, fault] of badForms) {
  test(`DANE-80: the form "${text}" is refused: ${fault}`, () => {
    const form = parseTlsaForm(text)
    assert.equal(form.ok ? 'accepted' : form.fault, fault)
  })
}

test('a form is three numbers, or the words of RFC 7218', () => {
  assert.deepEqual(inForm(' 3  1\t1 '), usualForm)
  assert.deepEqual(inForm('dane-ee spki sha2-256'), usualForm)
  assert.equal(formatTlsaForm(inForm('DANE-TA Cert SHA2-512')), '2 0 2')
})

test('what a server shows is held against each kind of record by itself', () => {
  const shown = {
    address: '192.0.2.1',
    keyType: 'ecdsa',
    chain: [leaf, root, middle].map((one) => one.certificate),
  } as const
  const other = { address: '192.0.2.2', keyType: 'rsa', chain: [strange.certificate] } as const
  const making = makeTlsa(inputsOf([leaf, middle, root]), ['3 1 1', '2 0 1', '3 0 1'].map(inForm), [])
  assert.ok(making.kind === 'made')
  const records = making.records.map(({ tlsa }) => tlsa)
  assert.deepEqual(
    records.map((tlsa) => isOfShown(tlsa, shown)),
    [true, true, true],
  )
  assert.deepEqual(
    records.map((tlsa) => isOfShown(tlsa, other)),
    [false, false, false],
  )
  assert.deepEqual(withoutRecord(records, [shown, other]), [other])
  // DANE-81: one kind that matches does not make up for another that does not.
  const after = { ...shown, chain: [renewed, middle, root].map((one) => one.certificate) }
  assert.deepEqual(withoutRecord(records, [after]), [after])
  assert.deepEqual(withoutRecord(records.slice(0, 2), [after]), [])
  assert.equal(
    isOfShown({ usage: 2, selector: 1, matchingType: 1, data: Buffer.from(digest(leaf.spki), 'hex') }, shown),
    false,
  )
})
