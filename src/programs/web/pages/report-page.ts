import { type Html, html } from '../../../core/check/formats/html.ts'
import { reportPart } from '../../../core/check/formats/html-report.ts'
import type { KeptCheck } from '../kept-check.ts'
import { frameEnd, frameStart } from './frame.ts'

export interface ReportView {
  readonly id: string
  readonly kept: KeptCheck
  readonly isPrivate: boolean
  /** Where others reach this page; undefined when the operator has not said. */
  readonly url: string | undefined
}

export function reportPage(view: ReportView): Html {
  const { report } = view.kept
  const title = `Mail to ${report.domain}`
  return html`${frameStart({ title, isIndexed: !view.isPrivate })}${reportContent(view)}${frameEnd()}`
}

/** All of a report, in a page of its own or behind its progress. */
export function reportContent({ id, kept, isPrivate, url }: ReportView): Html {
  const { report, chains } = kept
  const options = { level: 1, prefix: '', helpUrl: (finding: string) => `/help/${finding}` } as const
  return html`<div class="shell">
<nav class="pages" aria-label="This report"><ul>
<li><a href="/checks/${id}/setup">Set-up instructions</a></li>
<li><a href="/checks/${id}.json">JSON</a></li>
<li><a href="#again">Check again</a></li>
</ul></nav>
${isPrivate ? html`<p class="private"><strong>Private report.</strong> Only who has this link can see it; it is kept for 30 days.</p>` : undefined}
${reportPart(report, options)}
${
  chains.length === 0
    ? undefined
    : html`<section class="chains" aria-labelledby="chains">
<h2 id="chains">Chains of trust</h2>
<p>As they were validated here, from the root down.</p>
${chains.map(
  ({ question, words, height }, place) => html`<figure>
<figcaption>${question}</figcaption>
<div class="drawing" tabindex="0" role="region" aria-label="Chain of trust of ${question}"><a href="/checks/${id}/chain-${place}.svg"><img src="/checks/${id}/chain-${place}.svg" alt="Drawing: ${words}" width="760" height="${height}"></a></div>
</figure>
`,
)}</section>`
}
<section class="again" id="again" aria-labelledby="again-title">
<h2 id="again-title">Check again</h2>
<form method="post" action="/checks"><input type="hidden" name="domain" value="${report.domain}">${isPrivate ? html`<input type="hidden" name="private" value="yes">` : undefined}<button type="submit">Check ${report.domain} again</button></form>
${
  isPrivate
    ? undefined
    : html`<h3>Badge</h3>
<p><img src="/badge/${report.domain}.svg" alt="Badge with the verdict of the last public check of ${report.domain}"></p>
${
  url === undefined
    ? undefined
    : html`<p>In Markdown, it shows what the last public check came to:</p>
<pre tabindex="0">[![Mail to ${report.domain}](${url}/badge/${report.domain}.svg)](${url}/domains/${report.domain})</pre>`
}`
}
</section>
</div>`
}
