import { type DomainName, parseHostName } from '../name/domain.ts'
import { type LookupKey, parseLookupKey } from '../postfix/lookup-key.ts'
import { accept, type Result, refuse } from '../result.ts'

/** A question of one line: where mail is to go, and of which of its hosts. */
export interface LineQuestion {
  readonly key: LookupKey
  /** Undefined when all hosts are asked for. */
  readonly host: DomainName | undefined
}

export type LineQuestionFault = 'no-query' | 'no-destination' | 'no-host' | 'too-many-words'

/**
 * Reads `query DESTINATION` or `query DESTINATION HOST`, without its line end. Destinations are written as Postfix's
 * transports name them: a domain, `[host]`, each with a port behind it if it is not the usual one.
 */
export function parseLineQuestion(line: string): Result<LineQuestion, LineQuestionFault> {
  const [verb, destination, hostText, ...more] = line.split(' ').filter((word) => word !== '')
  if (verb !== 'query') return refuse('no-query')
  if (destination === undefined) return refuse('no-destination', line.length)
  if (more.length > 0) return refuse('too-many-words', line.length)
  const key = parseLookupKey(destination)
  if (hostText === undefined) return accept({ key, host: undefined })
  const host = parseHostName(hostText)
  return host.ok ? accept({ key, host: host.value }) : refuse('no-host', line.lastIndexOf(hostText))
}

/** What is wrong with a question, in words. */
export function explainQuestionFault(fault: LineQuestionFault): string {
  switch (fault) {
    case 'no-query':
      return 'a question begins with the word query'
    case 'no-destination':
      return 'a question names a destination'
    case 'no-host':
      return 'the last word of the question is no host name'
    case 'too-many-words':
      return 'a question has at most a destination and a host'
  }
}
