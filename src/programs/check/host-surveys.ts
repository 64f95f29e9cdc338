import type { Clock } from '../../io/clock.ts'
import { createKept } from '../../io/probe/kept-probes.ts'
import type { ServerReport, ServerSurvey, Survey } from '../../io/resolver/all-servers.ts'
import { createSharedWork } from '../../io/shared-work.ts'

export interface HostSurveys extends Pick<ServerSurvey, 'survey'> {
  close(): Promise<void>
}

/**
 * Asks the servers of an MX host's zone once for all domains that share the host, and keeps what they said for as long as
 * what the host's addresses showed: certificates and the TLSA records of all servers are then of one moment.
 */
export function createHostSurveys({ survey }: Pick<ServerSurvey, 'survey'>, clock: Clock): HostSurveys {
  const work = createSharedWork<Survey>()
  const kept = createKept<Survey>(clock)
  return {
    async survey({ name, type }, { signal, resolver } = {}) {
      const key = `${type} ${name.key}`
      const start: Parameters<typeof work.join>[1] = async (stop) => {
        const begun = clock.now()
        const made = await survey({ name, type }, { signal: stop, resolver })
        // What was given up halfway, or failed, says nothing to others.
        if (!stop.aborted && made.kind === 'asked') kept.keep(key, made, begun, octetsOf(made.servers))
        return made
      }
      return kept.recall(key) ?? (await work.join(key, start, signal))
    },
    close: () => work.close(),
  }
}

/** Of an object and its fields, roughly. */
const overhead = 512

function octetsOf(servers: readonly ServerReport[]): number {
  let octets = overhead
  for (const { finding } of servers) {
    octets += overhead
    if ('records' in finding) for (const { rdata } of finding.records) octets += overhead + rdata.length
  }
  return octets
}
