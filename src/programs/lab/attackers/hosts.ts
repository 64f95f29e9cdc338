import { connect, type Socket } from 'node:net'
import { type Credential, openMint } from '../certificates/mint.ts'
import type { Diary } from '../diary.ts'
import { type Front, openFront } from '../hosts/front.ts'
import { createMailHost } from '../hosts/mail-host.ts'
import { createPolicyHost } from '../hosts/policy-host.ts'
import { describeCertificate } from '../world/certificates.ts'
import { hostOf } from '../world/statements.ts'
import {
  type Attack,
  attackerName,
  type CertificateDeclaration,
  type MailAttack,
  type PolicyDeclaration,
} from '../world/world.ts'
import {
  createWire,
  garblingEhlo,
  injectingAfterStartTls,
  refusingStartTls,
  strippingStartTls,
  type Tampering,
} from './wire.ts'

/** The host that the attacker runs in his own name, with a certificate that any authority would give him. */
export const attackerHost = hostOf(attackerName)

type Service = (socket: Socket) => void

const tamperings: Partial<Record<MailAttack, Tampering>> = {
  'strip-starttls': strippingStartTls,
  'refuse-starttls': refusingStartTls,
  'garble-ehlo': garblingEhlo,
  'inject-after-starttls': injectingAfterStartTls,
}

/** A service in the place of another, and what must be closed when it ends. */
export interface Intrusion {
  readonly serve: Service
  readonly front: Front | undefined
}

/** Puts an attacker between senders and the host `name`, whose own service is `honest`. */
export async function intrudeOnHost(
  kind: Exclude<MailAttack, 'block-host'>,
  { certificate }: Attack,
  { name, honest, diary }: { readonly name: string; readonly honest: Service; readonly diary: Diary },
): Promise<Intrusion> {
  const tampering = tamperings[kind]
  if (tampering === undefined) {
    const credential = await attackersCredential(name, certificate)
    return { serve: createMailHost({ host: hostOf(name), credential, by: 'attacker', diary }), front: undefined }
  }
  const front = await openFront({ address: '127.0.0.1', port: 0 }, honest)
  const { address, port } = front.endpoint
  return {
    serve: createWire({ host: name, connect: () => connect({ host: address, port, noDelay: true }), tampering, diary }),
    front,
  }
}

/** Stands in for a policy host with a policy that asks for nothing. */
export async function intrudeOnPolicyHost(
  policy: PolicyDeclaration,
  { certificate }: Attack,
  diary: Diary,
): Promise<Service> {
  const credential = await attackersCredential(`mta-sts.${policy.domain}`, certificate)
  const body = 'version: STSv1\r\nmode: none\r\nmax_age: 31557600\r\n'
  return createPolicyHost({ policy: { ...policy, body, status: 200, type: 'text/plain' }, credential, diary })
}

/** What an attacker can present for a name that is not his. */
async function attackersCredential(name: string, certificate: Attack['certificate']): Promise<Credential> {
  const own: Partial<CertificateDeclaration> =
    certificate === 'own-name' ? { names: [attackerHost.name], commonName: attackerHost.name } : {}
  const kind = certificate === 'own-name' ? {} : { certificate }
  const mint = await openMint()
  // A generation that no world gives: the attacker's keys are his own.
  return mint.issue({ ...describeCertificate(name, kind), ...own, generation: 0 })
}
