import { ConfigError } from '../../../core/config-error.ts'
import {
  type CertificateEntry,
  type CertificateFiles,
  type CertificateFilesOptions,
  createCertificateFiles,
} from '../../../io/publish/certificate-files.ts'
import type { CommandContext } from '../../cli/command.ts'
import { countText } from './hosting.ts'
import { readStrictly } from './read-strictly.ts'

/** Hosts without a certificate that are named; the others are counted. */
const named = 10

/**
 * Reads everything that would be served, and listens nowhere. Throws ConfigError for anything that is not in order: what a
 * running server would serve on from before, and a host without a certificate that is in date.
 */
export async function checkHost(path: string, { out, clock }: CommandContext): Promise<void> {
  const { config, shelf } = await readStrictly(path)
  out.line(`${countText(shelf.domains.size)}.`)
  if (config.https.length === 0) return
  const troubles: string[] = []
  const files = openFiles(config.certificates, { clock, onTrouble: (reason) => troubles.push(reason) })
  const lacking = [...shelf.hosts].filter((host) => (files.endOf(host) ?? 0) <= clock.now())
  const [trouble] = troubles
  if (trouble !== undefined) throw new ConfigError(trouble)
  const more = lacking.length > named ? ` and ${lacking.length - named} more` : ''
  if (lacking.length > 0 && config.acme !== undefined) {
    out.line(`${lacking.length} of their policy hosts get certificates from ${config.acme.directory}.`)
    return
  }
  if (lacking.length > 0)
    throw new ConfigError(`no certificate in date for ${lacking.slice(0, named).join(', ')}${more}`)
  out.line('All their policy hosts have certificates.')
}

function openFiles(
  entries: readonly CertificateEntry[],
  options: Pick<CertificateFilesOptions, 'clock' | 'onTrouble'>,
): CertificateFiles {
  try {
    return createCertificateFiles({ entries, ...options })
  } catch (error) {
    throw new ConfigError(`certificate: ${error instanceof Error ? error.message : error}`)
  }
}
