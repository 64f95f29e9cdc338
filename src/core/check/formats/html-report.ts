import type {
  CheckReport,
  Evidence,
  Finding,
  Operator,
  ProtocolLine,
  Publication,
  SenderRow,
  Severity,
} from '../report.ts'
import { type Html, html } from './html.ts'
import { gridPart } from './html-grid.ts'
import { actorOf, doesWords, momentOf, protectionWords, stateWords, urgencyOf, verdictWords } from './words.ts'

/** How a report stands in the page around it. */
export interface HtmlOptions {
  /** Of the heading with the verdict; what is below has the levels below. */
  readonly level: 1 | 2
  /** Before all ids, so that several reports may stand on a page; empty, or with a hyphen at its end. */
  readonly prefix: string
  /** Where the page about a finding is, as an address of our own; undefined shows the name alone. */
  readonly helpUrl?: (id: string) => string | undefined
}

/** All of a report but the frame of a page: what is in it is escaped. */
export function reportPart(report: CheckReport, options: HtmlOptions): Html {
  const { findings, leftOut, operators } = report
  return html`<article class="report" aria-labelledby="${options.prefix}verdict">
${verdictPart(report, options)}
${protocolsPart(report.lines, options)}
${sendersPart(report.senders, options)}
${gridPart(report, options)}
${findingsPart(findings, options)}
${operatorsPart(operators, options)}
${leftOut.length === 0 ? undefined : html`<p class="left-out">Not looked at: ${leftOut.join('; ')}.</p>`}
</article>`
}

/** A heading so many levels below that of the verdict. */
export function heading({ level, prefix }: HtmlOptions, below: 0 | 1 | 2, id: string, text: Html | string): Html {
  const part = html`${text}`
  switch (level + below) {
    case 1:
      return html`<h1 id="${prefix}${id}">${part}</h1>`
    case 2:
      return html`<h2 id="${prefix}${id}">${part}</h2>`
    case 3:
      return html`<h3 id="${prefix}${id}">${part}</h3>`
    default:
      return html`<h4 id="${prefix}${id}">${part}</h4>`
  }
}

/** What may be wider than the screen: to be scrolled by keys as well. */
export function scroll({ prefix }: HtmlOptions, label: string): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-labelledby="${prefix}${label}">`
}

/** The verdict in its sentence, with the reasons for it. */
export function verdictPart(report: CheckReport, options: HtmlOptions): Html {
  const { sentence, verdict, why, checkedAt, domain, unicode } = report
  return html`<header class="verdict verdict-${verdict}">
<p class="word"><span class="badge">${verdictWords[verdict]}</span> ${domain}${unicode === null ? undefined : ` (${unicode})`}</p>
${heading(options, 0, 'verdict', sentence)}
${why.length === 0 ? undefined : html`<ul>${why.map((reason) => html`<li>${reason}</li>`)}</ul>`}
<p class="when">Checked <time datetime="${new Date(checkedAt).toISOString()}">${momentOf(checkedAt)}</time></p>
</header>`
}

/** DANE, MTA-STS and TLSRPT, a line each. */
export function protocolsPart(lines: readonly ProtocolLine[], options: HtmlOptions): Html {
  return html`<section aria-labelledby="${options.prefix}protocols">
${heading(options, 1, 'protocols', 'Protocols')}
${scroll(options, 'protocols')}<table>
<thead><tr><th scope="col">Protocol</th><th scope="col">State</th><th scope="col">Why</th><th scope="col">Until</th></tr></thead>
<tbody>
${lines.map(
  ({ protocol, state, reason, until }) =>
    html`<tr><th scope="row">${protocol}</th><td><span class="state state-${state}">${stateWords[state]}</span></td><td>${reason}</td><td>${until === null ? '' : day(until)}</td></tr>
`,
)}</tbody>
</table></div>
</section>`
}

function day(iso: string): Html {
  return html`<time datetime="${iso}">${iso.slice(0, 10)}</time>`
}

/** What each kind of sender does. */
export function sendersPart(senders: readonly SenderRow[], options: HtmlOptions): Html | undefined {
  if (senders.length === 0) return undefined
  return html`<section aria-labelledby="${options.prefix}senders">
${heading(options, 1, 'senders', 'What senders do')}
${scroll(options, 'senders')}<table>
<thead><tr><th scope="col">Sender</th><th scope="col">Does</th><th scope="col">How</th></tr></thead>
<tbody>
${senders.map(
  ({ title, does, protection, text }) =>
    html`<tr><th scope="row">${title}</th><td><span class="state does-${does} protection-${protection ?? 'none'}">${doesWords[does]}${
      protection === null ? undefined : html` <small>${protectionWords[protection]}</small>`
    }</span></td><td>${text}</td></tr>
`,
)}</tbody>
</table></div>
</section>`
}

const groups: readonly (readonly [Severity, string])[] = [
  ['breaks-now', 'Breaks delivery now'],
  ['will-break', 'Will break'],
  ['weakens', 'Weakens protection'],
  ['note', 'Notes'],
]

/** Findings by urgency, with evidence, who must act and what to publish. */
export function findingsPart(findings: readonly Finding[], options: HtmlOptions): Html {
  const shown = groups.flatMap(([severity, title]) => {
    const found = findings.filter((finding) => finding.severity === severity)
    if (found.length === 0) return []
    return [
      html`<section aria-labelledby="${options.prefix}${severity}">
${heading(options, 1, severity, `${title} (${found.length})`)}
${found.map((finding) => findingPart(finding, options))}
</section>
`,
    ]
  })
  return shown.length > 0 ? html`${shown}` : html`<p class="nothing">Nothing is wrong.</p>`
}

/** One finding. What is no note stands open. */
export function findingPart(finding: Finding, { helpUrl }: HtmlOptions): Html {
  const { id, title, subject, severity, seen, publish, rfc } = finding
  const actor = actorOf(finding)
  const url = helpUrl?.(id)
  const name = html`<code>${id}</code>`
  return html`<details class="finding severity-${severity}"${severity === 'note' ? undefined : html` open`}>
<summary><span class="badge">${urgencyOf(finding)}</span> ${title}: <b>${subject}</b></summary>
<dl>
${seen.length === 0 ? undefined : html`<dt>Seen</dt>${seen.map(evidencePart)}`}
${actor === undefined ? undefined : html`<dt>Who must act</dt><dd>${actor}</dd>`}
${publish.map(publicationPart)}
<dt>Standard</dt><dd>${rfc}</dd>
<dt>More</dt><dd>${url === undefined ? name : html`<a href="${url}">${name}</a>`}</dd>
</dl>
</details>
`
}

function evidencePart({ text, source }: Evidence): Html {
  return html`<dd><q>${text}</q>${source === null ? undefined : html` <span class="source">at ${source}</span>`}</dd>
`
}

function publicationPart({ kind, where, text, note }: Publication): Html {
  return html`<dt>${kind === 'setting' ? 'Set at' : 'Publish in'} ${where}</dt><dd>${note}:<pre tabindex="0">${text}</pre></dd>
`
}

const parts: Record<Operator['part'], string> = {
  ...{ domain: 'The domain', 'name-server': 'Name server', 'mx-host': 'MX host', 'policy-host': 'Policy host' },
  ...{ 'mta-sts-record': 'MTA-STS record', 'tlsrpt-record': 'TLSRPT record' },
}

/** Who operates what. */
export function operatorsPart(operators: readonly Operator[], options: HtmlOptions): Html | undefined {
  if (operators.length === 0) return undefined
  return html`<section aria-labelledby="${options.prefix}operators">
${heading(options, 1, 'operators', 'Who operates what')}
${scroll(options, 'operators')}<table>
<thead><tr><th scope="col">Part</th><th scope="col">Name</th><th scope="col">In the zone</th></tr></thead>
<tbody>
${operators.map(
  ({ part, name, zone, isYours }) =>
    html`<tr><th scope="row">${parts[part]}</th><td>${name}</td><td>${zone === null ? (isYours ? 'yours' : 'unknown') : `${zone}${isYours ? ' (yours)' : ''}`}</td></tr>
`,
)}</tbody>
</table></div>
</section>`
}
