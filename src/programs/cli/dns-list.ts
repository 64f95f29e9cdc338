import type { Resolution } from '../../core/dnssec/resolution.ts'
import { accept } from '../../core/result.ts'
import { resolutionToJson } from './dns-json.ts'
import { type DnsQuestion, readQuestionLine } from './dns-question.ts'
import { type ListWork, workThroughList } from './list-work.ts'

export interface DnsListWork extends Pick<ListWork, 'out' | 'signal' | 'jobs'> {
  readonly resolve: (question: DnsQuestion) => Promise<Resolution>
}

/** Looks up every name of a list, with its type, a line of JSON each. Yields the exit status. */
export function resolveList(input: AsyncIterable<Uint8Array>, { resolve, ...work }: DnsListWork): Promise<number> {
  return workThroughList(input, {
    ...{ ...work, schema: 'waxseal.dns/1', things: 'lookups' },
    async look(text) {
      const question = readQuestionLine(text)
      if (!question.ok) return question
      return accept({ schema: 'waxseal.dns/1', ...resolutionToJson(await resolve(question.value)) })
    },
  })
}
