import assert from 'node:assert/strict'
import { createHash, createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { test } from 'node:test'
import { type AccountKey, accountKeyOf, bindExternalAccount, keyAuthorization, signRequest } from './jws.ts'
import { acmeIdentifierValue } from './tls-alpn.ts'
import type { AcmeUrl } from './urls.ts'

/** The private key of RFC 7515 §A.3. */
const jwk = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
}
const account = accountKeyOf(createPrivateKey({ key: jwk, format: 'jwk' })) as AccountKey
const url = 'https://acme.example/order' as AcmeUrl
const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())

test('the key of an account is known by its thumbprint', () => {
  const members = `{"crv":"P-256","kty":"EC","x":"${jwk.x}","y":"${jwk.y}"}`
  assert.equal(account.thumbprint, createHash('sha256').update(members).digest('base64url'))
  assert.equal(keyAuthorization('token', account), `token.${account.thumbprint}`)
  assert.deepEqual(account.jwk, { kty: 'EC', crv: 'P-256', x: jwk.x, y: jwk.y })
})

test('only a private key of P-256 is one of an account', () => {
  assert.equal(accountKeyOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey), undefined)
  assert.equal(accountKeyOf(generateKeyPairSync('ed25519').privateKey), undefined)
  assert.equal(accountKeyOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey), undefined)
})

const requests: [why: string, kid: AcmeUrl | undefined, payload: object | undefined][] = [
  ['of a new account carries its key', undefined, { contact: [] }],
  ['of an account names it', 'https://acme.example/account/1' as AcmeUrl, { a: 'ü' }],
  ['that only fetches has an empty payload', 'https://acme.example/account/1' as AcmeUrl, undefined],
]
for (const [why, kid, payload] of requests) {
  test(`a request ${why}, and is signed with ES256`, () => {
    const body = JSON.parse(signRequest(account, { url, nonce: 'n1', account: kid, payload }))
    const who = kid === undefined ? { jwk: account.jwk } : { kid }
    assert.deepEqual(decode(body.protected), { alg: 'ES256', ...who, nonce: 'n1', url })
    if (payload === undefined) assert.equal(body.payload, '')
    else assert.deepEqual(decode(body.payload), payload)
    const signature = Buffer.from(body.signature, 'base64url')
    assert.equal(signature.length, 64)
    const key = createPublicKey(account.key)
    const input = Buffer.from(`${body.protected}.${body.payload}`)
    assert.ok(verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature))
    assert.deepEqual(Object.keys(body).sort(), ['payload', 'protected', 'signature'])
  })
}

test('a request shows nothing of the private key', () => {
  const body = signRequest(account, { url, nonce: 'n1', account: undefined, payload: {} })
  const whole = `${body}${Buffer.from(JSON.parse(body).protected, 'base64url')}`
  assert.ok(!whole.includes(jwk.d))
})

test('a new account is bound to that of a customer by HMAC over its key, without a nonce', () => {
  const macKey = Buffer.from('zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W', 'base64url')
  const bound = bindExternalAccount(account, { keyId: 'kid-1', macKey }, url) as Record<string, string>
  const { protected: header = '', payload = '', signature } = bound
  assert.deepEqual(decode(header), { alg: 'HS256', kid: 'kid-1', url })
  assert.deepEqual(decode(payload), account.jwk)
  assert.equal(signature, createHmac('sha256', macKey).update(`${header}.${payload}`).digest('base64url'))
})

test('the extension of TLS-ALPN-01 holds the digest of the key authorization', () => {
  const value = Buffer.from(acmeIdentifierValue('token.thumbprint')).toString('hex')
  assert.equal(value, `0420${createHash('sha256').update('token.thumbprint').digest('hex')}`)
})
