import { type Html, html } from '../../core/check/formats/html.ts'

/**
 * The little Markdown that our own pages of help are written in: headings, paragraphs, lists, code, tables, links. What it
 * does not know it shows as it stands; markup in the text is text. Links lead to pages of help, or out over HTTPS.
 */
export function renderMarkdown(text: string): Html {
  const lines = text.replaceAll('\r\n', '\n').split('\n')
  const parts: Html[] = []
  for (let at = 0; at < lines.length; ) {
    const [part, next] = blockAt(lines, at)
    if (part !== undefined) parts.push(part)
    at = next
  }
  return html`${parts}`
}

/** The block that begins at a line, and the line behind it, which is always a later one. */
function blockAt(lines: readonly string[], at: number): [Html | undefined, number] {
  const line = lines[at] ?? ''
  if (line.trim() === '') return [undefined, at + 1]
  if (line.startsWith('```')) return codeAt(lines, at)
  const heading = /^(#{1,4}) +(.*?) *#*$/.exec(line)
  if (heading !== null) return [headingPart(heading[1]?.length ?? 1, inline(heading[2] ?? '')), at + 1]
  if (bullet.test(line)) return listAt(lines, at, bullet, (items) => html`<ul>${items}</ul>\n`)
  if (numbered.test(line)) return listAt(lines, at, numbered, (items) => html`<ol>${items}</ol>\n`)
  if (line.startsWith('|')) return tableAt(lines, at)
  const end = endOf(lines, at, (other) => other.trim() !== '' && !isBlock(other))
  return [html`<p>${inline(lines.slice(at, end).join(' '))}</p>\n`, end]
}

const bullet = /^ {0,3}[-*] +/
const numbered = /^ {0,3}\d{1,3}\. +/

function isBlock(line: string): boolean {
  return /^(?:```|#{1,4} |\|)/.test(line) || bullet.test(line) || numbered.test(line)
}

/** The first line from `at` + 1 on of which it does not hold. */
function endOf(lines: readonly string[], at: number, holds: (line: string) => boolean): number {
  let end = at + 1
  while (end < lines.length && holds(lines[end] ?? '')) end++
  return end
}

function codeAt(lines: readonly string[], at: number): [Html, number] {
  const end = endOf(lines, at, (line) => !line.startsWith('```'))
  return [html`<pre tabindex="0">${lines.slice(at + 1, end).join('\n')}</pre>\n`, end + 1]
}

function headingPart(level: number, text: Html): Html {
  if (level === 1) return html`<h1>${text}</h1>\n`
  return level === 2 ? html`<h2>${text}</h2>\n` : html`<h3>${text}</h3>\n`
}

function listAt(
  lines: readonly string[],
  at: number,
  mark: RegExp,
  list: (items: readonly Html[]) => Html,
): [Html, number] {
  const items: string[] = []
  const end = endOf(lines, at, (line) => mark.test(line) || (/^ +\S/.test(line) && !isBlock(line)))
  for (const line of lines.slice(at, end)) {
    if (mark.test(line)) items.push(line.replace(mark, ''))
    else items.push(`${items.pop() ?? ''} ${line.trim()}`)
  }
  return [list(items.map((item) => html`<li>${inline(item)}</li>`)), end]
}

function tableAt(lines: readonly string[], at: number): [Html, number] {
  const end = endOf(lines, at, (line) => line.startsWith('|'))
  const rows = lines.slice(at, end).map(cellsOf)
  const [head = [], ...more] = rows
  const body = more.filter((cells) => !cells.every((cell) => /^:?-+:?$/.test(cell)))
  return [
    html`<div class="scroll" tabindex="0" role="region" aria-label="Table"><table><thead><tr>${head.map((cell) => html`<th scope="col">${inline(cell)}</th>`)}</tr></thead>
<tbody>${body.map((cells) => html`<tr>${cells.map((cell) => html`<td>${inline(cell)}</td>`)}</tr>\n`)}</tbody></table></div>\n`,
    end,
  ]
}

function cellsOf(line: string): string[] {
  return line
    .replace(/^\||\| *$/g, '')
    .split('|')
    .map((cell) => cell.trim())
}

const marks = /`([^`]+)`|\[([^\][]+)\]\(([^()\s]+)\)|\*\*([^*]+)\*\*|(?<![\w.])_([A-Za-z][^_`]*)_(?![\w.])/

function inline(text: string): Html {
  const parts: (Html | string)[] = []
  let rest = text
  for (let found = marks.exec(rest); found !== null; found = marks.exec(rest)) {
    const [whole, code, label, target, strong, stressed] = found
    parts.push(rest.slice(0, found.index))
    if (code !== undefined) parts.push(html`<code>${code}</code>`)
    else if (strong !== undefined) parts.push(html`<strong>${strong}</strong>`)
    else if (stressed !== undefined) parts.push(html`<em>${stressed}</em>`)
    else parts.push(linkPart(label ?? '', target ?? '') ?? whole)
    rest = rest.slice(found.index + whole.length)
  }
  return html`${parts}${rest}`
}

/** Undefined for what leads nowhere from here: other documents of ours are not served. */
function linkPart(label: string, target: string): Html | string | undefined {
  const finding = /^(?:\.\/)?([a-z0-9-]+)\.md$/.exec(target)?.[1]
  if (finding !== undefined) return html`<a href="/help/${finding}">${label}</a>`
  if (/^https:\/\/[^\s"'<>]+$/.test(target)) return html`<a href="${target}" rel="noreferrer">${label}</a>`
  return label
}
