import { rename } from 'node:fs/promises'
import * as z from 'zod'
import { findingSections, severities, verdicts } from '../../../core/check/report.ts'
import { type Notice, nothingYet, type Watched } from '../../../core/check/watch/watch.ts'
import { limits } from '../../../core/limits.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { readPrivateFile, writePrivateFile } from '../../../io/private-file.ts'
import { reasonOf } from '../../file-error.ts'

/** A notice on its way to one who is to be told, until it arrived. */
export interface Pending {
  readonly to: string
  readonly notice: Notice
  /** Times that it was tried, and milliseconds since 1970: when it was made, and when it is tried next. */
  readonly attempts: number
  readonly madeAt: number
  readonly nextAt: number
}

/** All that a watch remembers. */
export interface WatchState {
  /** When the next round is due; 0 for at once. */
  readonly nextAt: number
  readonly domains: ReadonlyMap<string, Watched>
  /** In the order in which they were made. */
  readonly pending: readonly Pending[]
}

export const freshState: WatchState = { nextAt: 0, domains: new Map(), pending: [] }

/** Where a watch remembers what it told. */
export interface StateFile {
  /** What is there; a fresh state, with a warning, where what is there cannot be used. Rejects when it cannot be read. */
  read(warn: (text: string) => void): Promise<WatchState>
  /** Puts it in place in one step. Rejects as Node does. */
  write(state: WatchState): Promise<void>
}

/** A state that is forgotten with the process. */
export const stateInMemory: StateFile = { read: async () => freshState, write: async () => {} }

export function openStateFile(path: string): StateFile {
  const shown = escapeText(path)
  return {
    async read(warn) {
      let text: string
      try {
        const octets = readPrivateFile(path, limits.watch.stateOctets)
        if (octets === undefined) return freshState
        text = Buffer.from(octets).toString('utf8')
      } catch (error) {
        throw new Error(`cannot read "${shown}": ${escapeText(reasonOf(error))}`)
      }
      const state = parseState(text)
      if (state !== undefined) return state
      const aside = `${path}.damaged`
      await rename(path, aside)
      warn(
        `the state in "${shown}" is damaged, and now lies in "${escapeText(aside)}": this begins afresh, and what changed ` +
          'since the last check is not told',
      )
      return freshState
    },
    write: (state) => writePrivateFile(path, Buffer.from(formatState(state))),
  }
}

export function formatState({ nextAt, domains, pending }: WatchState): string {
  return `${JSON.stringify({ schema, nextAt, domains: Object.fromEntries(domains), pending })}\n`
}

const schema = 'waxseal.watch/1'

const verdict = z.enum(verdicts)
const severity = z.enum(severities)
const section = z.enum(findingSections)

const watched = z.strictObject({
  last: z
    .strictObject({
      verdict,
      findings: z.array(z.strictObject({ id: z.string(), severity, section, subject: z.string() })),
    })
    .nullable(),
  untold: z.number(),
  isUntoldTold: z.boolean(),
  dates: z.array(z.strictObject({ key: z.string(), at: z.number(), days: z.array(z.number()) })),
})

const stateSchema = z.strictObject({
  schema: z.literal(schema),
  nextAt: z.number(),
  domains: z.record(z.string(), watched),
  pending: z.array(
    z.strictObject({
      ...{ to: z.string(), attempts: z.number(), madeAt: z.number(), nextAt: z.number() },
      notice: z.looseObject({ schema: z.literal('waxseal.notice/1'), id: z.string(), domain: z.string() }),
    }),
  ),
})

/** Undefined for what is none of ours: a file that ends in the middle, for one. */
export function parseState(text: string): WatchState | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const read = stateSchema.safeParse(value)
  if (!read.success) return undefined
  const { nextAt, domains, pending } = read.data
  // Notices are ours as they were written: nothing in them is decided by, they are told.
  return { nextAt, domains: new Map(Object.entries(domains)), pending: pending as unknown as Pending[] }
}

/** What is remembered of a domain. */
export function watchedIn({ domains }: WatchState, domain: string): Watched {
  return domains.get(domain) ?? nothingYet
}
