import { formatType } from '../../core/dns/types.ts'
import { formatName } from '../../core/name/text.ts'
import { escapeUnsafe } from '../../core/smtp/escape.ts'
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

/** Zone text has escapes of its own, which stay as they are; everything else that could mislead is escaped. */
export function onTerminal(text: string): string {
  return escapeUnsafe(text)
}
