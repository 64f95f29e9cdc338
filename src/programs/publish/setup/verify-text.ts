import { formatMoment, formatSeconds } from '../../cli/durations.ts'
import type { Out } from '../../cli/out.ts'
import { onTerminal } from '../../cli/trace-text.ts'
import type { VerifyNews } from './verify.ts'

/** One line for each piece of news; on a terminal what is waited for besides. */
export function writeNews(news: VerifyNews, out: Out): void {
  if (news.kind === 'waiting') {
    const names = news.open.map(({ title }) => title).join('; ')
    out.progress(`next look in ${formatSeconds(news.pauseMs / 1000)}: ${onTerminal(names)}`)
    return
  }
  const { step, at, kind } = news
  const words = { live: out.style('green', 'live:'), lost: out.style('red', 'not live any more:'), changed: 'changed:' }
  out.line(`${formatMoment(at)}  ${words[kind]} ${onTerminal(`${step.title}: ${step.seen.join('; ')}`)}`)
}

/** The same for a program; nothing of waiting. */
export function newsJson(news: VerifyNews): string | undefined {
  if (news.kind === 'waiting') return undefined
  const { kind, at, step } = news
  return JSON.stringify({
    schema: 'waxseal.setup-news/1',
    kind,
    at: new Date(at).toISOString(),
    step: step.id,
    seen: step.seen,
  })
}
