import type { ServerResponse } from 'node:http'
import { type Html, htmlText } from '../../core/check/formats/html.ts'
import { limits } from '../../core/limits.ts'
import { frameEnd } from './pages/frame.ts'
import { givenUpPart, progressEnd, progressStart, stepPart } from './pages/progress-page.ts'
import { reportContent } from './pages/report-page.ts'
import type { Run } from './run.ts'

/**
 * Sends a check as it goes on, in one page that ends with the report: browsers show what they have. Unlike a page that
 * loads itself again it needs no script, loses neither place nor focus of who reads or hears it, and a proxy that holds
 * everything back delays the report by nothing. What is sent in between keeps proxies from giving up.
 */
export function streamProgress(
  run: Run,
  response: ServerResponse,
  about: { readonly id: string; readonly isPrivate: boolean; readonly url: string | undefined },
): void {
  let shown = 0
  const send = (part: Html) => {
    if (!response.writableEnded) response.write(htmlText(part))
  }
  const onNews = () => {
    for (const step of run.steps.slice(shown)) send(stepPart(step))
    shown = run.steps.length
    if (run.state === 'ended') end()
  }
  const end = () => {
    stop()
    send(progressEnd())
    send(run.result === undefined ? givenUpPart(run.domain) : reportContent({ ...about, kept: run.result }))
    send(frameEnd())
    response.end()
  }
  // A line end in a list: nothing for whoever reads.
  const alive = setInterval(() => response.write('\n'), limits.web.heartbeatMs)
  const unwatch = run.watch(onNews)
  const stop = () => {
    clearInterval(alive)
    unwatch()
  }
  response.once('close', stop)
  send(progressStart(run.domain, run.state === 'waiting'))
  onNews()
}
