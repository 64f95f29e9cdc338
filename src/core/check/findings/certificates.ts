import type { X509Certificate } from 'node:crypto'
import { pathOf } from '../../x509/peer.ts'
import { isExpiringSoon } from '../forecast.ts'
import { judgementBy } from '../tls-judgement.ts'
import type { HostView, KeyView, View } from '../view.ts'
import { certificateSeen, type Family, type FindingKinds, type Found, lookupSeen, said } from './finding.ts'

const kinds = {
  'certificate-key-weak': {
    severity: 'weakens',
    title: 'The key of a certificate is too short',
    rfc: 'RFC 9325 §4.5',
  },
  'certificate-key-phase-out': {
    severity: 'note',
    title: 'The key of a certificate is shorter than guidelines want it from now on',
    rfc: 'RFC 9325 §4.5',
  },
  'certificate-signature-weak': {
    severity: 'weakens',
    title: 'A certificate is signed by MD5 or SHA-1',
    rfc: 'RFC 9325 §4.5',
  },
  'certificate-expires': {
    severity: 'note',
    title: 'The certificate of a host ends soon, which matters to no sender as things are',
    rfc: 'RFC 5280 §4.1.2.5',
  },
  'chain-incomplete': {
    severity: 'note',
    title: 'The host does not send the certificate of the authority above its own',
    rfc: 'RFC 8446 §4.4.2',
  },
  'chain-unordered': {
    severity: 'note',
    title: 'The host sends certificates in another order than from its own upward, or such as do not belong to it',
    rfc: 'RFC 8446 §4.4.2',
  },
  'caa-missing': {
    severity: 'note',
    title: 'No CAA record says which authorities may issue certificates for the host',
    rfc: 'RFC 8659 §3',
  },
} as const satisfies FindingKinds

type CertificateFound = Found<keyof typeof kinds>

/** What certificates are like, whether or not any sender minds. */
export const certificatesFamily: Family = {
  section: 'tls',
  kinds,
  find: (view) => view.hosts.flatMap((host) => ofHost(view, host)),
}

function ofHost(view: View, host: HostView): CertificateFound[] {
  const owner = view.owners.host(host.host)
  const keys = host.addresses.flatMap((address) => address.keys.map((key) => ({ key, address: address.address })))
  const found = new Map<CertificateFound['id'], CertificateFound>()
  for (const { key, address } of keys) {
    for (const { id, certificate, text } of ofKey(view, host, key)) {
      const known = found.get(id) ?? { id, subject: host.host, seen: [], owner }
      const seen = [
        ...known.seen,
        certificateSeen(certificate, address),
        ...(text === undefined ? [] : [said(text, address)]),
      ]
      const end = certificate.validToDate.getTime()
      found.set(id, { ...known, seen, ...(id === 'certificate-expires' && { date: Math.min(known.date ?? end, end) }) })
    }
  }
  return [...found.values(), ...ofCaa(view, host)]
}

interface Flaw {
  readonly id: CertificateFound['id']
  readonly certificate: X509Certificate
  readonly text?: string
}

function ofKey(view: View, host: HostView, { chain, pkix, dane }: KeyView): Flaw[] {
  const [leaf] = chain
  if (leaf === undefined) return []
  const by = judgementBy(view.facts.tlsProfile)
  const path = pathOf(chain)
  const flaws: Flaw[] = []
  const { type, bits, curve } = keyOf(leaf)
  const level = by.key(type, bits, curve)
  const text = [type, bits, curve].filter((part) => part !== undefined).join(' ')
  if (level === 'insufficient') flaws.push({ id: 'certificate-key-weak', certificate: leaf, text })
  if (level === 'phase-out') flaws.push({ id: 'certificate-key-phase-out', certificate: leaf, text })
  // Nobody checks the signature of an anchor on itself.
  for (const certificate of path.filter((one) => !one.checkIssued(one))) {
    const algorithm = signatureOf(certificate)
    if (algorithm !== undefined && by.signature(algorithm) === 'insufficient') {
      flaws.push({ id: 'certificate-signature-weak', certificate, text: algorithm })
    }
  }
  const isDated = host.decision?.action === 'connect' && host.decision.sts.mode !== 'none'
  const countsDates = isDated || (dane?.kind === 'matched' && dane.usage === 'dane-ta')
  if (!countsDates && isExpiringSoon(leaf, view.now)) flaws.push({ id: 'certificate-expires', certificate: leaf })
  const top = path.at(-1)
  const isCut = pkix.chainError !== undefined && incomplete.has(pkix.chainError)
  if (isCut && path.length === 1 && top !== undefined && !top.checkIssued(top))
    flaws.push({ id: 'chain-incomplete', certificate: leaf })
  if (path.length < chain.length || path.some((one, place) => one !== chain[place])) {
    flaws.push({
      id: 'chain-unordered',
      certificate: leaf,
      text: `${chain.length} certificates, of which ${path.length} lead upward`,
    })
  }
  return flaws
}

/** Node throws for kinds of keys that OpenSSL does not know. */
function keyOf(certificate: X509Certificate) {
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey
    return { type, bits: details?.modulusLength, curve: details?.namedCurve }
  } catch {
    return { type: 'unknown', bits: undefined, curve: undefined }
  }
}

/** OpenSSL's names for a chain that ends below any anchor. */
const incomplete: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])

/** Undefined in releases of Node that do not tell. */
function signatureOf(certificate: X509Certificate): string | undefined {
  const algorithm: unknown = Reflect.get(certificate, 'signatureAlgorithm')
  return typeof algorithm === 'string' ? algorithm : undefined
}

/** For hosts that have a certificate of a public authority; asked for in full depth. */
function ofCaa(view: View, host: HostView): CertificateFound[] {
  const lookups = host.side?.caa ?? []
  const isFull = host.addresses.some(({ talk }) => talk?.parameters !== undefined)
  const isPublic = host.addresses.some(({ keys }) => keys.some(({ pkix }) => pkix.chainError === undefined))
  const isKnown = lookups.length > 0 && lookups.every(({ kind }) => kind === 'nodata' || kind === 'nxdomain')
  if (!isFull || !isPublic || !isKnown) return []
  return [{ id: 'caa-missing', subject: host.host, seen: lookups.map(lookupSeen), owner: view.owners.host(host.host) }]
}
