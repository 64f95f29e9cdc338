import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommandContext } from '../cli/command.ts'
import { furnish } from './inside.ts'
import { openTestLab } from './open-test-lab.ts'
import { makeToken, observeRound, planRound, type Round, type Trial } from './round.ts'
import { runSender, type SenderEnd } from './run-sender.ts'
import { labBase } from './test-world.ts'
import { type Findings, judgeRound } from './verdict.ts'
import { waitForEnd } from './wait-for-end.ts'

export interface LabRun {
  readonly round: Round
  readonly findings: Findings
}

const nothingSaid: SenderEnd = { returned: new Set(), told: new Set(), complaints: [] }

/**
 * Has the sender write to every test domain, in the network namespace that this process is in, and waits so many
 * seconds for what it does not say. Without a command somebody else sends.
 */
export async function runInLab(
  { command, seconds }: { readonly command: readonly string[]; readonly seconds: number },
  { out, signal, clock, environment }: CommandContext,
): Promise<LabRun> {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-sender-test-'))
  chmodSync(folder, 0o755) // mail servers that drop privileges read their files here
  out.progress('starting the test domains')
  const { lab, files, close } = await openTestLab(folder, clock)
  try {
    const round = planRound(lab.world, labBase, makeToken())
    const failed = furnish(folder, files)
    if (failed.length > 0) out.warn(`cannot put the lab's resolver and authority at ${failed.join(', ')}`)
    if (command.length === 0) tellHow(round, out.note)
    const tellDone = (count: number) => out.progress(`the command ran for ${count} of ${round.trials.length} addresses`)
    const sender = { command, files, environment, signal, now: () => clock.now(), onDone: tellDone }
    const said = command.length === 0 ? nothingSaid : await runSender(round, sender)
    for (const complaint of said.complaints) out.warn(complaint)
    const look = () => observeRound(round, lab.received, said.returned)
    const isOver = () => [...look()].every(([trial, { kind }]) => kind !== 'held' || said.told.has(trial))
    const arrived = () => [...look().values()].filter(({ kind }) => kind === 'arrived').length
    const tell = (left: number) => out.progress(`${arrived()} of ${round.trials.length} arrived; ${left} s left`)
    await waitForEnd(isOver, { seconds, signal, tell })
    out.progress(undefined)
    return { round, findings: judgeRound(look()) }
  } finally {
    await close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function tellHow({ from, trials }: Round, note: (text: string) => void): void {
  note(`Then send one message to each of these, with ${from} as its sender:`)
  for (const { address } of trials as readonly Trial[]) note(`  ${address}`)
}
