// Sends with the command line, and reads what it reports.
import assert from 'node:assert/strict'
import { iterateIn, type Run, waxseal } from './waxseal.ts'
import type { InteropWorld } from './world.ts'

/** What of `waxseal.send/1` these tests look at. */
export interface SendReport {
  readonly schema: string
  readonly sender: string
  readonly recipients: readonly RecipientReport[]
  readonly domains: readonly { readonly nextHop: string; readonly hosts: readonly HostReport[] }[]
}

export interface RecipientReport {
  readonly recipient: string
  readonly outcome: 'delivered' | 'temporary' | 'permanent'
  readonly code: number
  readonly enhancedCode: string
  readonly text: string
  readonly wordsOf: 'peer' | 'us'
  readonly host: string | null
  readonly row: string | null
  readonly protection: string | null
}

interface HostReport {
  readonly host: string
  readonly row: string
  readonly sessions: readonly { readonly end: string; readonly secured: boolean; readonly tls: object | null }[]
}

export const sender = 'me@sender.example'

/** Runs `waxseal send`, by default with a store that is gone with the process. */
export function sendIn(
  world: InteropWorld,
  args: readonly string[],
  message: string | Uint8Array,
  store = ':memory:',
): Promise<Run> {
  const options = [...iterateIn(world), '--ca-file', world.authority, '--store', store, '--helo', 'client.example']
  return waxseal(['send', '--json', ...options, ...args], message)
}

export function reportOf({ stdout, stderr }: Run): SendReport {
  assert.equal(stderr, '')
  const report = JSON.parse(stdout) as SendReport
  assert.equal(report.schema, 'waxseal.send/1')
  return report
}

/** A message that is told from all others by its mark. */
export function letter(mark: string, body = 'Hello.\n'): string {
  return `From: <${sender}>\nTo: <you@dane.example>\nSubject: ${mark}\n\n${body}`
}

export function subject(mark: string): string {
  return `\nSubject: ${mark}\n`
}

export function bodyOf(message: string): string {
  return message.slice(message.indexOf('\n\n') + 2)
}
