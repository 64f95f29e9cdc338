// A small certificate authority that speaks ACME over HTTPS on loopback, strict about what it is sent, and as hostile as a
// test makes it.
import 'reflect-metadata'
import { createPublicKey, type JsonWebKey, randomBytes, verify } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import * as x509 from '@peculiar/x509'
import { createAuthority } from '../certificates.ts'
import { startPolicyHost } from '../policy-host.ts'

export interface StubAnswer {
  status: number
  headers: Record<string, string>
  body: string | Buffer
}

/** What a challenge asks for, for whoever looks whether it is answered. */
export interface AskedChallenge {
  readonly name: string
  readonly type: string
  readonly token: string
}

export interface StubOptions {
  readonly now: () => number
  /** Whether a challenge is met: undefined, or what is wrong. By default all are. */
  readonly validate?: (challenge: AskedChallenge) => Promise<string | undefined>
  readonly lifetimeMs?: number
  readonly externalAccountRequired?: boolean
  readonly profiles?: Readonly<Record<string, string>>
  readonly termsOfService?: string
  /** Where it says that it is; `acme.test` unless told. */
  readonly host?: string
}

export interface StubOrder {
  status: string
  readonly name: string
  readonly account: string
  readonly payload: Record<string, unknown>
  authorization: string
  challengeError: object | undefined
  certificate: string | undefined
}

export interface StubAuthority {
  readonly port: number
  readonly directory: string
  /** Root of the authority's own HTTPS server, and of the certificates that it issues. PEM. */
  readonly serverRoot: string
  readonly root: string
  /** Each request, as `POST order`, in order. */
  readonly requests: string[]
  readonly orders: StubOrder[]
  /** URLs of the accounts by the thumbprint-like text of their keys. */
  readonly accounts: Map<string, string>
  /** Certificates issued, by name, the oldest first. */
  readonly issued: { readonly name: string; readonly at: number; readonly notAfter: number }[]
  /** May change every answer before it is sent; undefined closes the connection. */
  tamper: (path: string, answer: StubAnswer, request: IncomingMessage) => StubAnswer | undefined
  /** Refuses this many nonces that are good. */
  nonceRejects: number
  /** The window told for every certificate; undefined has no renewal information for it. */
  window: (renewalId: string) => { start: number; end: number } | undefined
  close(): Promise<void>
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMs = 86_400_000

export const problem = (type: string, detail: string, status = 400): StubAnswer => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  body: JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail, status }),
})

export async function startStubAuthority(options: StubOptions): Promise<StubAuthority> {
  const { host = 'acme.test' } = options
  const server = await createAuthority('CN=Server Root')
  const identity = await server.issue({ names: [host], notBefore: new Date(0), notAfter: new Date('2049-01-01') })
  const issuer = await makeIssuer()
  const nonces = new Set<string>()
  const certificates: string[] = []
  const listening = await startPolicyHost(identity, (response, request) => {
    void respond(response, request)
  })
  const base = `https://${host}:${listening.port}`
  const stub: StubAuthority = {
    port: listening.port,
    directory: `${base}/directory`,
    serverRoot: server.pem,
    root: issuer.pem,
    requests: [],
    orders: [],
    accounts: new Map(),
    issued: [],
    tamper: (_, answer) => answer,
    nonceRejects: 0,
    window: () => undefined,
    close: () => listening.close(),
  }

  async function respond(response: ServerResponse, request: IncomingMessage): Promise<void> {
    const path = (request.url ?? '').slice(1)
    stub.requests.push(`${request.method} ${path}`)
    const body = await readAll(request)
    const nonce = randomBytes(16).toString('base64url')
    nonces.add(nonce)
    const plain = await answerTo(path, body)
    plain.headers['replay-nonce'] ??= nonce
    const answer = stub.tamper(path, plain, request)
    if (answer === undefined) return void response.destroy()
    response.writeHead(answer.status, answer.headers).end(answer.body)
  }

  async function answerTo(path: string, body: string): Promise<StubAnswer> {
    if (path === 'directory') return json(200, directoryDocument())
    if (path === 'nonce') return { status: 200, headers: {}, body: '' }
    if (path.startsWith('renewal/')) return renewal(path.slice('renewal/'.length))
    const read = readJws(path, body)
    return 'status' in read ? read : await take(path, read)
  }

  function directoryDocument(): object {
    const { profiles, termsOfService, externalAccountRequired = false } = options
    return {
      ...{ newNonce: `${base}/nonce`, newAccount: `${base}/account`, newOrder: `${base}/order` },
      ...{ renewalInfo: `${base}/renewal`, meta: { profiles, termsOfService, externalAccountRequired } },
    }
  }

  function renewal(id: string): StubAnswer {
    const window = stub.window(id)
    if (window === undefined) return problem('malformed', 'no such certificate', 404)
    const { start, end } = window
    const suggestedWindow = { start: new Date(start).toISOString(), end: new Date(end).toISOString() }
    const answer = json(200, { suggestedWindow })
    answer.headers['retry-after'] = '86400'
    return answer
  }

  interface Jws {
    readonly key: JsonWebKey
    readonly account: string | undefined
    readonly payload: Record<string, unknown> | undefined
  }

  /** RFC 8555 §6.2 to §6.5, to the letter. */
  function readJws(path: string, body: string): Jws | StubAnswer {
    const outer = JSON.parse(body) as Record<string, string>
    const { protected: protectedText = '', payload = '', signature = '' } = outer
    const header = JSON.parse(Buffer.from(protectedText, 'base64url').toString())
    if (header.alg !== 'ES256') return problem('badSignatureAlgorithm', String(header.alg))
    if (header.url !== `${base}/${path}`) return problem('unauthorized', `URL ${header.url}`)
    if (!nonces.delete(header.nonce)) return problem('badNonce', 'unknown nonce')
    if (stub.nonceRejects > 0 && stub.nonceRejects-- > 0) return problem('badNonce', 'not today')
    if ((header.jwk === undefined) === (header.kid === undefined)) return problem('malformed', 'jwk or kid')
    if ((header.jwk !== undefined) !== (path === 'account')) return problem('malformed', 'wrong of jwk and kid')
    const text = header.jwk === undefined ? [...stub.accounts].find(([, url]) => url === header.kid)?.[0] : undefined
    const key = (header.jwk ?? (text === undefined ? undefined : JSON.parse(text))) as JsonWebKey | undefined
    if (key === undefined) return problem('accountDoesNotExist', String(header.kid))
    const input = Buffer.from(`${protectedText}.${payload}`)
    const publicKey = createPublicKey({ key, format: 'jwk' })
    const isSigned = verify(
      'sha256',
      input,
      { key: publicKey, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    )
    if (!isSigned) return problem('unauthorized', 'signature')
    const parsed = payload === '' ? undefined : JSON.parse(Buffer.from(payload, 'base64url').toString())
    return { key, account: header.kid, payload: parsed }
  }

  async function take(path: string, { key, account, payload }: Jws): Promise<StubAnswer> {
    const [kind = '', id = ''] = path.split('/')
    if (kind === 'account' && account === undefined) return register(key, payload ?? {})
    if (kind === 'account') return json(200, { status: 'valid', ...payload })
    if (kind === 'order' && id === '') return newOrder(account ?? '', payload ?? {})
    if (kind === 'certificate') {
      const headers = { 'content-type': 'application/pem-certificate-chain' }
      return { status: 200, headers, body: certificates[Number(id)] ?? '' }
    }
    const order = stub.orders[Number(id)]
    if (order === undefined || order.account !== account) return problem('malformed', 'no such order', 404)
    if (kind === 'order') return orderAnswer(200, order)
    if (kind === 'authorization') return json(200, authorizationOf(order))
    if (kind === 'finalize') return await finalize(order, payload ?? {})
    await validateChallenge(order, id, path.split('/')[2] ?? '')
    return json(200, { type: path.split('/')[2], url: `${base}/${path}`, token: tokenOf(id), status: 'processing' })
  }

  function register(key: JsonWebKey, payload: Record<string, unknown>): StubAnswer {
    if (options.termsOfService !== undefined && payload.termsOfServiceAgreed !== true) {
      return problem('userActionRequired', 'terms')
    }
    const text = JSON.stringify(key)
    const known = stub.accounts.get(text)
    const url = known ?? `${base}/account/${stub.accounts.size}`
    stub.accounts.set(text, url)
    const answer = json(known === undefined ? 201 : 200, { status: 'valid' })
    answer.headers.location = url
    return answer
  }

  function newOrder(account: string, payload: Record<string, unknown>): StubAnswer {
    const [identifier] = payload.identifiers as { value: string }[]
    const order: StubOrder = {
      ...{ status: 'pending', name: identifier?.value ?? '', account, payload },
      ...{ authorization: 'pending', challengeError: undefined, certificate: undefined },
    }
    stub.orders.push(order)
    return orderAnswer(201, order)
  }

  function orderAnswer(status: number, order: StubOrder): StubAnswer {
    const id = stub.orders.indexOf(order)
    const answer = json(status, {
      status: order.status,
      identifiers: [{ type: 'dns', value: order.name }],
      authorizations: [`${base}/authorization/${id}`],
      finalize: `${base}/finalize/${id}`,
      certificate: order.certificate,
    })
    answer.headers.location = `${base}/order/${id}`
    return answer
  }

  function tokenOf(id: string): string {
    return `token-of-an-order-numbered-${id}`
  }

  function authorizationOf(order: StubOrder): object {
    const id = String(stub.orders.indexOf(order))
    const challenge = (type: string) => ({
      ...{ type, url: `${base}/challenge/${id}/${type}`, token: tokenOf(id) },
      error: order.challengeError,
    })
    return {
      identifier: { type: 'dns', value: order.name },
      status: order.authorization,
      challenges: ['dns-01', 'http-01', 'tls-alpn-01'].map(challenge),
    }
  }

  async function validateChallenge(order: StubOrder, id: string, type: string): Promise<void> {
    const wrong = await options.validate?.({ name: order.name, type, token: tokenOf(id) })
    order.authorization = wrong === undefined ? 'valid' : 'invalid'
    order.status = wrong === undefined ? 'ready' : 'invalid'
    if (wrong !== undefined) order.challengeError = { type: 'urn:ietf:params:acme:error:unauthorized', detail: wrong }
  }

  async function finalize(order: StubOrder, payload: Record<string, unknown>): Promise<StubAnswer> {
    if (order.status !== 'ready') return problem('orderNotReady', order.status, 403)
    const csr = new x509.Pkcs10CertificateRequest(Buffer.from(String(payload.csr), 'base64url'))
    const extension = csr.extensions.find((each) => each instanceof x509.SubjectAlternativeNameExtension)
    const names = extension?.names.toJSON().map(({ value }) => value)
    if (!(await csr.verify()) || names?.join() !== order.name) return problem('badCSR', String(names))
    const notBefore = options.now() - 3_600_000
    const notAfter = options.now() + (options.lifetimeMs ?? 90 * dayMs)
    certificates.push(await issuer.issue({ name: order.name, publicKey: csr.publicKey, notBefore, notAfter }))
    order.status = 'valid'
    order.certificate = `${base}/certificate/${certificates.length - 1}`
    stub.issued.push({ name: order.name, at: options.now(), notAfter })
    return orderAnswer(200, order)
  }
  return stub
}

function json(status: number, value: object): StubAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

interface Leaf {
  readonly name: string
  /** Instead of the one name. */
  readonly names?: readonly string[]
  readonly publicKey: x509.PublicKey
  readonly notBefore: number
  readonly notAfter: number
}

export interface Issuer {
  readonly pem: string
  /** The chain that goes with a certificate, PEM. */
  issue(leaf: Leaf): Promise<string>
}

/** A root and an intermediate; both outlast every clock that a test moves. */
export async function makeIssuer(): Promise<Issuer> {
  const lifetime = { notBefore: new Date('2001-01-01'), notAfter: new Date('2049-01-01') }
  const extensions = [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
  ]
  const makeKeys = () => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const rootKeys = await makeKeys()
  const keys = await makeKeys()
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ name: 'CN=Stub Root', keys: rootKeys, signingAlgorithm: algorithm, extensions, ...lifetime },
  })
  const intermediate = await x509.X509CertificateGenerator.create({
    ...{ subject: 'CN=Stub Intermediate', issuer: root.subject, publicKey: keys.publicKey, extensions, ...lifetime },
    ...{ signingKey: rootKeys.privateKey, signingAlgorithm: algorithm },
  })
  return {
    pem: root.toString('pem'),
    async issue({ name, names = [name], publicKey, notBefore, notAfter }) {
      const alternatives = names.map((value) => ({ type: 'dns' as const, value }))
      const leaf = await x509.X509CertificateGenerator.create({
        ...{ subject: '', issuer: intermediate.subject, publicKey, signingKey: keys.privateKey },
        signingAlgorithm: algorithm,
        notBefore: new Date(notBefore),
        notAfter: new Date(notAfter),
        extensions: [
          new x509.BasicConstraintsExtension(false),
          ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
          await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ],
      })
      return `${leaf.toString('pem')}\n${intermediate.toString('pem')}\n`
    },
  }
}
