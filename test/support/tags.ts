// Reads markup as strictly as tests need it: every element closed where it was opened, every attribute quoted.

export interface Tag {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  /** Names of the elements around it. */
  readonly inside: readonly string[]
}

const voidElements: ReadonlySet<string> = new Set(['meta', 'br', 'hr', 'img', 'link', 'input'])

const token =
  /<!doctype html>|<\?xml [^?]*\?>|<style>[^<]*<\/style>|<\/([a-z0-9-]+)>|<([a-z0-9-]+)((?: [a-zA-Z-]+(?:="[^"<>]*")?)*) ?(\/?)>/gy

/** All tags in order. Throws where the text is no markup that this reads: an ampersand or angle that is none, for one. */
export function tagsIn(markup: string): Tag[] {
  const tags: Tag[] = []
  const open: string[] = []
  let at = 0
  while (at < markup.length) {
    if (markup[at] !== '<') {
      const end = markup.indexOf('<', at)
      const text = markup.slice(at, end === -1 ? undefined : end)
      if (/[>"']|&(?!#\d+;)/.test(text.replace(/"/g, ''))) throw new Error(`no text of a page: ${JSON.stringify(text)}`)
      at += text.length
      continue
    }
    token.lastIndex = at
    const match = token.exec(markup)
    if (match === null) throw new Error(`no tag: ${JSON.stringify(markup.slice(at, at + 80))}`)
    at += match[0].length
    const [, closed, opened, attributes = '', empty] = match
    if (closed !== undefined && open.pop() !== closed) throw new Error(`</${closed}> closes what is not open`)
    if (opened === undefined) continue
    tags.push({ name: opened, attributes: attributesIn(attributes), inside: [...open] })
    if (empty !== '/' && !voidElements.has(opened)) open.push(opened)
  }
  if (open.length > 0) throw new Error(`still open: ${open.join(' ')}`)
  return tags
}

function attributesIn(text: string): Record<string, string> {
  const found = [...text.matchAll(/ ([a-zA-Z-]+)(?:="([^"]*)")?/g)]
  const names = found.map(([, name]) => name)
  if (new Set(names).size !== names.length) throw new Error(`an attribute twice: ${text}`)
  return Object.fromEntries(found.map(([, name = '', value = '']) => [name, value]))
}
