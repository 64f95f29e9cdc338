import { type Html, html } from '../../../core/check/formats/html.ts'
import { iconPath, stylePath } from '../assets.ts'

/** What stands around the content of a page. */
export interface Frame {
  readonly title: string
  /** Whether search engines may have it. */
  readonly isIndexed: boolean
}

/** Everything before the content: it may be sent before there is any. */
export function frameStart({ title, isIndexed }: Frame): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${isIndexed ? undefined : html`<meta name="robots" content="noindex">\n`}<title>${title}</title>
<link rel="stylesheet" href="${stylePath}">
<link rel="icon" href="${iconPath}" type="image/svg+xml">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="site"><nav aria-label="Site"><a class="brand" href="/">Waxseal</a> <a href="/help">Help</a> <a href="/about">About</a></nav></header>
<main id="content">
`
}

export function frameEnd(): Html {
  return html`
</main>
<footer class="site"><p>Checked by <a href="/about">Waxseal</a>, which validates DNSSEC itself, begins no mail and sets no cookies.</p></footer>
</body>
</html>
`
}

export function page(frame: Frame, content: Html): Html {
  return html`${frameStart(frame)}${content}${frameEnd()}`
}
