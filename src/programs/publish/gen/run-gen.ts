import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { limits } from '../../../core/limits.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import { formatName } from '../../../core/name/text.ts'
import { isIssuedBy } from '../../../core/publish/tlsa/server-key.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { parsePem } from '../../../core/x509/pem.ts'
import { findHosts } from '../../../io/examine/find-hosts.ts'
import { createProbes } from '../../../io/probe/create-probes.ts'
import { KeyFileError } from '../../../io/publish/key-file.ts'
import { findLiveHost, type LiveHost } from '../../../io/publish/live-host.ts'
import { type CommandContext, InputError } from '../../cli/command.ts'
import { deadline } from '../../cli/deadline.ts'
import { EXIT } from '../../cli/exit.ts'
import { withProgress } from '../../cli/with-progress.ts'
import type { World } from '../../cli/world.ts'
import { readIssuers, readKeyInputs, readNextInputs } from './gen-inputs.ts'
import { genJson, genText } from './gen-output.ts'
import { type GenTarget, inputsOfShown, type Refusal, type TargetOptions, targetOf } from './gen-target.ts'
import type { GenWishes } from './gen-wishes.ts'

export interface GenSurroundings extends Pick<CommandContext, 'out' | 'clock' | 'signal' | 'openInput'> {
  /** Undefined where nothing is asked of the network. */
  readonly world: World | undefined
  readonly clientName: string
  readonly ipv4: boolean
}

/** Makes the records and writes them; says with which status to exit. */
export async function runGen(wishes: GenWishes, around: GenSurroundings): Promise<number> {
  try {
    return await generate(wishes, around)
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error
    const text = escapeText(error.message)
    if (error.isUnreadable) throw new InputError(text)
    around.out.warn(text)
    return EXIT.data
  }
}

async function generate(wishes: GenWishes, around: GenSurroundings): Promise<number> {
  const { clock, out, signal, world } = around
  const { files, next, issuers, owner } = wishes
  // Files first: what is wrong with them must not wait for the network.
  const fromFiles = await readKeyInputs(files, owner ?? wishes.hosts[0], around)
  const nextInputs = await readNextInputs(next, around)
  const named = await readIssuers(issuers, around)
  const looked = world === undefined ? [] : await look(wishes, world, around)
  if (signal.aborted) return EXIT.interrupted
  if (typeof looked === 'number') return looked
  const options = {
    ...{ forms: wishes.forms, ttl: wishes.ttl, zone: wishes.zone, issuers: named, now: clock.now() },
    domain: wishes.domain,
    port: wishes.port ?? world?.smtpPort ?? 25,
    isPublic: publicTrust(world?.authorities),
  }
  const lives: (LiveHost | undefined)[] = looked.length === 0 ? [undefined] : [...looked]
  const targets: GenTarget[] = []
  for (const live of lives) {
    const inputs = [...(files.length > 0 || live === undefined ? fromFiles : inputsOfShown(live)), ...nextInputs]
    const host = owner ?? live?.baseDomain
    if (host === undefined) throw new Error('a wish without a host was let pass')
    const target = targetOf(inputs, { ...options, host, live } satisfies TargetOptions)
    if (isRefusal(target)) {
      out.warn(target.refused)
      return EXIT.data
    }
    targets.push(target)
  }
  return write(targets, wishes, around)
}

function isRefusal(target: GenTarget | Refusal): target is Refusal {
  return 'refused' in target
}

/** The hosts, or the status to exit with because there are none. */
async function look(
  { hosts, domain }: GenWishes,
  world: World,
  { out, signal, clientName, ipv4 }: GenSurroundings,
): Promise<LiveHost[] | number> {
  const { resolver, network, clock, authorities: ca, smtpPort, timeoutMs } = world
  const lookupSignal = deadline(signal, timeoutMs)
  const probes = createProbes({ network, clock, ca, clientName })
  const io = {
    resolver,
    probes,
    smtpPort,
    ipv4,
    lookupSignal,
    signal: deadline(signal, timeoutMs + limits.check.sessionsMs),
  }
  try {
    const found = domain === undefined ? [] : await hostsOf(domain, { ...io, out })
    if (typeof found === 'number') return found
    const all = [...new Set([...hosts, ...found])]
    return await withProgress(
      out,
      (seconds) => `looking at ${all.join(', ')} for ${seconds} s`,
      () => Promise.all(all.map((host) => findLiveHost(host, io))),
    )
  } finally {
    await probes.close()
  }
}

async function hostsOf(
  domain: DomainName,
  {
    resolver,
    lookupSignal,
    out,
  }: Pick<World, 'resolver'> & { lookupSignal: AbortSignal } & Pick<CommandContext, 'out'>,
): Promise<DomainName[] | number> {
  const { mx, hosts } = await findHosts(domain, { resolver, signal: lookupSignal })
  switch (mx.row) {
    case 'M1':
      out.warn(`${domain}: its MX records cannot be looked up: ${escapeText(mx.resolution.reason)}`)
      return EXIT.temporary
    case 'M2':
      out.warn(`${domain}: there is no such domain`)
      return EXIT.unavailable
    case 'M3':
    case 'M7':
      out.warn(`${domain} takes no mail`)
      return EXIT.noHost
    case 'M4':
    case 'M5':
    case 'M6':
    case 'M8':
      return hosts.map(({ host }) => host)
  }
}

function write(targets: readonly GenTarget[], { format, provider }: GenWishes, { out }: GenSurroundings): number {
  const warnings = targets.flatMap((target) => target.warnings)
  const distinct = warnings.filter(({ text }, place) => warnings.findIndex((other) => other.text === text) === place)
  for (const { text, rfc } of distinct) out.warn(`${text} (${rfc})`)
  const guessed = targets.find(({ isZoneKnown }) => !isZoneKnown)
  const namesZone = format === 'octodns' || provider === 'powerdns' || provider === 'desec'
  if (namesZone && guessed !== undefined) {
    out.warn(`taking ${formatName(guessed.zone)} for the zone; --zone says otherwise`)
  }
  const count = targets.reduce((sum, { records }) => sum + records.length, 0)
  if (format === 'json') out.line(JSON.stringify(genJson(targets, distinct)))
  else if (count > 0) out.write(genText(targets, { format, provider }))
  return statusOf(targets)
}

/** What must not be published as it is comes before what could not be seen. */
function statusOf(targets: readonly GenTarget[]): number {
  const ids = new Set(targets.flatMap(({ warnings }) => warnings.map(({ id }) => id)))
  if (ids.has('no-starttls')) return EXIT.data
  if (ids.has('address-unseen') || ids.has('lookup-failed')) return EXIT.temporary
  if (ids.has('no-address')) return EXIT.unavailable
  return targets.some(({ records }) => records.length === 0) ? EXIT.nothing : EXIT.done
}

/** Whether a certificate is a public root or was issued by one; the roots are read when the first is asked for. */
function publicTrust(authorities: string | undefined): (certificate: X509Certificate) => boolean {
  let roots: readonly X509Certificate[] | undefined
  return (certificate) => {
    roots ??=
      authorities === undefined ? rootCertificates.map((pem) => new X509Certificate(pem)) : certificatesIn(authorities)
    return roots.some((root) => root.raw.equals(certificate.raw) || isIssuedBy(certificate, root))
  }
}

/** Of a file that was used for trust before. */
function certificatesIn(pem: string): X509Certificate[] {
  const blocks = parsePem(Buffer.from(pem))
  return blocks.ok ? blocks.value.map(({ der }) => new X509Certificate(der)) : []
}
