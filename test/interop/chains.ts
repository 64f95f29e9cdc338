// Chains of certificates as servers present them, well and badly, each made by OpenSSL's own authority.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, type Stage } from './servers.ts'

export interface Minted {
  /** PEM files. */
  readonly certificate: string
  readonly key: string
}

/** What a server presents, its own certificate first, and what records may be about. */
export interface Chain {
  readonly what: string
  /** The TLSA base domain. */
  readonly host: string
  readonly presents: readonly Minted[]
  readonly leaf: Minted
  readonly intermediate: Minted
  readonly root: Minted
}

/** A certificate that is wanted. */
export interface Request {
  readonly subject: string
  /** Self-signed without. */
  readonly issuer?: Minted
  readonly extensions: readonly string[]
  /** `YYYYMMDDHHMMSSZ` */
  readonly from?: string
  readonly until?: string
}

/** Dates of what has expired. */
export const past = { from: '20200101000000Z', until: '20210101000000Z' }
const future = { from: '20980101000000Z', until: '20990101000000Z' }

/** Makes certificates by `openssl ca`, which alone lets their dates be chosen. */
export function openMint(stage: Stage): (request: Request) => Minted {
  const folder = join(stage.folder, 'mint')
  mkdirSync(folder)
  const config = join(folder, 'openssl.cnf')
  writeFileSync(join(folder, 'index'), '')
  writeFileSync(
    config,
    `[ca]\ndefault_ca = mint\n[mint]\nnew_certs_dir = ${folder}\ndatabase = ${folder}/index\nserial = ${folder}/serial\nunique_subject = no
default_md = sha256\npolicy = any\nemail_in_dn = no\n[any]\ncommonName = optional\n[req]\ndistinguished_name = any\n`,
  )
  let made = 0
  return ({ subject, issuer, extensions, from = '20200101000000Z', until = '20980101000000Z' }) => {
    const file = join(folder, String(made++))
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${file}.key`]
    run('openssl', ['req', '-config', config, '-new', ...key, '-out', `${file}.csr`, '-subj', subject])
    writeFileSync(`${file}.ext`, `[v3]\n${extensions.join('\n')}\n`)
    const signer = issuer === undefined ? ['-selfsign', '-keyfile', `${file}.key`] : signedBy(issuer)
    const dates = ['-startdate', from, '-enddate', until]
    const output = ['-extfile', `${file}.ext`, '-extensions', 'v3', '-notext', '-out', `${file}.pem`]
    const input = ['ca', '-batch', '-rand_serial', '-config', config, '-in', `${file}.csr`]
    run('openssl', [...input, ...signer, ...dates, ...output])
    return { certificate: `${file}.pem`, key: `${file}.key` }
  }
}

function signedBy({ certificate, key }: Minted): string[] {
  return ['-cert', certificate, '-keyfile', key]
}

/** Extensions of an authority, and of a server by this name. */
export const asAuthority = [
  'basicConstraints=critical,CA:TRUE',
  'keyUsage=critical,keyCertSign',
  'subjectKeyIdentifier=hash',
]
export const asServer = (name: string) => ['basicConstraints=CA:FALSE', `subjectAltName=DNS:${name}`]

/** Every chain of the matrix, and an authority that has nothing to do with any. */
export function makeChains(stage: Stage): { chains: readonly Chain[]; stranger: Minted } {
  const mint = openMint(stage)
  const host = 'mx.chain.example'
  const root = mint({ subject: '/CN=Root', extensions: asAuthority })
  const intermediate = mint({ subject: '/CN=Intermediate', issuer: root, extensions: asAuthority })
  const leaf = mint({ subject: '/CN=Leaf', issuer: intermediate, extensions: asServer(host) })
  const stranger = mint({ subject: '/CN=Stranger', extensions: asAuthority })

  /** A chain that differs from the good one in what is given. */
  const chain = (what: string, other: Partial<Omit<Chain, 'what'>>): Chain => {
    const parts = { host, leaf, intermediate, root, ...other }
    return { what, presents: [parts.leaf, parts.intermediate, parts.root], ...parts }
  }
  const ownLeaf = (extensions: readonly string[], dates: Partial<Request> = {}) =>
    mint({ subject: '/CN=Leaf', issuer: intermediate, extensions, ...dates })
  const under = (request: Omit<Request, 'issuer'>) => {
    const between = mint({ ...request, issuer: root })
    return { intermediate: between, leaf: mint({ subject: '/CN=Leaf', issuer: between, extensions: asServer(host) }) }
  }
  const underRoot = (request: Request) => {
    const top = mint(request)
    const between = mint({ subject: '/CN=Intermediate', issuer: top, extensions: asAuthority })
    const end = mint({ subject: '/CN=Leaf', issuer: between, extensions: asServer(host) })
    return { root: top, intermediate: between, leaf: end }
  }
  const alone = mint({ subject: '/CN=Alone', extensions: asServer(host) })
  const chains = [
    chain('a whole chain', {}),
    chain('a chain without its root', { presents: [leaf, intermediate] }),
    chain('a chain without its intermediate', { presents: [leaf, root] }),
    chain('a certificate alone', { presents: [leaf] }),
    chain('a chain out of order, with a stranger in it', { presents: [leaf, root, stranger, intermediate] }),
    chain('a self-signed certificate', { presents: [alone], leaf: alone }),
    chain('an expired certificate', { leaf: ownLeaf(asServer(host), past) }),
    chain('a certificate not yet valid', { leaf: ownLeaf(asServer(host), future) }),
    chain('a certificate of another name', { leaf: ownLeaf(asServer('mx.other.example')) }),
    chain('a certificate with a wildcard', { leaf: ownLeaf(asServer('*.chain.example')) }),
    chain('a certificate with a wildcard for part of a label', { leaf: ownLeaf(asServer('m*.chain.example')) }),
    chain('a certificate with a wildcard one label too high', { leaf: ownLeaf(asServer('*.example')) }),
    chain('a certificate with a common name alone', {
      leaf: mint({ subject: `/CN=${host}`, issuer: intermediate, extensions: ['basicConstraints=CA:FALSE'] }),
    }),
    chain('a certificate for clients alone', {
      leaf: ownLeaf([...asServer(host), 'extendedKeyUsage=clientAuth']),
    }),
    chain('an expired intermediate', under({ subject: '/CN=Expired', extensions: asAuthority, ...past })),
    chain(
      'an intermediate that is no authority',
      under({ subject: '/CN=None', extensions: ['basicConstraints=CA:FALSE'] }),
    ),
    chain(
      'an intermediate that may not name the host',
      under({
        subject: '/CN=Bound',
        extensions: [...asAuthority, 'nameConstraints=critical,permitted;DNS:other.example'],
      }),
    ),
    chain('an expired root', underRoot({ subject: '/CN=Old Root', extensions: asAuthority, ...past })),
    chain(
      'a root that allows no intermediate',
      underRoot({ subject: '/CN=Short Root', extensions: ['basicConstraints=critical,CA:TRUE,pathlen:0'] }),
    ),
  ]
  return { chains, stranger }
}

/** The chain and key of a server, as Postfix reads them. */
export function writeChain(stage: Stage, { presents, leaf }: Chain, name: string): { chain: string; key: string } {
  const file = join(stage.folder, `${name}.chain.pem`)
  writeFileSync(file, presents.map(({ certificate }) => readFileSync(certificate, 'utf8')).join(''))
  return { chain: file, key: leaf.key }
}
