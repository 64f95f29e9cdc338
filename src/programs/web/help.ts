import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findingRegistry, type RegisteredFinding } from '../../core/check/findings/registry.ts'
import { limits } from '../../core/limits.ts'

/** The pages that explain findings, as the package has them. */
export interface HelpPages {
  readonly findings: readonly RegisteredFinding[]
  has(id: string): boolean
  /** Markdown; undefined for an id that has no page. */
  text(id: string): string | undefined
}

/** Pages of `folder`, each read when it is first asked for. Only ids of findings are ever looked for. */
export function createHelp(folder = fileURLToPath(new URL('../../../docs/findings/', import.meta.url))): HelpPages {
  const known = new Map(findingRegistry.map(({ id }) => [id, undefined as string | null | undefined]))
  const text = (id: string): string | undefined => {
    if (!known.has(id)) return undefined
    const before = known.get(id)
    const found = before === undefined ? readPage(`${folder}${id}.md`) : before
    known.set(id, found)
    return found ?? undefined
  }
  return { findings: findingRegistry, has: (id) => text(id) !== undefined, text }
}

/** Null for one that is not there. */
function readPage(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8')
    return text.length <= limits.web.helpOctets ? text : null
  } catch {
    return null
  }
}
