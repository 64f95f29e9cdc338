import { escapeText } from '../../core/smtp/escape.ts'
import { suggestion } from '../nearest.ts'
import { registry } from './registry.ts'

/** Why these arguments begin with no command, and what was probably meant. */
export function explainUnknown(args: readonly string[]): string {
  const [first = '', second] = args
  const names = registry.map(({ name }) => name)
  const parts = names.filter((name) => name.startsWith(`${first} `))
  if (parts.length > 0) {
    const given = second === undefined ? '' : ` "${escapeText(second)}" is none,`
    return `"${first}" needs a second word:${given} there is ${parts.map(quote).join(', ')}`
  }
  if (first.startsWith('-')) return `unknown option "${escapeText(first)}" before the command`
  return `unknown command "${escapeText(first)}"${suggestion(first, names)}`
}

function quote(name: string): string {
  return `"waxseal ${name}"`
}
