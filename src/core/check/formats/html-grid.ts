import type { AddressRow, Cell, CheckReport, HostRow, KeyRow } from '../report.ts'
import { type Html, html } from './html.ts'
import { type HtmlOptions, heading, scroll } from './html-report.ts'

/** Every MX host at every address with every kind of certificate. */
export function gridPart({ grid }: Pick<CheckReport, 'grid'>, options: HtmlOptions): Html | undefined {
  if (grid.length === 0) return undefined
  return html`<section aria-labelledby="${options.prefix}hosts">
${heading(options, 1, 'hosts', 'MX hosts')}
${scroll(options, 'hosts')}<table class="grid">
<thead><tr>${columns.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
${grid.map(hostPart)}</table></div>
</section>`
}

const columns = ['Address', 'Connection', 'STARTTLS', 'Key', 'TLS', 'Chain', 'Name', 'Until', 'TLSA'] as const

function hostPart({ host, preference, addresses }: HostRow): Html {
  return html`<tbody>
<tr class="host"><th scope="rowgroup" colspan="${columns.length}">${preference} ${host}${addresses.length === 0 ? ': no address' : undefined}</th></tr>
${addresses.map(addressPart)}</tbody>
`
}

function addressPart({ address, connect, startTls, keys }: AddressRow): Html {
  const height = Math.max(1, keys.length)
  const [first, ...more] = keys
  const span = html` rowspan="${height}"`
  return html`<tr><th scope="row"${span}>${address}</th>${cellPart(connect, span)}${cellPart(startTls, span)}${
    first === undefined ? html`<td colspan="6"></td>` : keyCells(first)
  }</tr>
${more.map((key) => html`<tr>${keyCells(key)}</tr>\n`)}`
}

function keyCells({ keyType, handshake, chain, name, expires, tlsa }: KeyRow): Html {
  return html`<td>${keyType}</td>${[handshake, chain, name, expires, tlsa].map((cell) => cellPart(cell))}`
}

const stateNames: Record<Cell['state'], string | undefined> = {
  ...{ good: undefined, bad: 'bad: ', weak: 'weak: ', none: undefined, unknown: undefined },
}

/** Colour says nothing that words do not: what is bad has a mark, and says so to who hears the page. */
function cellPart({ state, text, detail }: Cell, attributes?: Html): Html {
  const word = stateNames[state]
  return html`<td class="cell cell-${state}"${attributes}${detail === null ? undefined : html` title="${detail}"`}>${
    word === undefined ? undefined : html`<span class="hidden">${word}</span>`
  }${text}</td>`
}
