import { sectionNames } from '../../../core/check/check-facts.ts'
import { type Html, html } from '../../../core/check/formats/html.ts'
import { type DomainName, formatDomain } from '../../../core/name/domain.ts'
import { type Step, sectionTitles } from '../step.ts'
import { frameStart } from './frame.ts'

/** The page of a check that goes on, as far as its list of steps: they come as they are done. */
export function progressStart(domain: DomainName, isWaiting: boolean): Html {
  return html`${frameStart({ title: `Mail to ${domain}`, isIndexed: false })}<div class="progress">
<h1>Checking ${formatDomain(domain)}</h1>
<p>${isWaiting ? 'Others come first; then' : 'Looking at'} ${sectionNames.length} things: ${sectionNames
    .map((name) => sectionTitles[name])
    .join(', ')}. The report follows on this page by itself, without being loaded again.</p>
<div role="log" aria-live="polite" aria-label="What is done">
<ol class="steps">
`
}

export function stepPart({ title, text }: Step): Html {
  return html`<li><strong>${title}</strong> ${text}</li>
`
}

/** Closes what `progressStart` opened. */
export function progressEnd(): Html {
  return html`</ol>
</div>
</div>
`
}

/** What is said in place of a report that never came. */
export function givenUpPart(domain: DomainName): Html {
  return html`<div class="shell">
<h1>The check was given up</h1>
<p>The service was stopped or has a new configuration. Nothing is said by this about ${domain}.</p>
<form method="post" action="/checks"><input type="hidden" name="domain" value="${domain}"><button type="submit">Check ${domain} again</button></form>
</div>`
}
