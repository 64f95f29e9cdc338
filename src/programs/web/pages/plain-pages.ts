import type { RegisteredFinding } from '../../../core/check/findings/registry.ts'
import { type Html, html } from '../../../core/check/formats/html.ts'
import { severityWords } from '../../../core/check/formats/words.ts'
import { page } from './frame.ts'

/** A page that says why there is nothing else. `text` is one or more sentences. */
export function problemPage(title: string, text: string, more?: Html): Html {
  return page({ title: `${title} · Waxseal`, isIndexed: false }, html`<h1>${title}</h1>\n<p>${text}</p>\n${more}`)
}

export interface AboutFacts {
  /** Our name in EHLO. */
  readonly clientName: string
  /** An address or URL of the operator's; undefined when there is none. */
  readonly contact: string | undefined
  readonly version: string
}

export function aboutPage({ clientName, contact, version }: AboutFacts): Html {
  return page(
    { title: 'About this checker · Waxseal', isIndexed: true },
    html`<h1>About this checker</h1>
<p>It looks at a domain as senders of mail do: MX records, DNSSEC (validated here, from the root down), TLSA records, the MTA-STS
policy from every address of its host, where TLS reports go, and what every name server says. Then it connects to every
address of every MX host.</p>
<h2>What mail servers see</h2>
<p>We call ourselves <code>${clientName}</code>. We say EHLO, STARTTLS and QUIT, and never begin a mail. To one address there are two
connections at once at most, with a pause between, and results are kept for ten minutes for all who ask. A server that is busy
or greylists us is not held against anybody.</p>
<h2>If you do not want to be checked</h2>
<p>Names, addresses and whole networks can be put on a list of those who are left alone${
      contact === undefined ? html`: ask who runs this page.` : html`: ask ${contactPart(contact)}.`
    } Their domains are then not checked, and their mail servers not connected to.</p>
<h2>What is kept</h2>
<p>Reports, for 30 days, under links that cannot be guessed. Public ones are listed, private ones not. No cookies, no script, nothing
from other servers. Addresses of visitors are held in memory only, for as long as it takes to bound how much each may ask.</p>
<h2>Programs</h2>
<p>Ask as <code>curl -L -H 'Accept: application/json' -d domain=example.org …/checks</code>: the answer names the place of the report,
which is JSON for who accepts that, and has status 202 until it is done. The same checks run on your own machine with
<code>waxseal check</code>, where nobody limits them. This is Waxseal ${version}.</p>`,
  )
}

/** A link only where it can be nothing but that: the operator writes it. */
function contactPart(contact: string): Html {
  if (/^(?:https:\/\/|mailto:)[^\s"'<>]+$/.test(contact))
    return html`<a href="${contact}">${contact.replace(/^mailto:/, '')}</a>`
  if (/^[^\s"'<>@:]+@[^\s"'<>@:]+$/.test(contact)) return html`<a href="mailto:${contact}">${contact}</a>`
  return html`${contact}`
}

export function helpPage(findings: readonly RegisteredFinding[], hasPage: (id: string) => boolean): Html {
  const sections = [...new Set(findings.map(({ section }) => section))]
  return page(
    { title: 'Findings explained · Waxseal', isIndexed: true },
    html`<h1>Findings explained</h1>
${sections.map(
  (section) => html`<section aria-labelledby="s-${section}"><h2 id="s-${section}">${sectionNames[section]}</h2>
<ul class="findings">${findings
    .filter((finding) => finding.section === section)
    .map(
      ({
        id,
        title,
        severity,
      }) => html`<li>${hasPage(id) ? html`<a href="/help/${id}">${title}</a>` : title} <small>${severityWords[severity]}</small></li>
`,
    )}</ul></section>`,
)}`,
  )
}

const sectionNames: Record<RegisteredFinding['section'], string> = {
  ...{ mx: 'MX records', dnssec: 'DNSSEC and name servers', dane: 'DANE', 'mta-sts': 'MTA-STS', tlsrpt: 'TLS reports' },
  ...{ smtp: 'Mail servers', tls: 'TLS' },
}

export function findingPage({ id, title }: Pick<RegisteredFinding, 'id' | 'title'>, text: Html): Html {
  return page(
    { title: `${title} · Waxseal`, isIndexed: true },
    html`<p class="back"><a href="/help">Findings explained</a></p>
<article class="help" aria-label="${id}">${text}</article>`,
  )
}
