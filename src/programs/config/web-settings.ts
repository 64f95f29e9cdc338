import { readPrefix } from '../../core/address/prefix.ts'
import { accept, type Result, refuse } from '../../core/result.ts'
import { formatMailDomain, parseMailDomain } from '../../core/smtp/mailbox.ts'
import type { Raw, Setting } from './settings.ts'

/** Networks whose word about who asks is taken. */
export const proxySetting: Setting<readonly string[]> = {
  shape: 'texts',
  fallback: [],
  read(raw) {
    const texts: readonly string[] = Array.isArray(raw) ? raw : [String(raw)]
    const wrong = texts.find((text) => readPrefix(text) === undefined)
    if (wrong !== undefined) return refuse(`${quote(wrong)} is neither an address nor a prefix such as 10.0.0.0/8`)
    return accept(texts)
  },
}

/** Of the page from outside, without a slash at its end: it is at the root of its server. */
export const urlSetting = textSetting((text) => {
  const url = text.replace(/\/$/, '')
  return /^https?:\/\/[A-Za-z0-9.:[\]-]+$/.test(url) && URL.canParse(url)
    ? accept(url)
    : refuse(`${quote(text)} is no URL of a server, such as https://check.example.org`)
})

/** Our name for EHLO. RFC 5321 §4.1.1.1 */
export const heloSetting = textSetting((text) => {
  const name = parseMailDomain(text)
  return name.ok ? accept(formatMailDomain(name.value)) : refuse(`${quote(text)} is no host name`)
})

/** Who answers for the page: shown as it is. */
export const contactSetting = textSetting((text) =>
  text !== '' && text.length <= 254 && !/\p{C}/u.test(text)
    ? accept(text)
    : refuse('it must be one line of at most 254 characters'),
)

function textSetting(read: (text: string) => Result<string, string>): Setting<string | undefined> {
  return { shape: 'text', fallback: undefined, read: (raw: Raw) => read(String(raw)) }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text)
}
