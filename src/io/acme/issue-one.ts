import type { ChallengeType } from '../../core/acme/authorization.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { Clock } from '../clock.ts'
import type { StopSignal } from '../stop.ts'
import { type AcmeFailure, isAcmeFailure, leavesOrder } from './acme-failure.ts'
import type { CertificateAuthority } from './authority.ts'
import type { CertificateFolder, StoredOrder } from './certificate-folder.ts'
import type { IssuedCertificate } from './judge-certificate.ts'
import { type KeyKind, makeKey, pemOfKey } from './keys.ts'

export interface IssueParts {
  readonly authority: CertificateAuthority
  readonly folder: CertificateFolder
  readonly clock: Clock
  readonly keyKind: KeyKind
  readonly signal: StopSignal
}

export interface IssueRequest {
  readonly name: DomainName
  /** The preferred way first. */
  readonly challenges: readonly ChallengeType[]
  readonly present: IssuedCertificate | undefined
}

/**
 * One certificate for one name, from where a process before may have been cut off, to the file. The order is written
 * down before anything depends on it, and forgotten after its certificate is in place, so at every moment in between
 * there is either an order to go on with or a certificate.
 */
export async function issueOne(
  { name, challenges, present }: IssueRequest,
  { authority, folder, clock, keyKind, signal }: IssueParts,
): Promise<IssuedCertificate | AcmeFailure> {
  const begun = orderToResume(folder.order(name), { keyKind, present, now: clock.now() })
  const key = begun?.key ?? (await makeKey(keyKind))
  const wish = {
    ...{ name, key, challenges, replaces: present?.renewalId, resume: begun?.url },
    onOrder: (url: string) => folder.saveOrder(name, { url, key, begunAt: clock.now() }),
  }
  const issued = await authority.obtain(wish, signal)
  if (isAcmeFailure(issued)) {
    if (!leavesOrder(issued)) await folder.dropOrder(name)
    return issued
  }
  const failure = await folder.saveCertificate(name, issued)
  if (failure !== undefined) return failure
  await folder.dropOrder(name)
  return issued
}

/** Unless it is too old, its key is of another kind than is wanted now, or its certificate is there already. */
function orderToResume(
  order: StoredOrder | undefined,
  {
    keyKind,
    present,
    now,
  }: { readonly keyKind: KeyKind; readonly present: IssuedCertificate | undefined; readonly now: number },
): StoredOrder | undefined {
  if (order === undefined || Math.abs(now - order.begunAt) > limits.acme.orderKeptMs) return undefined
  if ((order.key.asymmetricKeyType === 'rsa') !== (keyKind === 'rsa')) return undefined
  return isOrderOf(order, present) ? undefined : order
}

/** Whether the certificate is what came of the order. */
export function isOrderOf(order: StoredOrder, certificate: IssuedCertificate | undefined): boolean {
  return certificate !== undefined && pemOfKey(certificate.key) === pemOfKey(order.key)
}
