/**
 * Text of a stranger, fit for a terminal, log or page: controls, invisible and direction-changing characters, and the
 * backslash that marks them, stand as `\x1b` or `\u202e`.
 */
export function escapeText(text: string): string {
  return text.replace(unsafe, (character) => {
    if (character === '\\') return '\\\\'
    const code = character.codePointAt(0) ?? 0
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`
  })
}

/**
 * The same for text that a person may copy: backslashes stay as they are, because zone text has escapes of its own.
 * Whoever reads it cannot tell an escape of ours from one that was written so.
 */
export function escapeUnsafe(text: string): string {
  return text.split('\\').map(escapeText).join('\\')
}

// Cc, Cf, line and paragraph separators, lone surrogates, private use and what has no meaning yet
const unsafe = /[\p{C}\p{Zl}\p{Zp}\\]/gu
