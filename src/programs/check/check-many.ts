import type { CheckReport } from '../../core/check/report.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import { InputError } from '../cli/command.ts'
import { readDomain } from '../cli/explain-list.ts'
import { linesOf } from '../cli/list-work.ts'
import type { Out } from '../cli/out.ts'
import { withProgress } from '../cli/with-progress.ts'
import { workThrough } from '../cli/work-through.ts'

export interface ManyWork {
  readonly out: Out
  readonly signal: AbortSignal
  /** Domains checked at once. */
  readonly jobs: number
  readonly checkOne: (domain: DomainName) => Promise<CheckReport>
}

/**
 * Checks domains, several at once, and tells each report in the order of the domains, as soon as those before it are
 * told. Tells no more once it is given up.
 */
export async function checkInOrder(
  domains: Iterable<DomainName> | AsyncIterable<DomainName>,
  { out, signal, jobs, checkOne }: ManyWork,
  tell: (report: CheckReport) => void,
): Promise<void> {
  const waiting = new Map<number, CheckReport>()
  const under = new Set<DomainName>()
  let told = 0
  const work = async ({ domain, place }: { readonly domain: DomainName; readonly place: number }) => {
    under.add(domain)
    const report = await checkOne(domain)
    under.delete(domain)
    if (signal.aborted) return
    waiting.set(place, report)
    for (let next = waiting.get(told); next !== undefined; next = waiting.get(told)) {
      waiting.delete(told)
      told += 1
      tell(next)
    }
  }
  const describe = (seconds: number) => {
    const [first] = under
    const done = told + waiting.size
    const others = under.size > 1 ? ` and ${under.size - 1} more` : ''
    return `checking ${first ?? ''}${others} for ${seconds} s${done > 0 ? `, ${done} done` : ''}`
  }
  await withProgress(out, describe, () => workThrough(numbered(domains), work, { jobs, signal }))
}

async function* numbered(domains: Iterable<DomainName> | AsyncIterable<DomainName>) {
  let place = 0
  for await (const domain of domains) {
    yield { domain, place }
    place += 1
  }
}

/** The domains of a list; what is none is warned of and counted. Throws InputError past what one text may hold. */
export async function* domainsOf(
  input: AsyncIterable<Uint8Array>,
  out: Out,
  tally: { bad: number },
): AsyncGenerator<DomainName> {
  let count = 0
  for await (const line of linesOf(input)) {
    const domain = line.kind === 'text' ? readDomain(line.text) : line
    if (!('ok' in domain) || !domain.ok) {
      tally.bad += 1
      const text = line.kind === 'text' ? `"${escapeText(line.text)}": ` : ''
      out.warn(`line ${line.line} of the list: ${text}${domain.fault.replaceAll('-', ' ')}`)
      continue
    }
    count += 1
    if (count > limits.check.documentDomains) {
      throw new InputError(`the list has over ${limits.check.documentDomains} domains: --json takes any number`)
    }
    yield domain.value
  }
}
