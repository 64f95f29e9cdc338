import { verdictWords } from '../../core/check/formats/words.ts'
import type { Verdict } from '../../core/check/report.ts'
import { svgText } from '../cli/svg-text.ts'

/** Verdict and colour; the word says what the colour says. */
const colours: Record<Verdict, string> = {
  ...{ protected: '#11692f', 'protected-partly': '#7a4b00', opportunistic: '#7a4b00' },
  ...{ cleartext: '#b3141c', broken: '#b3141c', undetermined: '#4a5058' },
}

/** About, of the font that is asked for: the boxes have room to spare. */
const characterWidth = 7

/** The last public verdict about a domain as a small picture; `undefined` where there is none. */
export function badge(domain: string, verdict: string | undefined): string {
  const known = verdict !== undefined && Object.hasOwn(verdictWords, verdict) ? (verdict as Verdict) : undefined
  const word = known === undefined ? 'not checked' : verdictWords[known]
  const colour = known === undefined ? colours.undetermined : colours[known]
  const left = 'mail'.length * characterWidth + 14
  const right = word.length * characterWidth + 14
  const text = svgText(`Mail to ${domain}: ${word}`)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="${text}">
<title>${text}</title>
<rect width="${left + right}" height="20" rx="3" fill="${colour}"/><path d="M3 0h${left - 3}v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#2b3037"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"><text x="7" y="14">mail</text><text x="${left + 7}" y="14">${svgText(word)}</text></g>
</svg>
`
}
