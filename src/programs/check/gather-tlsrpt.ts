import type { HttpsReached, ReportingSide, TargetLook } from '../../core/check/check-facts.ts'
import { stringsIn } from '../../core/check/findings/txt.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { parseReportRecords, type ReportTarget } from '../../core/tlsrpt/record.ts'
import { findHosts } from '../../io/examine/find-hosts.ts'
import { openTls } from '../../io/https/tls-handshake.ts'
import type { GatherIo } from './gather-io.ts'
import { alternate, lookupBoth } from './gather-sts.ts'
import { lookupText, type TextsBeside } from './texts-beside.ts'

/** The record, and whether reports could arrive where it says. Nothing is sent there. */
export async function gatherReporting(
  domain: DomainName,
  beside: Promise<TextsBeside>,
  io: GatherIo,
  signal: AbortSignal,
): Promise<ReportingSide> {
  const [record, oldName, texts] = await Promise.all([
    lookupText(['_smtp', '_tls'], domain, io, signal),
    lookupText(['_smtp-tlsrpt'], domain, io, signal),
    beside,
  ])
  const parsed = parseReportRecords(stringsIn(record))
  const targets = parsed.ok ? parsed.value.targets.slice(0, limits.check.reportTargets) : []
  const looks = await Promise.all(targets.map((target) => lookAt(target, io, signal)))
  return { record, oldName, ...texts, targets: looks }
}

async function lookAt(target: ReportTarget, io: GatherIo, signal: AbortSignal): Promise<TargetLook> {
  if (target.kind === 'https') return { target, reached: await reach(target, io, signal) }
  if (target.domain === undefined) return { target, mx: { row: 'M8', resolution: undefined }, hasAddress: true }
  const { mx, hosts } = await findHosts(target.domain, { resolver: io.resolver, signal })
  for (const { host } of hosts) {
    const addresses = alternate(await lookupBoth(host, io, signal))
    if (addresses.length > 0) return { target, mx, hasAddress: true }
  }
  return { target, mx, hasAddress: false }
}

/** As far as a TLS handshake: what would be sent is somebody's report. RFC 8460 §5.4 */
async function reach(
  { host, port }: Extract<ReportTarget, { kind: 'https' }>,
  io: GatherIo,
  signal: AbortSignal,
): Promise<HttpsReached> {
  if (host === undefined) return { kind: 'failed', fault: 'dns', reason: 'there is no host name in it' }
  const lookups = await lookupBoth(host, io, signal)
  const failure = lookups.find(({ kind }) => kind === 'failure')
  let last: HttpsReached =
    failure?.kind === 'failure'
      ? { kind: 'failed', fault: 'dns', reason: failure.reason }
      : { kind: 'failed', fault: 'no-address', reason: `${host} has no address` }
  for (const address of alternate(lookups).slice(0, limits.sts.addresses)) {
    last = await reachAt({ host, address, port }, io, signal)
    if (last.kind === 'reached') return last
  }
  return last
}

async function reachAt(
  { host, address, port }: { readonly host: DomainName; readonly address: string; readonly port: number },
  io: GatherIo,
  signal: AbortSignal,
): Promise<HttpsReached> {
  const dial = { chosenBy: 'stranger', timeoutMs: limits.sts.connectMs, signal } as const
  const connected = await io.network.connectTcp({ address, port }, dial)
  if (!connected.ok) {
    const fault = connected.fault === 'timeout' ? 'timeout' : 'connect'
    return { kind: 'failed', fault, reason: `no connection to ${address} port ${port}: ${connected.fault}` }
  }
  const ending = AbortSignal.any([signal, AbortSignal.timeout(limits.sts.connectMs)])
  const handshake = await openTls(connected.value, { host, trust: io.trust, clock: io.clock, signal: ending })
  if (handshake.kind === 'failed') return { kind: 'failed', ...handshake.problem }
  handshake.socket.destroy()
  return { kind: 'reached', address }
}
