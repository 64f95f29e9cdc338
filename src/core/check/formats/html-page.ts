import { createHash } from 'node:crypto'
import type { CheckReport } from '../report.ts'
import { type Html, html, htmlText, trusted } from './html.ts'
import { reportPart, scroll } from './html-report.ts'
import { reportStyle } from './html-style.ts'
import { verdictWords } from './words.ts'

/**
 * Reports as one file of HTML that asks for nothing else: no script, no picture, no font, and a policy that would let
 * none in. Of several domains a table comes first.
 */
export function formatHtml(reports: readonly CheckReport[]): string {
  const [only] = reports
  const isOne = only !== undefined && reports.length === 1
  const title = isOne ? `Mail to ${only.domain}` : `Mail to ${reports.length} domains`
  const body = isOne ? reportPart(only, { level: 1, prefix: '' }) : severalPart(title, reports)
  const style = trusted(`<style>${reportStyle}</style>`)
  return htmlText(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${styleHash()}'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
${style}
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`)
}

/** By which a policy lets in this style and no other. */
export function styleHash(): string {
  return createHash('sha256').update(reportStyle).digest('base64')
}

function severalPart(title: string, reports: readonly CheckReport[]): Html {
  return html`<h1 id="domains">${title}</h1>
${scroll({ level: 1, prefix: '' }, 'domains')}<table>
<thead><tr><th scope="col">Domain</th><th scope="col">Verdict</th><th scope="col">Findings</th></tr></thead>
<tbody>
${reports.map(
  ({ domain, verdict, findings }, place) =>
    html`<tr class="verdict-${verdict}"><th scope="row"><a href="#d${place}-verdict">${domain}</a></th><td><span class="badge">${verdictWords[verdict]}</span></td><td>${
      findings.filter(({ severity }) => severity !== 'note').length
    }</td></tr>
`,
)}</tbody>
</table></div>
${reports.map((report, place) => reportPart(report, { level: 2, prefix: `d${place}-` }))}`
}
