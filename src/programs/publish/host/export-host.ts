import { mkdir, readdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { ConfigError } from '../../../core/config-error.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import { policyPath } from '../../../core/publish/policy-request.ts'
import { bearsDnsId } from '../../../core/x509/peer.ts'
import { type LoadedPair, loadPair, type PairPaths } from '../../../io/publish/certificate-file.ts'
import { type CertificateEntry, isOfOneHost, pathsFor } from '../../../io/publish/certificate-files.ts'
import { policyHostOf } from '../../../io/publish/policy-shelf.ts'
import { replaceFile } from '../../../io/replace-file.ts'
import type { CommandContext } from '../../cli/command.ts'
import { reasonOf } from '../../file-error.ts'
import { apacheText, caddyText, nginxText } from './export-texts.ts'
import type { HostConfig } from './host-config.ts'
import { readStrictly } from './read-strictly.ts'

/**
 * Writes every policy to `FOLDER/HOST/.well-known/mta-sts.txt`, and beside them what nginx, Apache and Caddy need to serve
 * them. Each file comes in one step, and one that is the same is left alone: a web server may be serving them. Nothing is
 * taken away. Throws ConfigError.
 */
export async function exportHost(path: string, given: string, { out }: CommandContext): Promise<void> {
  const { config, shelf } = await readStrictly(path)
  const folder = resolve(given)
  // It stands in quotes in three configurations.
  if (/["'\\$`{}\s%]/.test(folder))
    throw new ConfigError(`cannot export to "${folder}": use a path of plain characters`)
  const hosts = [...shelf.domains].flatMap(([domain, { body }]) => {
    const host = policyHostOf(domain)
    return host === undefined ? [] : [{ host, body }]
  })
  let written = 0
  try {
    for (const { host, body } of hosts) if (await put(join(folder, host, policyPath), body)) written++
    const exported = { folder, hosts: hosts.map(({ host }) => host), pairsOf: readPairs(config) }
    await put(join(folder, 'nginx.conf'), nginxText(exported))
    await put(join(folder, 'apache.conf'), apacheText(exported))
    await put(join(folder, 'Caddyfile'), caddyText(exported))
  } catch (error) {
    throw new ConfigError(`cannot export to "${folder}": ${reasonOf(error)}`)
  }
  out.line(`${hosts.length} policies are in ${folder}; ${written} were written anew.`)
  const known = new Set<string>(hosts.map(({ host }) => host))
  const others = (await readdir(folder)).filter((name) => name.startsWith('mta-sts.') && !known.has(name))
  for (const name of others) out.warn(`${join(folder, name)} is not in the configuration, and stays: retire it first`)
}

/** Which files a host has. Throws ConfigError for those of all hosts that cannot be used. */
function readPairs({ certificates, path }: HostConfig): (host: DomainName) => readonly PairPaths[] {
  const read = certificates.map((entry) => ({ entry, pair: isOfOneHost(entry) ? undefined : loadShared(entry, path) }))
  return (host) => {
    const types = new Set<string>()
    return read.flatMap(({ entry, pair }) => {
      if (pair === undefined) return [pathsFor(entry, host)]
      const isTaken = !bearsDnsId(pair.leaf, host) || types.has(pair.keyType)
      types.add(pair.keyType)
      return isTaken ? [] : [entry]
    })
  }
}

function loadShared(entry: CertificateEntry, path: string): LoadedPair {
  try {
    return loadPair(entry)
  } catch (error) {
    throw new ConfigError(`${path}: certificate: ${error instanceof Error ? error.message : error}`)
  }
}

/** Whether it was written: the same text is there already otherwise. */
async function put(path: string, text: string): Promise<boolean> {
  const before = await readFile(path, 'utf8').catch(() => undefined)
  if (before === text) return false
  await mkdir(dirname(path), { recursive: true })
  await replaceFile(path, text)
  return true
}
