import { formatType } from '../../core/dns/types.ts'
import { formatRecord } from '../../core/dns/zone-text.ts'
import type { ChainLink, Resolution } from '../../core/dnssec/resolution.ts'
import { formatName } from '../../core/name/text.ts'
import { dsText, untilText } from './chain-text.ts'
import { verdictOf } from './dns-text.ts'
import { algorithmName, linkWords } from './dnssec-words.ts'
import { formatMoment } from './durations.ts'
import { codesText, codesToJson } from './extended-errors.ts'
import { breakText, svgText } from './svg-text.ts'

type Status = 'secure' | 'insecure' | 'bogus' | 'indeterminate'

/** One box of the drawing, and what stands beside the arrow that comes to it from above. */
interface Box {
  readonly name: string
  readonly status: Status
  readonly lines: readonly string[]
  readonly arrow: readonly string[]
}

const width = 760
const margin = 24
const padding = 16
const lineHeight = 19
const titleHeight = 22
/** Characters that fit: all text but the title is in a font whose characters are as wide as each other. */
const columns = { title: 66, box: 84, name: 62, arrow: 80 }
const most = { title: 6, name: 5, line: 4, records: 20 }

/** Signs and colours say what the word beside them says: nothing rests on them alone. */
const signs: Record<Status, string> = {
  secure: 'M-5 0l3.5 4L5-4.5',
  insecure: 'M-5 0H5',
  bogus: 'M-4.5-4.5l9 9M4.5-4.5l-9 9',
  indeterminate: 'M0-5.5V1.5M0 4.5V5.5',
}

const style = `
  text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1f2328 }
  .title { font: 600 16px system-ui, "DejaVu Sans", sans-serif }
  .name { font-size: 15px; font-weight: 600 }
  .word { font: 600 13px system-ui, "DejaVu Sans", sans-serif; text-anchor: end }
  .aside { fill: #59636e }
  .page { fill: #ffffff }
  .box { fill: #f6f8fa; stroke-width: 1.5 }
  .arrow { fill: none; stroke: #818b98; stroke-width: 1.5 }
  .cut { stroke-dasharray: 4 4 }
  .sign { fill: none; stroke: #ffffff; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round }
  .box.secure { stroke: #1a7f37 } .disc.secure, .word.secure { fill: #1a7f37 }
  .box.insecure { stroke: #9a6700 } .disc.insecure, .word.insecure { fill: #9a6700 }
  .box.bogus, .box.indeterminate { stroke: #cf222e }
  .disc.bogus, .word.bogus, .disc.indeterminate, .word.indeterminate { fill: #cf222e }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .aside { fill: #9198a1 }
    .page { fill: #0d1117 }
    .box { fill: #151b23 }
    .sign { stroke: #0d1117 }
    .box.secure { stroke: #3fb950 } .disc.secure, .word.secure { fill: #3fb950 }
    .box.insecure { stroke: #d29922 } .disc.insecure, .word.insecure { fill: #d29922 }
    .box.bogus, .box.indeterminate { stroke: #f85149 }
    .disc.bogus, .word.bogus, .disc.indeterminate, .word.indeterminate { fill: #f85149 }
  }
`

/**
 * The chain of trust as a drawing that needs nothing but itself: each zone a box below its parent, the DS records on the
 * way between them, and at the end what was found or where the chain broke. `now` is what our clock says.
 */
export function drawChain(resolution: Resolution, now: number): string {
  const chain = resolution.kind === 'failure' ? resolution.chain : resolution.evidence.chain
  const boxes = [...chain.map(boxOfZone), boxOfEnd(resolution)]
  const title = breakText(verdictOf(resolution), columns.title, most.title)
  const parts: string[] = []
  let y = margin
  for (const line of title) {
    y += titleHeight
    parts.push(text(margin, y - 5, line, 'title'))
  }
  y += margin / 2
  for (const [at, box] of boxes.entries()) {
    if (at > 0) y = drawArrow(box, y, parts)
    y = drawBox(box, y, parts)
  }
  y += margin + lineHeight
  parts.push(text(margin, y - margin / 2, `As Waxseal saw it on ${formatMoment(now)}`, 'aside'))
  return page(title.join(' '), boxes, { height: y + margin / 2, parts })
}

function page(
  title: string,
  boxes: readonly Box[],
  { height, parts }: { readonly height: number; readonly parts: readonly string[] },
): string {
  const words = boxes.map(({ name, status }) => `${name} ${status}`).join(', then ')
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description">
<title id="title">${svgText(title)}</title>
<desc id="description">${svgText(`Chain of trust: ${words}`)}</desc>
<style>${style}</style>
<rect class="page" width="${width}" height="${height}"/>
${parts.join('\n')}
</svg>
`
}

function boxOfZone({ zone, status, by, ds, key, expiration }: ChainLink): Box {
  const keys = key === undefined ? [] : [`key ${key.keyTag} ${algorithmName(key.algorithm)}${untilText(expiration)}`]
  // What stands in a parent is drawn on the way from it; an anchor has no parent that would say it.
  const isFromAbove = by !== 'anchor' && by !== 'no-anchor'
  const records = ds.map(dsText)
  const why = by === 'ds' ? [] : [linkWords[by]]
  const arrow = isFromAbove ? [...records, ...why] : []
  const name = zone.labelCount === 0 ? '. (root)' : formatName(zone)
  return { name, status, lines: isFromAbove ? keys : [...why, ...records, ...keys], arrow }
}

function boxOfEnd(resolution: Resolution): Box {
  if (resolution.kind === 'failure') {
    const { name, type, why, reason } = resolution
    const code = codesText(codesToJson(resolution)) ?? []
    const status = why === 'bogus' ? 'bogus' : 'indeterminate'
    return { name: `${formatName(name)} ${formatType(type)}`, status, lines: [reason].concat(code), arrow: [] }
  }
  const { canonicalName, type, kind, status, aliases, evidence } = resolution
  const { signer, expiration, reason } = evidence
  const records = kind === 'answer' ? resolution.records.map(formatRecord) : []
  const left = records.length - most.records
  const lines = [
    ...aliases.map(({ owner, target, via }) => `${formatName(owner)} ${via} ${formatName(target)}`),
    ...(kind === 'nodata' ? [`no ${formatType(type)} records`] : kind === 'nxdomain' ? ['no such name'] : []),
    ...records.slice(0, most.records),
    ...(left > 0 ? [`and ${left} more`] : []),
    ...(reason === undefined ? [] : [reason]),
  ]
  const arrow = signer === undefined ? [] : [`signed by ${formatName(signer)}${untilText(expiration)}`]
  return { name: `${formatName(canonicalName)} ${formatType(type)}`, status, lines, arrow }
}

/** Yields where it ends. */
function drawArrow({ arrow, status }: Box, from: number, parts: string[]): number {
  const lines = arrow.flatMap((line) => breakText(line, columns.arrow, most.line))
  const to = from + Math.max(34, lines.length * lineHeight + 20)
  const x = margin + 28
  const cut = status === 'secure' ? '' : ' cut'
  parts.push(`<path class="arrow${cut}" d="M${x} ${from + 4}V${to - 5}"/>`)
  parts.push(`<path class="arrow" d="M${x - 5} ${to - 10}l5 6l5-6"/>`)
  for (const [at, line] of lines.entries()) parts.push(text(x + 18, from + 23 + at * lineHeight, line, 'aside'))
  return to
}

/** Yields where it ends. */
function drawBox({ name, status, lines }: Box, from: number, parts: string[]): number {
  const names = breakText(name, columns.name, most.name)
  const rows = lines.flatMap((line) => breakText(line, columns.box, most.line))
  const height = 2 * padding + names.length * titleHeight + rows.length * lineHeight - 4
  const right = width - margin - padding
  parts.push(
    `<rect class="box ${status}" x="${margin}" y="${from}" width="${width - 2 * margin}" height="${height}" rx="8"/>`,
    `<circle class="disc ${status}" cx="${right - 8}" cy="${from + padding + 9}" r="10"/>`,
    `<path class="sign" transform="translate(${right - 8} ${from + padding + 9})" d="${signs[status]}"/>`,
    text(right - 26, from + padding + 14, status, `word ${status}`),
  )
  let y = from + padding + 14
  for (const line of names) {
    parts.push(text(margin + padding, y, line, 'name'))
    y += titleHeight
  }
  for (const line of rows) {
    parts.push(text(margin + padding, y, line, ''))
    y += lineHeight
  }
  return from + height
}

function text(x: number, y: number, content: string, kind: string): string {
  return `<text x="${x}" y="${y}"${kind === '' ? '' : ` class="${kind}"`}>${svgText(content)}</text>`
}
