import { createHash, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { ConfigError } from '../../core/config-error.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { AddressPlan } from './addresses.ts'
import { type Credential, openMint } from './certificates/mint.ts'
import type { Diary, ReceivedMessage } from './diary.ts'
import type { Zones } from './dns/zones.ts'
import { createMailHost } from './hosts/mail-host.ts'
import { createPolicyHost } from './hosts/policy-host.ts'
import type { Service, Switchboard } from './service.ts'
import { expandMacros, hostsMeant, type Macro } from './world/certificates.ts'
import type { HostDeclaration, PolicyDeclaration, RecordDeclaration } from './world/world.ts'

type Owner = ReceivedMessage['by']

interface Inhabitant<Declaration> {
  declaration: Declaration
  readonly service: Service
  readonly addresses: readonly string[]
}

/** What a host presents. */
interface Credentials {
  readonly first: Credential
  readonly also: Credential | undefined
}

/** The hosts and policy hosts of a world, and what they put into DNS. */
export interface Inhabitants {
  readonly hosts: ReadonlyMap<string, Inhabitant<HostDeclaration>>
  /** By policy domain. */
  readonly policyHosts: ReadonlyMap<string, Inhabitant<PolicyDeclaration>>
  /** Sets up a host, or changes it; its addresses stay, and so does whose it is. Macros never mean an attacker's. */
  settleHost(declaration: HostDeclaration, by?: Owner): Promise<void>
  settlePolicy(declaration: PolicyDeclaration): Promise<void>
  /** Publishes a record, its macros put in from the certificates of now. */
  publish(declaration: RecordDeclaration): void
}

export interface InhabitantsOptions {
  readonly zones: Zones
  readonly plan: AddressPlan
  readonly switchboard: Switchboard
  readonly diary: Diary
}

export function createInhabitants({ zones, plan, switchboard, diary }: InhabitantsOptions): Inhabitants {
  const hosts = new Map<string, Inhabitant<HostDeclaration>>()
  const policyHosts = new Map<string, Inhabitant<PolicyDeclaration>>()
  const credentials = new Map<string, Credentials>()
  const intruders = new Set<string>()
  return {
    hosts,
    policyHosts,
    async settleHost(declaration, by = 'recipient') {
      const { name } = declaration
      if (by === 'attacker') intruders.add(name)
      const mint = await openMint()
      const credential = await mint.issue(declaration.certificate)
      const also = declaration.also && (await mint.issue(declaration.also))
      const isIntruder = intruders.has(name)
      if (!isIntruder) credentials.set(name, { first: credential, also })
      const owner: Owner = isIntruder ? 'attacker' : 'recipient'
      const serve = createMailHost({ host: declaration, credential, also, by: owner, diary })
      const known = hosts.get(name)
      if (known !== undefined) {
        known.declaration = declaration
        known.service.honest = serve
        known.service.setDown(declaration.down)
        return
      }
      const addresses = declaration.addresses.length > 0 ? declaration.addresses : [plan.next('host')]
      const offered = addresses.map((address) => ({ address, port: 25 }))
      const service = await switchboard.offer(offered, serve, declaration.down)
      hosts.set(name, { declaration, service, addresses })
      if (declaration.published) for (const address of addresses) putAddress(zones, name, address)
    },
    async settlePolicy(declaration) {
      const { domain } = declaration
      const credential = await (await openMint()).issue(declaration.certificate)
      const serve = createPolicyHost({ policy: declaration, credential, diary })
      const known = policyHosts.get(domain)
      if (known !== undefined) {
        known.declaration = declaration
        known.service.honest = serve
        known.service.setDown(declaration.down)
        zones.drop(`_mta-sts.${domain}`, TYPE.TXT)
      } else {
        const address = plan.next('policyHost')
        const service = await switchboard.offer([{ address, port: 443 }], serve, declaration.down)
        policyHosts.set(domain, { declaration, service, addresses: [address] })
        putAddress(zones, `mta-sts.${domain}`, address)
      }
      if (declaration.txt !== undefined) putText(zones, `_mta-sts.${domain}`, declaration.txt)
    },
    publish({ owner, text, fate }) {
      const expanded = expandMacros(text, (macro) => octetsOf(macro, credentials))
      if (!expanded.ok) throw new ConfigError(`a macro of this record means nothing: "${text}"`)
      zones.put(owner, expanded.value, fate)
    },
  }
}

function putAddress(zones: Zones, name: string, address: string): void {
  zones.put(name, `${name} ${isIP(address) === 6 ? 'AAAA' : 'A'} ${address}`)
}

/** A TXT record in strings of at most 255 octets. RFC 1035 §3.3.14 */
function putText(zones: Zones, owner: string, text: string): void {
  const strings = (text.match(/.{1,255}/gs) ?? ['']).map((part) => `"${part.replace(/["\\]/g, '\\$&')}"`)
  zones.put(owner, `${owner} TXT ${strings.join(' ')}`)
}

/** What a macro stands for, in hexadecimal; undefined when it means no host that is there. */
export function octetsOf(macro: Macro, credentials: ReadonlyMap<string, Credentials>): string | undefined {
  if (macro.kind === 'zeros') return '00'.repeat(macro.octets)
  const [host = '', ...others] = hostsMeant(credentials.keys(), macro.host)
  const known = others.length === 0 ? credentials.get(host) : undefined
  const certificate = macro.of === 'also' ? known?.also?.leaf : known?.first[macro.of]
  if (certificate === undefined) return undefined
  const octets =
    macro.part === 'cert'
      ? certificate
      : new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
  return macro.digest === 'full'
    ? Buffer.from(octets).toString('hex')
    : createHash(macro.digest).update(octets).digest('hex')
}
