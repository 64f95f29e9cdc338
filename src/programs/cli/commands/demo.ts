import { readFileSync } from 'node:fs'
import { writeDemo } from '../../demo/demo-text.ts'
import { type DemoProgress, playDemo } from '../../demo/play-demo.ts'
import { startLab } from '../../lab/lab.ts'
import { createSenders } from '../../lab/play/sender.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { EXIT } from '../exit.ts'

export const demo = defineCommand({
  name: 'demo',
  summary: 'Show in a test Internet what attackers do to mail, with and without Waxseal',
  usage: ['demo [--json]'],
  description: [
    'Starts a test Internet on loopback, with signed DNS, mail servers, policy hosts and attackers, and writes to ' +
      'fourteen domains: as most mail servers do today, and with Waxseal; in calm, and under attack. Real messages go ' +
      'over real sockets with real TLS. Needs no network and no privileges, and leaves nothing behind.',
  ],
  options: { json: { type: 'boolean', description: 'print one JSON object (schema waxseal.demo/1)' } },
  examples: [{ line: 'waxseal demo', does: 'the table, in a few seconds' }],
  exitStatuses: [
    { status: EXIT.done, means: 'it ran' },
    { status: EXIT.config, means: 'this machine cannot reach its own loopback interface' },
  ],
  async run({ values }, context) {
    const { out, signal } = context
    const started = performance.now()
    out.progress('starting the test Internet')
    const story = await play(context)
    out.progress(undefined)
    if (story === undefined) return EXIT.interrupted
    const seconds = (performance.now() - started) / 1000
    if (values.json === true) out.line(JSON.stringify(toJson(story)))
    else writeDemo(story, seconds, out)
    return signal.aborted ? EXIT.interrupted : EXIT.done
  },
})

type Story = Awaited<ReturnType<typeof playDemo>>

/** Undefined when it was interrupted. */
async function play({ out, signal }: CommandContext): Promise<Story | undefined> {
  const world = readFileSync(new URL('../../../../worlds/demo.txt', import.meta.url), 'utf8')
  const lab = await startLab(world)
  const senders = createSenders(lab, { signal })
  try {
    return await playDemo(lab, senders.send, { signal, onProgress: (progress) => out.progress(describe(progress)) })
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  } finally {
    await senders.close()
    await lab.close()
  }
}

function describe({ round, done, of }: DemoProgress): string {
  return `${round}: wrote to ${done} of ${of} domains`
}

function toJson({ calm, domains, after }: Story) {
  return {
    schema: 'waxseal.demo/1',
    calm,
    after,
    domains: domains.map(({ domain, attacks, opportunistic, enforced }) => ({
      domain,
      attacks: attacks.map(({ kind, target }) => ({ kind, target })),
      opportunistic: opportunistic.fate,
      enforced: enforced.fate,
      reason: enforced.sent.reason,
    })),
  }
}
