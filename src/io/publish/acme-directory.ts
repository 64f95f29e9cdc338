import { opendir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import {
  acmeShRenewal,
  caddyRenewal,
  certbotRenewal,
  certbotUnknown,
  legoRenewal,
  parseAcmeShSettings,
  parseCertbotDefaults,
  parseCertbotRenewal,
  type Renewal,
} from '../../core/publish/acme/renewal.ts'
import { type ServerKey, serverKeysOf } from '../../core/publish/tlsa/server-key.ts'
import { bearsName } from '../../core/x509/peer.ts'
import { KeyFileError, readKeyFile, readSettings, serverKeyFaults, unreadable } from './key-file.ts'

/** What an ACME client keeps of one certificate. */
export interface AcmeCertificate {
  /** The file with the certificate. */
  readonly file: string
  readonly keys: readonly ServerKey[]
  readonly renewal: Renewal
}

/**
 * The certificates in a directory of an ACME client, which is told by its files: certbot's live/NAME, acme.sh's NAME and
 * NAME_ecc (either stands for both), lego's certificates, Caddy's certificates/AUTHORITY/NAME. Where one directory is
 * of many hosts, those that bear the name of this one. Throws KeyFileError where there is none, or it is not whole.
 */
export async function readAcmeDirectory(path: string, host: DomainName | undefined): Promise<AcmeCertificate[]> {
  const directory = resolve(path)
  const files = await filesIn(directory)
  const name = basename(directory)
  if (files.has('fullchain.pem')) return [await ofCertbot(directory, name)]
  if (files.has(`${name}.crt`))
    return [await readCertificate([join(directory, `${name}.crt`)], join(directory, `${name}.key`), caddyRenewal)]
  const acmeSh = await ofAcmeSh(directory)
  if (acmeSh.length > 0) return acmeSh
  const lego = files.has('certificates') ? join(directory, 'certificates') : directory
  return ofLego(lego, lego === directory ? files : await filesIn(lego), host)
}

async function filesIn(directory: string): Promise<Set<string>> {
  const names = new Set<string>()
  try {
    for await (const { name } of await opendir(directory)) {
      if (names.size === limits.keyFiles.entries) {
        throw new KeyFileError(`cannot use "${directory}": it has more than ${limits.keyFiles.entries} files`, false)
      }
      names.add(name)
    }
  } catch (error) {
    throw error instanceof KeyFileError ? error : unreadable(directory, error)
  }
  return names
}

async function ofCertbot(directory: string, name: string): Promise<AcmeCertificate> {
  const base = dirname(dirname(directory))
  const kept = await readSettings(join(base, 'renewal', `${name}.conf`))
  const defaults = await readSettings(join(base, 'cli.ini'))
  const renewal =
    kept === undefined
      ? certbotUnknown(name)
      : certbotRenewal(name, parseCertbotRenewal(kept), parseCertbotDefaults(defaults ?? ''))
  return readCertificate([join(directory, 'fullchain.pem')], join(directory, 'privkey.pem'), renewal)
}

/** RSA and ECDSA stand beside each other. */
async function ofAcmeSh(directory: string): Promise<AcmeCertificate[]> {
  const plain = directory.replace(/_ecc$/, '')
  const name = basename(plain)
  const found: AcmeCertificate[] = []
  for (const one of [plain, `${plain}_ecc`]) {
    const settings = await readSettings(join(one, `${name}.conf`))
    const parsed = parseAcmeShSettings(settings ?? '')
    if (parsed === undefined) continue
    const renewal = acmeShRenewal(join(basename(one), `${name}.conf`), parsed)
    const chain = [join(one, `${name}.cer`), join(one, 'ca.cer')]
    found.push(await readCertificate(chain, join(one, `${name}.key`), renewal))
  }
  return found
}

const legoEnd = /(?<!\.issuer)\.crt$/

async function ofLego(
  directory: string,
  files: ReadonlySet<string>,
  host: DomainName | undefined,
): Promise<AcmeCertificate[]> {
  const names = [...files].filter((file) => legoEnd.test(file)).map((file) => file.replace(legoEnd, ''))
  // A certificate and what lego knows of it stand beside each other.
  const known = names.filter((name) => files.has(`${name}.json`)).toSorted()
  if (known.length === 0) {
    const clients = 'of certbot (live/NAME), acme.sh (NAME), lego (certificates) or Caddy (certificates/AUTHORITY/NAME)'
    throw new KeyFileError(`no certificate ${clients} is in "${directory}"`, false)
  }
  const found = await Promise.all(
    known.map((name) => {
      const chain = [`${name}.crt`, ...(files.has(`${name}.issuer.crt`) ? [`${name}.issuer.crt`] : [])]
      return readCertificate(
        chain.map((file) => join(directory, file)),
        join(directory, `${name}.key`),
        legoRenewal,
      )
    }),
  )
  if (found.length === 1) return found
  const named = host === undefined ? [] : found.filter(({ keys }) => keys.some((key) => isFor(key, host)))
  if (named.length > 0) return named
  const which = host === undefined ? 'say by --owner which one' : `none of them is for ${host}`
  throw new KeyFileError(`"${directory}" has ${found.length} certificates: ${which}`, false)
}

function isFor({ certificate }: ServerKey, host: DomainName): boolean {
  return certificate !== undefined && bearsName(certificate, host)
}

/** A certificate with those above it and its key. The key may be elsewhere, as with a request of one's own; nothing else. */
async function readCertificate(chain: readonly string[], keyFile: string, renewal: Renewal): Promise<AcmeCertificate> {
  const [file = ''] = chain
  const parts = await Promise.all(chain.map((one, place) => (place === 0 ? readKeyFile(one) : readIfThere(one))))
  const key = await readIfThere(keyFile)
  const certificates = parts.flatMap((part) => part?.certificates ?? [])
  const keys = serverKeysOf({ certificates, keys: key?.keys ?? [] })
  if (!keys.ok) {
    const beside = keys.fault === 'foreign-key' ? ` and "${keyFile}"` : ''
    throw new KeyFileError(`cannot use "${file}"${beside}: ${serverKeyFaults[keys.fault]}`, false)
  }
  return { file, keys: keys.value, renewal }
}

async function readIfThere(path: string) {
  try {
    return await readKeyFile(path)
  } catch (error) {
    if (error instanceof KeyFileError && error.cause === 'ENOENT') return undefined
    throw error
  }
}
