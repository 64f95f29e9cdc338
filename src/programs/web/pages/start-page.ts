import { type Html, html } from '../../../core/check/formats/html.ts'
import { momentOf, verdictWords } from '../../../core/check/formats/words.ts'
import type { Verdict } from '../../../core/check/report.ts'
import { limits } from '../../../core/limits.ts'
import type { ListedReport } from '../../../io/store/store.ts'
import { page } from './frame.ts'

/** What the form shows when it is not sent for the first time. */
export interface FormState {
  readonly text: string
  readonly isPrivate: boolean
  /** One sentence without a full stop. */
  readonly fault?: string | undefined
}

export function startPage(form: FormState, lately: readonly ListedReport[]): Html {
  const title = form.fault === undefined ? 'Is mail to your domain protected?' : 'Not a domain: is mail protected?'
  return page(
    { title: `${title} · Waxseal`, isIndexed: form.text === '' },
    html`<h1>Is mail to your domain protected?</h1>
<p class="lead">What every kind of sender does with mail to a domain: DANE, MTA-STS and TLS reports together, with evidence, and
the text to publish where something is wrong.</p>
${formPart(form)}
${latelyPart(lately)}`,
  )
}

export function formPart({ text, isPrivate, fault }: FormState): Html {
  const described = fault === undefined ? 'domain-hint' : 'domain-fault domain-hint'
  return html`<form class="check" method="post" action="/checks">
<label for="domain">Domain</label>
<div class="row"><input id="domain" name="domain" type="text" inputmode="url" autocomplete="off" autocapitalize="none" spellcheck="false" required maxlength="${limits.names.textCharacters}" value="${text}" placeholder="example.org" aria-describedby="${described}"${fault === undefined ? undefined : html` aria-invalid="true" autofocus`}>
<button type="submit">Check</button></div>
${fault === undefined ? undefined : html`<p class="fault" id="domain-fault"><strong>${fault}.</strong></p>`}
<p class="hint" id="domain-hint">What stands behind the @ of an address. It takes half a minute, or two where a server lets us wait.</p>
<div class="option"><input id="private" name="private" type="checkbox" value="yes"${isPrivate ? html` checked` : undefined} aria-describedby="private-hint"> <label for="private">Private report</label></div>
<p class="hint" id="private-hint">Only who has its link can see it: it is in no list, no badge and no search engine.</p>
</form>`
}

function latelyPart(lately: readonly ListedReport[]): Html | undefined {
  if (lately.length === 0) return undefined
  return html`<section aria-labelledby="lately">
<h2 id="lately">Checked lately</h2>
<ul class="lately">
${lately.map(
  ({ id, domain, verdict, checkedAt }) =>
    html`<li class="verdict-${verdict}"><a href="/checks/${id}">${domain}</a> <span class="badge">${wordOf(verdict)}</span> <small>${momentOf(checkedAt)}</small></li>
`,
)}</ul>
</section>`
}

/** Another release may have known other verdicts. */
export function wordOf(verdict: string): string {
  return Object.hasOwn(verdictWords, verdict) ? verdictWords[verdict as Verdict] : verdict
}
