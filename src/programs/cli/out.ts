import { styleText } from 'node:util'

/** Styles that output may have. Colour never says anything that the words do not say. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Where a command's text goes. Strings of strangers must be escaped before they come here. */
export interface Out {
  /** Columns of the terminal; 80 when the output is none. */
  readonly columns: number
  /** Whether characters beyond ASCII may be used: from the locale. */
  readonly unicode: boolean
  /** Whether a person watches standard error, so that progress may be shown there. */
  readonly watched: boolean
  /** To standard output, as it stands. */
  write(text: string): void
  /** To standard output, with a line end. */
  line(text?: string): void
  /** To standard error: `waxseal: text`. */
  warn(text: string): void
  /** To standard error, with a line end and nothing before. For traces and progress. */
  note(text: string): void
  /** Replaces the line of progress on a terminal; undefined takes it away. Nothing elsewhere. */
  progress(text: string | undefined): void
  /** The text in this style if standard output is a terminal that shows colour, else unchanged. */
  style(style: Style, text: string): string
  /** Resolves when standard output takes more: awaited by whoever writes much. */
  drained(): Promise<void>
}

/** What `createOut` needs of a stream: `process.stdout` has it, and so do tests. */
export interface Sink {
  write(text: string): boolean
  once(event: 'drain', listener: () => void): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly writableNeedDrain?: boolean | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

export interface OutOptions {
  readonly stdout: Sink
  readonly stderr: Sink
  readonly environment: Environment
}

const clearLine = '\r\x1b[2K'

export function createOut({ stdout, stderr, environment }: OutOptions): Out {
  const colour = wantsColour(stdout, environment)
  const watched = stderr.isTTY === true && environment.TERM !== 'dumb'
  const unicode = speaksUnicode(environment)
  let shown = false
  let draining: Promise<void> | undefined
  const hide = () => {
    if (shown) stderr.write(clearLine)
    shown = false
  }
  const out: Out = {
    columns: columnsOf(stdout, environment),
    unicode,
    watched,
    write: (text) => {
      hide()
      stdout.write(unicode ? text : toAscii(text))
    },
    line: (text = '') => out.write(`${text}\n`),
    warn: (text) => out.note(`waxseal: ${text}`),
    note: (text) => {
      hide()
      stderr.write(`${unicode ? text : toAscii(text)}\n`)
    },
    progress: (text) => {
      if (!watched) return
      hide()
      if (text === undefined) return
      stderr.write(text.slice(0, widthOfTerminal(stderr) - 1))
      shown = true
    },
    style: (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text),
    async drained() {
      if (stdout.writableNeedDrain !== true) return
      draining ??= new Promise((resolve) => {
        stdout.once('drain', () => {
          draining = undefined
          resolve()
        })
      })
      await draining
    },
  }
  return out
}

/** Other characters as JSON escapes them: a terminal without UTF-8 would show others, and JSON means the same. */
function toAscii(text: string): string {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** NO_COLOR and FORCE_COLOR count when they are not empty, as https://no-color.org asks. */
function wantsColour(stdout: Sink, { NO_COLOR, FORCE_COLOR, TERM }: Environment): boolean {
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return stdout.isTTY === true && TERM !== 'dumb'
}

function columnsOf(stdout: Sink, { COLUMNS }: Environment): number {
  if (stdout.isTTY === true && knowsWidth(stdout)) return stdout.columns
  const given = Number(COLUMNS)
  return Number.isInteger(given) && given >= 20 && given <= 1000 ? given : 80
}

/** A terminal may say that it has no columns, or none that could be used. */
function knowsWidth(sink: Sink): sink is Sink & { readonly columns: number } {
  return sink.columns !== undefined && sink.columns >= 20
}

function widthOfTerminal(sink: Sink): number {
  return knowsWidth(sink) ? sink.columns : 80
}

/** The first of these that is set decides, as in setlocale(3). */
function speaksUnicode({ LC_ALL, LC_CTYPE, LANG }: Environment): boolean {
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== '') ?? ''
  return /utf-?8/i.test(locale)
}
