import { type DomainName, parseDomainName } from '../../core/name/domain.ts'
import { accept } from '../../core/result.ts'
import type { ExplainReport } from './explain-report.ts'
import { type ListWork, workThroughList } from './list-work.ts'

export interface ExplainWork extends Pick<ListWork, 'out' | 'signal' | 'jobs'> {
  readonly explain: (domain: DomainName) => Promise<ExplainReport>
}

/** Explains every domain of a list, a line of JSON each. Yields the exit status. */
export function explainList(input: AsyncIterable<Uint8Array>, { explain, ...work }: ExplainWork): Promise<number> {
  return workThroughList(input, {
    ...{ ...work, schema: 'waxseal.explain/1', things: 'domains' },
    async look(text) {
      const domain = readDomain(text)
      return domain.ok ? accept(await explain(domain.value)) : domain
    },
  })
}

/** A domain, or the domain of a mail address. */
export function readDomain(text: string) {
  return parseDomainName(text.slice(text.lastIndexOf('@') + 1))
}
