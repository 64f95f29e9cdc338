/** The members of a JSON object that stood alone in a body, in UTF-8. */
export type JsonObject = Readonly<Record<string, unknown>>

/** What a server of ACME sent as a body; undefined for what is no JSON object. RFC 8555 §6.1, RFC 8259 §8.1 */
export function parseJsonObject(body: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member of the object itself: what every object inherits is none. */
export function memberOf(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

export function textOf(object: JsonObject, name: string): string | undefined {
  const value = memberOf(object, name)
  return typeof value === 'string' ? value : undefined
}

/** A date as RFC 3339 has it, in milliseconds since 1970; undefined for anything else. RFC 3339 §5.6 */
export function dateOf(object: JsonObject, name: string): number | undefined {
  const text = textOf(object, name)
  if (text === undefined || !dateForm.test(text)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}

const dateForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/
