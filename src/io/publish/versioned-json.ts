import { accept, type Result, refuse } from '../../core/result.ts'

/** Why the text of a state is of no use: it is damaged, of another program, or of another version of this one. */
export type VersionedFault = 'damaged' | 'not-ours' | 'other-version'

/** Reads JSON that says in `schema`, as `waxseal.sts/1`, what it is; what else must be in it is for others to say. */
export function parseVersioned(text: string, schema: string): Result<unknown, VersionedFault> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse('damaged')
  }
  const found = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined
  const family = schema.slice(0, schema.indexOf('/') + 1)
  if (typeof found !== 'string' || !found.startsWith(family)) return refuse('not-ours')
  return found === schema ? accept(value) : refuse('other-version')
}
