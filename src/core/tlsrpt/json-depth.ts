/** Whether brackets outside strings are open more than `most` deep anywhere: found without reading the JSON. */
export function hasDepthOver(text: string, most: number): boolean {
  let depth = 0
  let isInString = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (isInString) {
      if (character === '\\') at++
      else if (character === '"') isInString = false
    } else if (character === '"') isInString = true
    else if (character === '{' || character === '[') {
      depth++
      if (depth > most) return true
    } else if (character === '}' || character === ']') depth--
  }
  return false
}
