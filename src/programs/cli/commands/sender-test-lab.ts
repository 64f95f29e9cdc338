import { ConfigError } from '../../../core/config-error.ts'
import { limits } from '../../../core/limits.ts'
import type { LabRun } from '../../sender-test/run-in-lab.ts'
import type { Findings } from '../../sender-test/verdict.ts'
import { type CommandContext, defineCommand, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'

/** How long to wait for what a command does not say, and for somebody who sends by hand, in seconds. */
const usualWait = { command: 60, hand: 900 }

export const senderTestLab = defineCommand({
  name: 'sender-test lab',
  summary: 'Test in a test Internet whether a mail server enforces DANE and MTA-STS',
  usage: [
    'sender-test lab [--wait SECONDS] [--json] -- COMMAND [WORD]...',
    'sender-test lab [--wait SECONDS] [--json]',
  ],
  description: [
    'Stands up domains of which each holds one fault, and good ones beside them, on ports 25, 53 and 443 of a network ' +
      'of its own. Has a mail server write to all of them, and says which messages it delivered that it should have held ' +
      'back. docs/sender-test.md shows it for Postfix and Exim, and what they do.',
    'COMMAND is the mail server. Where one of its words has {} in it, it is run for each address, which takes the place ' +
      'of {}, with the message on standard input. Otherwise it is run once, and finds the addresses in the variable ' +
      'WAXSEAL_TEST_ADDRESSES, a line each, and the sender to use in WAXSEAL_TEST_FROM. In there /etc/resolv.conf names ' +
      'a resolver that validates, and the authorities that the system trusts have one more; WAXSEAL_TEST_RESOLVER, ' +
      'WAXSEAL_TEST_CA_FILE, WAXSEAL_TEST_ROOT_HINTS and WAXSEAL_TEST_TRUST_ANCHORS say where to find them.',
    'What has not arrived when the time is over counts as held back. A COMMAND for each address may say so at once, by ' +
      'exit status 75, or by 67, 68 or 69 that the message will not be tried again.',
    'Without COMMAND it says how to start a mail server in there, and waits for what comes; an interrupt ends the wait.',
    'Needs util-linux and iproute2, and either root or user namespaces that anybody may make. What COMMAND has left ' +
      'running ends with it.',
  ],
  options: {
    json: { type: 'boolean', description: 'print one JSON object (schema waxseal.sender-test/1)' },
    wait: {
      ...{ type: 'string', value: 'SECONDS' },
      description: `how long to wait for what has not arrived: ${usualWait.command} s after COMMAND has ended, ${usualWait.hand} s without one`,
    },
    inside: { type: 'string', value: 'NAMESPACE', description: 'set where it runs itself again', hidden: true },
  },
  operands: { name: 'COMMAND', min: 0, max: limits.senderTest.commandWords },
  examples: [
    {
      line: 'waxseal sender-test lab -- exim4 -odf -i -f me@example.org {}',
      does: 'Exim, which tries at once and answers for each message',
    },
    { line: 'waxseal sender-test lab --wait 30 -- ./start-my-server-and-send', does: 'a script of your own' },
  ],
  exitStatuses: [
    { status: EXIT.done, means: 'it did everything right' },
    { status: EXIT.nothing, means: 'it delivered what it must not, or did not deliver what it should' },
    { status: EXIT.temporary, means: 'no message arrived at all, so nothing can be said' },
    { status: EXIT.config, means: 'this machine does not let it make a network of its own' },
  ],
  async run({ values, positionals }, context) {
    const wait = readSeconds(values.wait) ?? (positionals.length > 0 ? usualWait.command : usualWait.hand)
    if (values.inside === undefined) return goInside(values, positionals, wait, context)
    const { networkNamespace, watchLeash } = await import('../../sender-test/inside.ts')
    if (networkNamespace() === values.inside) throw new ConfigError('this is no network of its own')
    const { runInLab } = await import('../../sender-test/run-in-lab.ts')
    const signal = AbortSignal.any([context.signal, watchLeash()])
    const run = await runInLab({ command: positionals, seconds: wait }, { ...context, signal })
    await write(run, values.json === true, context)
    return signal.aborted ? EXIT.interrupted : statusOf(run.findings)
  },
})

async function goInside(
  { json }: { readonly json: boolean | undefined },
  command: readonly string[],
  wait: number,
  { out, signal }: CommandContext,
): Promise<number> {
  const { enterNamespace, networkNamespace } = await import('../../sender-test/inside.ts')
  const options = ['--inside', networkNamespace(), '--wait', String(wait), ...(json === true ? ['--json'] : [])]
  const { pid, isRoot, ended } = enterNamespace(['sender-test', 'lab', ...options, '--', ...command], signal)
  if (command.length === 0) {
    const user = isRoot ? '' : '--user --preserve-credentials '
    out.note('Start your mail server where the test domains are, from another terminal:')
    out.note(`  nsenter --target ${pid} ${user}--net --mount -- COMMAND`)
  }
  return (await ended) ?? EXIT.terminated
}

async function write({ round, findings }: LabRun, asJson: boolean, { out }: CommandContext): Promise<void> {
  if (asJson) {
    const { findingsToJson } = await import('../../sender-test/report-json.ts')
    out.line(JSON.stringify(findingsToJson(round, findings)))
    return
  }
  const { writeFindings } = await import('../../sender-test/report-text.ts')
  writeFindings(findings, out)
}

function statusOf({ judged, leaked, refused }: Findings): number {
  if (judged.every(({ outcome }) => outcome.kind !== 'arrived')) return EXIT.temporary
  return leaked.length + refused.length === 0 ? EXIT.done : EXIT.nothing
}

function readSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (seconds <= limits.senderTest.waitSeconds) return seconds
  throw new UsageError(`--wait needs seconds, at most ${limits.senderTest.waitSeconds}`)
}
