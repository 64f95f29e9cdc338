import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'

/** A message that a server in the lab took. */
export interface ReceivedMessage {
  readonly host: string
  /** Whose server it is. */
  readonly by: 'recipient' | 'attacker'
  readonly from: string
  readonly to: readonly string[]
  /** As it came, dots undoubled, lines ended by CRLF. */
  readonly text: string
  /** How it came; undefined in clear. */
  readonly tls:
    | { readonly protocol: string; readonly cipher: string | undefined; readonly serverName: string | undefined }
    | undefined
}

/** What an attacker between sender and host saw pass in clear on one connection; it grows while that lasts. */
export interface Overheard {
  readonly host: string
  text: string
}

/** A question put to one of the world's name servers. */
export interface AskedQuestion {
  readonly server: string
  readonly name: Name
  readonly type: number
  readonly transport: 'udp' | 'tcp'
  /** One more than the longest chain of answers that could have led to it, from 1 since the last reset. */
  readonly round: number
}

/**
 * What really happened in the lab, written by its servers and attackers and by nobody else: the outcomes that the lab
 * shows come from here and never from what a sender believes.
 */
export interface Diary {
  readonly received: ReceivedMessage[]
  readonly overheard: Overheard[]
  readonly asked: AskedQuestion[]
  /** Hosts that were connected to, once for each connection that was accepted. */
  readonly connected: string[]
  /** Policy domains whose policy was asked for over HTTPS, once for each request. */
  readonly fetched: string[]
}

export function createDiary(): Diary {
  return { received: [], overheard: [], asked: [], connected: [], fetched: [] }
}

/** Forgets everything. */
export function clearDiary(diary: Diary): void {
  for (const entries of [diary.received, diary.overheard, diary.asked, diary.connected, diary.fetched])
    entries.length = 0
}

/** Writes an entry, and forgets the oldest when there are too many. */
export function note<Entry>(entries: Entry[], entry: Entry): void {
  if (entries.length >= limits.lab.diaryEntries) entries.shift()
  entries.push(entry)
}

/** Whether an attacker could read this text, on the way or on a server of his. */
export function wasReadByAttacker(diary: Diary, text: string): boolean {
  return (
    diary.overheard.some((overheard) => overheard.text.includes(text)) ||
    diary.received.some((message) => message.by === 'attacker' && message.text.includes(text))
  )
}
