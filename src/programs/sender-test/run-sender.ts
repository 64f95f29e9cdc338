import { spawn } from 'node:child_process'
import { limits } from '../../core/limits.ts'
import { reasonOf } from '../file-error.ts'
import type { LabFiles } from './open-test-lab.ts'
import type { Round, Trial } from './round.ts'

/** The sender to be tested: a command, run once, or for each address where one of its words is or holds `{}`. */
export interface SenderOptions {
  readonly command: readonly string[]
  readonly files: LabFiles
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly now: () => number
  readonly onDone?: (count: number) => void
}

/** What a command said of the messages that it was run for, by its exit status. */
export interface SenderEnd {
  /** For whom it will not try again. */
  readonly returned: ReadonlySet<Trial>
  /** For whom it said what came of it. */
  readonly told: ReadonlySet<Trial>
  /** Ends that say nothing of a message, in words. */
  readonly complaints: readonly string[]
}

/** Statuses of sysexits(3) that say of a message: no such user, no such host, unavailable. */
const returning: ReadonlySet<number> = new Set([67, 68, 69])
const deferring = 75

/** Runs the sender to its end; what it prints goes to standard error. */
export async function runSender(round: Round, options: SenderOptions): Promise<SenderEnd> {
  const end = { returned: new Set<Trial>(), told: new Set<Trial>(), complaints: [] as string[] }
  if (!options.command.some((word) => word.includes('{}'))) {
    const status = await runOnce(options.command, undefined, round, options)
    if (status !== 0 && !options.signal.aborted) end.complaints.push(`the command ${describeEnd(status)}`)
    return end
  }
  const waiting = [...round.trials]
  let done = 0
  const work = async () => {
    for (let trial = waiting.shift(); trial !== undefined && !options.signal.aborted; trial = waiting.shift()) {
      const { address } = trial
      const command = options.command.map((word) => word.replaceAll('{}', address))
      const status = await runOnce(command, composeMessage(round, address, options.now()), round, options)
      if (typeof status === 'number' && returning.has(status)) end.returned.add(trial)
      if (status === deferring || end.returned.has(trial)) end.told.add(trial)
      else if (status !== 0 && !options.signal.aborted)
        end.complaints.push(`the command for ${address} ${describeEnd(status)}`)
      done += 1
      options.onDone?.(done)
    }
  }
  await Promise.all(Array.from({ length: limits.senderTest.commandsAtOnce }, work))
  return end
}

function describeEnd(status: number | string): string {
  return typeof status === 'number' ? `ended with ${status}` : `did not run to its end: ${status}`
}

/** Resolves to the exit status, or to why there is none. */
function runOnce(
  [program = '', ...args]: readonly string[],
  input: string | undefined,
  round: Round,
  { files, environment, signal }: SenderOptions,
): Promise<number | string> {
  const child = spawn(program, args, {
    env: { ...environment, ...variablesOf(round, files) },
    stdio: [input === undefined ? 'ignore' : 'pipe', 2, 2],
    signal,
  })
  child.stdin?.on('error', () => {}) // a command that reads nothing may be gone already
  child.stdin?.end(input)
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(reasonOf(error)))
    child.on('close', (status, by) => resolve(status ?? by ?? 'nothing'))
  })
}

/** What a sender's command can read of the round in its environment. */
function variablesOf({ from, trials }: Round, files: LabFiles): Record<string, string> {
  return {
    WAXSEAL_TEST_FROM: from,
    WAXSEAL_TEST_ADDRESSES: trials.map(({ address }) => address).join('\n'),
    WAXSEAL_TEST_RESOLVER: files.resolver,
    WAXSEAL_TEST_CA_FILE: files.authority,
    WAXSEAL_TEST_ROOT_HINTS: files.hints,
    WAXSEAL_TEST_TRUST_ANCHORS: files.anchors,
  }
}

/** The message to one address. RFC 5322 §3.6 */
export function composeMessage({ from, token }: Round, address: string, now: number): string {
  return [
    `Date: ${new Date(now).toUTCString().replace(/GMT$/, '+0000')}`,
    `From: <${from}>`,
    `To: <${address}>`,
    `Subject: waxseal sender-test ${token}`,
    `Message-ID: <${address.replace('@', '.')}.${now}@${from.slice(from.indexOf('@') + 1)}>`,
    '',
    'This message tests which of its kind a mail server delivers.',
    '',
  ].join('\n')
}
