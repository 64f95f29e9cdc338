import { createHash } from 'node:crypto'
import { reportStyle } from '../../core/check/formats/html-style.ts'
import { siteStyle } from './style.ts'

/** The one style of all pages: what a report needs, and what stands around it. */
export const style = `${reportStyle}\n${siteStyle}`

/** Its name changes with it, so that browsers may keep it for as long as they like. */
export const stylePath = `/style-${createHash('sha256').update(style).digest('hex').slice(0, 16)}.css`

export const iconPath = '/icon.svg'

/** A seal. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="#b3141c"/><path d="M9 16.5l5 5L23.5 11" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round"/></svg>
`
