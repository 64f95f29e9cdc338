import { createOut, type Out } from './out.ts'

export interface Page {
  readonly columns?: number
  readonly unicode?: boolean
  readonly colour?: boolean
}

/** What `write` puts to standard output, as one text: for tests, and for what shows output elsewhere. */
export function pageOut(
  write: (out: Out) => void,
  { columns = 80, unicode = true, colour = false }: Page = {},
): string {
  let text = ''
  const take = (more: string) => {
    text += more
    return true
  }
  const sink = { write: take, once: () => undefined }
  const environment = {
    COLUMNS: String(columns),
    LC_ALL: unicode ? 'C.UTF-8' : 'C',
    ...(colour ? { FORCE_COLOR: '1' } : {}),
  }
  write(createOut({ stdout: sink, stderr: { write: () => true, once: () => undefined }, environment }))
  return text
}
