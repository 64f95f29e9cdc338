import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DomainName } from '../../core/name/domain.ts'
import type { CertificateSource } from './certificate-source.ts'

/** Hosts looked at in one go for files of their own: each look may read a file. */
const lookedAtInOneGo = 50

/** What a server asks of its certificates while it serves. */
export type Certificates = Pick<CertificateSource, 'contextFor' | 'endOf' | 'challenges'>

/** Certificates of files where there are any, else those that an authority issues. */
export function joinCertificates(files: CertificateSource, issued: CertificateSource | undefined): Certificates {
  if (issued === undefined) return files
  return {
    contextFor: (host) => files.contextFor(host) ?? issued.contextFor(host),
    endOf: (host) => files.endOf(host) ?? issued.endOf(host),
    ...(issued.challenges !== undefined && { challenges: issued.challenges }),
  }
}

/** The hosts without a certificate in files; looks at a few in each turn of the event loop. */
export async function hostsWithoutFiles(
  hosts: ReadonlySet<DomainName>,
  files: Pick<CertificateSource, 'endOf'>,
): Promise<ReadonlySet<DomainName>> {
  const without = new Set<DomainName>()
  let looked = 0
  for (const host of hosts) {
    if (++looked % lookedAtInOneGo === 0) await nextTurn()
    if (files.endOf(host) === undefined) without.add(host)
  }
  return without
}
