import { type CheckFacts, type SectionName, sectionNames } from '../../core/check/check-facts.ts'
import type { Facts, StsFinding } from '../../core/decision/facts.ts'
import { formatType, TYPE } from '../../core/dns/types.ts'
import type { Resolution } from '../../core/dnssec/resolution.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { formatName } from '../../core/name/text.ts'
import { createEnding } from '../../io/ending.ts'
import { examine } from '../../io/examine/examine.ts'
import type { Resolver, TraceEvent } from '../../io/resolver/resolver.ts'
import { baseDomainOf, gatherHost } from './gather-hosts.ts'
import type { GatherIo, GatherOptions } from './gather-io.ts'
import { askAllServers, domainQuestions, hostQuestions } from './gather-servers.ts'
import { gatherSts } from './gather-sts.ts'
import { gatherReporting } from './gather-tlsrpt.ts'
import { lookupTextsBeside, type TextsBeside } from './texts-beside.ts'

/**
 * Finds out everything that a report about a domain rests on, as much of it at once as may be. Never rejects for what the
 * network does; when the signal ends it, what was not finished is left out.
 */
export async function gatherFacts(domain: DomainName, options: GatherOptions, around: GatherIo): Promise<CheckFacts> {
  const { signal: whole, sections = new Set(sectionNames), ipv4 = false, isHost = false } = options
  const { lookupSignal: signal = whole } = options
  const overTcp = new Map<string, CheckFacts['overTcp'][number]>()
  const io: GatherIo = {
    ...around,
    resolver: watchSizes(around, (question) => overTcp.set(JSON.stringify(question), question)),
  }
  let facts: CheckFacts = {
    ...{ domain, at: io.clock.now(), smtpPort: io.smtpPort, mail: undefined, sts: undefined, reporting: undefined },
    ...{ servers: undefined, hosts: undefined, leftOut: [], tlsProfile: io.tlsProfile, overTcp: [] },
  }
  const done = (section: SectionName, news: Partial<CheckFacts>) => {
    if (section !== 'smtp') signal.throwIfAborted() // what was given up on the way is no finding
    facts = { ...facts, ...news, overTcp: [...overTcp.values()] }
    options.onSection?.(section, facts)
  }
  const leaveOut = (why: string) => {
    facts = { ...facts, leftOut: [...facts.leftOut, why] }
  }

  /** The policy is looked for besides: who waits for hosts must not wait for a policy host. */
  const mail = examine(isHost ? { kind: 'relay', host: domain } : { kind: 'domain', domain }, {
    resolver: io.resolver,
    sts: { lookup: async () => none },
    smtpPort: io.smtpPort,
    signal,
  })
  let texts: Promise<TextsBeside> | undefined
  const beside = () => {
    texts ??= lookupTextsBeside(domain, io, signal)
    return texts
  }
  let policy: StsFinding | undefined

  const work: Record<SectionName, () => Promise<void>> = {
    async mail() {
      const found = await mail
      done('mail', { mail: { ...found, sts: policy } })
    },
    async 'mta-sts'() {
      const { finding, side } = await gatherSts(domain, beside(), io, signal)
      policy = finding
      const known = facts.mail
      done('mta-sts', { sts: side, ...(known !== undefined && { mail: { ...known, sts: finding } }) })
    },
    async tlsrpt() {
      done('tlsrpt', { reporting: await gatherReporting(domain, beside(), io, signal) })
    },
    async servers() {
      if (io.survey === undefined) return leaveOut('name servers cannot be compared by an engine that asks a resolver')
      const ending = createEnding(signal)
      try {
        const asked = askAllServers(isHost ? [] : domainQuestions(domain), io, ending.signal)
        asked.catch(() => {}) // given up where nobody waits for it
        const found = await mail
        if (isOurFault(found.mx.resolution)) return leaveOut('servers, as the resolver asked here is of no use')
        const [own, ofHosts] = await Promise.all([asked, askAboutHosts(found, io, signal)])
        done('servers', { servers: [...own, ...ofHosts] })
      } finally {
        ending.abort()
        ending.stop()
      }
    },
    async smtp() {
      const { hosts } = await mail
      const sides = await Promise.all(
        hosts.map((host) => gatherHost(host, { domain, ipv4, lookupSignal: signal }, io, whole)),
      )
      if (whole.aborted) leaveOut('some addresses of MX hosts were not finished in time')
      if (ipv4) leaveOut('IPv6 addresses were not connected to')
      done('smtp', { hosts: sides })
    },
  }
  await Promise.all(
    sectionNames.map(async (section) => {
      if (section !== 'mail' && !sections.has(section)) return leaveOut(`${section} was not asked for`)
      try {
        await work[section]()
      } catch (error) {
        if (!signal.aborted && !whole.aborted) throw error
        leaveOut(`${section} was not finished in time`)
      }
    }),
  )
  await Promise.allSettled([mail, texts])
  return facts
}

function isOurFault(lookup: Resolution | undefined): boolean {
  return lookup?.kind === 'failure' && lookup.isOurs === true
}

/** What everyone asks who looks for mail; keys and the like are large anyway. */
const watchedTypes: ReadonlySet<number> = new Set([TYPE.MX, TYPE.A, TYPE.AAAA, TYPE.TLSA, TYPE.TXT])

/** Tells of answers that were cut short over UDP. RFC 7766 §5 */
function watchSizes({ resolver, trace }: GatherIo, tell: (question: CheckFacts['overTcp'][number]) => void): Resolver {
  const watch = (event: TraceEvent) => {
    trace?.(event)
    const { kind, transport, name, type } = event
    const isCut = kind === 'note' && transport === 'udp' && event.text.startsWith('truncated')
    if (isCut && watchedTypes.has(type)) tell({ name: formatName(name), type: formatType(type) })
  }
  return { ...resolver, resolve: (name, type, options) => resolver.resolve(name, type, { trace: watch, ...options }) }
}

const none: StsFinding = {
  ...{ row: 'S1', lapsed: false, policy: undefined, failure: undefined, record: undefined, id: undefined },
}

async function askAboutHosts({ hosts }: Facts, io: GatherIo, signal: AbortSignal) {
  const questions = hosts.map((host) => hostQuestions(host.host as DomainName, baseDomainOf(host), io.smtpPort))
  return askAllServers(questions.flat(), { ...io, survey: io.hostSurveys ?? io.survey }, signal)
}
