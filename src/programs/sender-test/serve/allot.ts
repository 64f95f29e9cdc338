import { X509Certificate } from 'node:crypto'
import { attackerName, type CertificateDeclaration, type HostDeclaration, type World } from '../../lab/world/world.ts'

/**
 * Hosts that behave alike, and share an address: before TLS nothing tells a server which of its names a client means.
 * Two hosts of one domain never share one, or nobody could say which of them got the mail.
 */
export interface Profile {
  readonly id: string
  /** How each of them behaves. */
  readonly host: HostDeclaration
  readonly names: readonly string[]
  /** Whether a public authority must have vouched for the names. */
  readonly isPublic: boolean
}

/** What of a world an operator can stand up. */
export interface Allotment {
  readonly profiles: ReadonlyMap<Profile, readonly string[]>
  /** Test domains that are left out, and why. */
  readonly omitted: ReadonlyMap<string, string>
}

/** Sorts the hosts of a world by how they behave, the profiles that most test domains need first. */
export function findProfiles({ setting, tests }: World): Profile[] {
  const found = new Map<string, { host: HostDeclaration; names: string[] }>()
  for (const host of setting.filter((one): one is HostDeclaration => one.kind === 'host')) {
    if (host.name === attackerName) continue
    const behaviour = behaviourOf(host)
    const domain = tests.find((test) => isWithin(host.name, test.domain))?.domain ?? host.name
    const isTaken = (id: string) => found.get(id)?.names.some((name) => isWithin(name, domain)) === true
    let id = behaviour
    for (let next = 2; isTaken(id); next++) id = `${behaviour} ${next}`
    const profile = found.get(id) ?? { host, names: [] }
    profile.names.push(host.name)
    found.set(id, profile)
  }
  return [...found]
    .map(([id, { host, names }]) => ({
      ...{ id, host, names },
      isPublic: host.startTls !== 'no' && isPublic(host.certificate, host.name),
    }))
    .sort((one, other) => other.names.length - one.names.length)
}

export function isWithin(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`)
}

function behaviourOf({ name, certificate, startTls, tls, offers }: HostDeclaration): string {
  if (startTls === 'no') return `no STARTTLS, ${offers.join(' ')}`
  const { names, issuer, validity } = certificate
  const named = names.includes(name) ? 'its name' : names.join(' ')
  return `STARTTLS ${startTls}, ${tls}, certificate of ${named} by ${issuer}, ${validity}`
}

/** In order, good, by a public authority and with the right name: what only such an authority can make. */
export function isPublic({ issuer, validity, names }: CertificateDeclaration, name: string): boolean {
  return issuer === 'public' && validity === 'good' && names.includes(name)
}

export interface Means {
  /** Addresses for profiles: each a list, of IPv4 and IPv6 for one. */
  readonly addresses: readonly (readonly string[])[]
  /** The operator's certificate by a public authority, PEM; undefined without one. */
  readonly certificate: string | undefined
}

/** Gives addresses to profiles, and leaves out the test domains for which something is missing. */
export function allot(world: World, { addresses, certificate }: Means): Allotment {
  const all = findProfiles(world)
  const profiles = new Map(all.slice(0, addresses.length).map((profile, at) => [profile, addresses[at] ?? []]))
  const covers = coveredBy(certificate)
  const omitted = new Map<string, string>()
  const omit = (name: string, why: string) => {
    for (const { domain } of world.tests) {
      if (isWithin(name, domain) && !omitted.has(domain)) omitted.set(domain, why)
    }
  }
  for (const profile of all) {
    for (const name of profile.names) {
      if (!profiles.has(profile)) omit(name, `no address is left for a host with ${profile.id}`)
      if (profile.isPublic && !covers(name)) omit(name, `the certificate does not have ${name}`)
    }
  }
  for (const name of policyHostsOf(world)) {
    if (!covers(name)) omit(name.replace(/^mta-sts\./, ''), `the certificate does not have ${name}`)
  }
  return { profiles, omitted }
}

/** Whether a certificate has a name; without one, none has. RFC 9525 §6.3 */
export function coveredBy(certificate: string | undefined): (name: string) => boolean {
  if (certificate === undefined) return () => false
  const leaf = new X509Certificate(certificate)
  return (name) => leaf.checkHost(name, { subject: 'never' }) !== undefined
}

/** Policy hosts that need a certificate of a public authority. */
function policyHostsOf({ setting }: World): string[] {
  return setting.flatMap((one) => {
    if (one.kind !== 'policy') return []
    const name = `mta-sts.${one.domain}`
    return isPublic(one.certificate, name) ? [name] : []
  })
}

/** All names that a certificate of a public authority must have for every test domain to stand. */
export function namesToCertify(world: World): string[] {
  const hosts = findProfiles(world).flatMap(({ isPublic, names }) => (isPublic ? names : []))
  return [...hosts, ...policyHostsOf(world)].sort()
}
