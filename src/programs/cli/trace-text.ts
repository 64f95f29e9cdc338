import { formatType } from '../../core/dns/types.ts'
import { formatName } from '../../core/name/text.ts'
import { escapeUnsafe } from '../../core/smtp/escape.ts'
import type { ResolverCounters } from '../../io/resolver/counters.ts'
import type { TraceEvent } from '../../io/resolver/resolver.ts'

const marks: Record<TraceEvent['kind'], string> = { query: '>', reply: '<', note: '#' }

/** A query or an answer for people to read: one line, and the records of an answer indented below it. */
export function formatTrace({ kind, server, transport, name, type, text }: TraceEvent): string {
  const head = [marks[kind], server, transport, formatName(name), formatType(type)].filter((word) => word !== '')
  const [first = '', ...more] = text.split('\n').filter((line) => line.trim() !== '')
  if (kind !== 'reply')
    return [...head, ...(first === '' ? [] : [`(${onTerminal(first.replace(/^; /, ''))})`])].join(' ')
  return [head.join(' '), ...(first === '' ? [] : [first, ...more]).map((line) => `    ${onTerminal(line)}`)].join('\n')
}

/**
 * What the resolver has done so far, in one line, what it asks for itself included; what did not happen is left out.
 */
export function formatCost(counters: Readonly<ResolverCounters>): string {
  const { queries, retries, tcpFallbacks, nearMisses, lameServers } = counters
  const parts = [
    ...Object.entries(queries).map(([transport, count]) => counted(count, 'query', 'queries', ` by ${transport}`)),
    counted(retries, 'retry', 'retries'),
    counted(tcpFallbacks, 'fallback', 'fallbacks', ' to tcp'),
    ...Object.entries(nearMisses).map(([mark, count]) => counted(count, 'near miss', 'near misses', ` (${mark})`)),
    counted(lameServers, 'lame server', 'lame servers'),
  ].filter((part) => part !== '')
  return `${marks.note} in all: ${parts.length === 0 ? 'nothing was sent' : parts.join(', ')}`
}

function counted(count: number, one: string, many: string, more = ''): string {
  return count === 0 ? '' : `${count} ${count === 1 ? one : many}${more}`
}

/** Zone text has escapes of its own, which stay as they are; everything else that could mislead is escaped. */
export function onTerminal(text: string): string {
  return escapeUnsafe(text)
}
