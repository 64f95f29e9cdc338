const reasons = new Map([
  ['ENOENT', 'no such file'],
  ['ENOTDIR', 'no such file'],
  ['EACCES', 'permission denied'],
  ['EISDIR', 'it is a directory'],
])

/** Why a file cannot be read or written, in few words: without the code and the call that Node names. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const known = 'code' in error ? reasons.get(String(error.code)) : undefined
  return known ?? error.message.replace(/^E[A-Z0-9]+: ([^,]*),.*$/, '$1')
}
