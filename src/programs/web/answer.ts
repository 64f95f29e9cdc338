import type { ServerResponse } from 'node:http'
import { type Html, htmlText } from '../../core/check/formats/html.ts'
import type { Offer } from './accept.ts'
import { problemPage } from './pages/plain-pages.ts'

/** What a visitor gets: all at once, or a page that goes on. */
export type Answer =
  | {
      readonly status: number
      readonly type: string
      readonly body: string
      readonly headers?: Readonly<Record<string, string>>
    }
  | { readonly stream: (response: ServerResponse) => void; readonly headers?: Readonly<Record<string, string>> }

/** What a question is about, as far as answers depend on it. */
export interface Asked {
  readonly offer: Offer
}

/** Nothing but our own style and pictures, forms to ourselves, and no page around ours. */
const contentPolicy =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

/** The same for all answers, but for what an answer says otherwise. */
const usualHeaders = {
  'content-security-policy': contentPolicy,
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  // Links of private reports are secrets, and nobody else's business.
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  vary: 'Accept',
} as const

export const htmlType = 'text/html; charset=utf-8'

export function htmlAnswer(content: Html, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, type: htmlType, body: htmlText(content), headers }
}

export function jsonAnswer(json: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(json)}\n`, headers }
}

/** A picture has styles of its own, which its own policy lets in: it is shown by itself as well. */
export function svgAnswer(svg: string, styleHash?: string, headers: Readonly<Record<string, string>> = {}): Answer {
  const style = styleHash === undefined ? '' : `; style-src 'sha256-${styleHash}'`
  const policy = { 'content-security-policy': `default-src 'none'${style}; frame-ancestors 'none'; base-uri 'none'` }
  return { status: 200, type: 'image/svg+xml', body: svg, headers: { ...policy, ...headers } }
}

export function redirect(path: string): Answer {
  return { status: 303, type: 'text/plain; charset=utf-8', body: `${path}\n`, headers: { location: path } }
}

/** A refusal: a page for people, RFC 9457 for programs. `text` is one or more sentences. */
export function refusal(
  { offer }: Asked,
  status: number,
  title: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  if (offer === 'text/html') return htmlAnswer(problemPage(title, text), status, headers)
  const json = { type: 'about:blank', title, status, detail: text }
  return { status, type: 'application/problem+json', body: `${JSON.stringify(json)}\n`, headers }
}

export function headersOf(answer: Answer): Record<string, string> {
  return { ...usualHeaders, ...answer.headers }
}
