import { UsageError } from './command.ts'

/** A program and its arguments, written with blanks between them. Throws UsageError. */
export function readCommandWords(option: string, text: string): readonly [string, ...string[]] {
  const [program, ...args] = text.split(/\s+/).filter((word) => word !== '')
  if (program === undefined) throw new UsageError(`option --${option}: there is no program`)
  return [program, ...args]
}
