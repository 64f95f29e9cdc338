import { limits } from '../../core/limits.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import { describeEnd, runProgram } from '../run-program.ts'
import { changeEnvironment, changeJson } from './change-json.ts'
import type { ZoneWriter } from './zone-writer.ts'

export interface CommandWriterOptions {
  /** Program and arguments. */
  readonly words: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly timeoutMs?: number
}

/**
 * Has a program make the change: it gets the change as JSON on its input and as zone text in its environment, and says by
 * status 0 that the change is in the zone. docs/publishing-dns.md is the contract.
 */
export function commandWriter(options: CommandWriterOptions): ZoneWriter {
  const { words, environment, timeoutMs = limits.writing.commandMs } = options
  const shown = escapeText(words[0])
  return {
    does: `run "${shown}"`,
    async write(change, signal) {
      const end = await runProgram(words, {
        ...{ environment: { ...environment, ...changeEnvironment(change) }, timeoutMs, signal },
        input: `${JSON.stringify(changeJson(change))}\n`,
        ...{ graceMs: limits.writing.commandGraceMs, saidCharacters: limits.writing.saidCharacters },
      })
      if (end.kind === 'ended' && end.status === 0) return { kind: 'written', by: `"${shown}"`, wasThere: false }
      const ran = end.kind !== 'failed'
      return {
        ...{ kind: 'failed', why: end.kind === 'aborted' ? 'aborted' : 'command', mayBeWritten: ran },
        reason: `"${shown}": ${describeEnd(end, words[0], timeoutMs)}`,
        advice: ran
          ? 'mend what it says, and write again: the same change may be written twice'
          : 'name a program that can be run by --command',
      }
    },
  }
}
