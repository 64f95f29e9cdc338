import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { Clock } from '../clock.ts'
import type { StopSignal } from '../stop.ts'
import { isAcmeFailure } from './acme-failure.ts'
import type { CertificateAuthority } from './authority.ts'
import type { CertificateFolder } from './certificate-folder.ts'
import type { NameTable } from './name-table.ts'

export interface QuestionParts {
  readonly authority: CertificateAuthority
  readonly folder: CertificateFolder
  readonly table: NameTable
  readonly clock: Clock
  readonly signal: StopSignal
}

/** Asks the authority when to renew the certificate of a name, and notes what it says. RFC 9773 §4.2, §4.3 */
export async function askWindow(
  { name, renewalId }: { readonly name: DomainName; readonly renewalId: string },
  { authority, folder, table, clock, signal }: QuestionParts,
): Promise<void> {
  const advice = await authority.renewal(renewalId, signal)
  const entry = table.get(name)
  // Meanwhile there may be another certificate, and this is no news of it.
  if (signal.aborted || entry?.renewalId !== renewalId) return
  const now = clock.now()
  if (advice === undefined || isAcmeFailure(advice)) {
    const { renewalInfoMs, renewalInfoMaxMs } = limits.acme
    return table.change(name, { windowAskAt: now + (advice === undefined ? renewalInfoMaxMs : renewalInfoMs) })
  }
  const { window, keepMs } = advice
  const isSame = entry.window?.start === window.start && entry.window.end === window.end
  table.change(name, { window, windowAskAt: now + keepMs })
  const { failures, retryAt, reason } = entry
  if (!isSame) await folder.savePlan(name, { failures, retryAt, reason, window })
}
