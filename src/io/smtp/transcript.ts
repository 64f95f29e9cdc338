import { limits } from '../../core/limits.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import type { Clock } from '../clock.ts'

/** One line of what passed between us and a server. */
export interface TranscriptEntry {
  /** Milliseconds since 1970-01-01T00:00Z. */
  readonly at: number
  readonly kind: 'sent' | 'received' | 'tls' | 'note'
  /** Without line end, and already fit for a terminal. */
  readonly text: string
}

/** Writes down one session; past the bound it notes once that it stops. */
export interface Transcript {
  readonly entries: readonly TranscriptEntry[]
  write(kind: TranscriptEntry['kind'], text: string): void
}

/** `follow` sees every entry at once, for `--trace`. */
export function createTranscript(clock: Clock, follow?: (entry: TranscriptEntry) => void): Transcript {
  const entries: TranscriptEntry[] = []
  let octets = 0

  function append(kind: TranscriptEntry['kind'], text: string): void {
    const entry = { at: clock.now(), kind, text }
    entries.push(entry)
    follow?.(entry)
  }

  return {
    entries,
    write(kind, text) {
      if (octets > limits.smtp.transcriptOctets) return
      for (const line of text.replace(/\r?\n$/, '').split(/\r?\n/)) {
        const safe = escapeText(line)
        octets += Buffer.byteLength(safe) + 1
        if (octets > limits.smtp.transcriptOctets) return append('note', 'the transcript is full')
        append(kind, safe)
      }
    },
  }
}

const signs = { sent: '>', received: '<', tls: '*', note: '-' } as const

/** One line, as it is shown and filed: time in UTC, direction, text. */
export function formatEntry({ at, kind, text }: TranscriptEntry): string {
  return `${new Date(at).toISOString()} ${signs[kind]} ${text}`
}
