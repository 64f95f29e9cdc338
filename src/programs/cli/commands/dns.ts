import type { Resolution } from '../../../core/dnssec/resolution.ts'
import { defineCommand, UsageError } from '../command.ts'
import { deadline } from '../deadline.ts'
import { resolutionToJson } from '../dns-json.ts'
import { type DnsWords, demandQuestion, readWords } from '../dns-question.ts'
import { writeResolution } from '../dns-text.ts'
import { EXIT } from '../exit.ts'
import type { WorldValues } from '../world.ts'
import { worldOptions } from '../world-options.ts'

export const dns = defineCommand({
  name: 'dns',
  summary: 'Look up records and show the chain of trust that proves them',
  usage: ['dns [--json] [--trace] [@SERVER] NAME [TYPE]'],
  description: [
    'Looks up records, A unless TYPE says otherwise, and validates them from the trust anchors down, whatever the ' +
      'resolver says of them. Shows each zone on the way with the DS records and the key that carry the chain, and, ' +
      'where the chain breaks, what broke it. NAME is a name as in zone files, without need for a final dot, or a ' +
      'domain in its own script.',
    'With @SERVER it asks that resolver, an address with or without a port (@192.0.2.53, @[2001:db8::1]:5353), as ' +
      '--engine forward --server SERVER does.',
  ],
  options: {
    json: { type: 'boolean', description: 'print one JSON object (schema waxseal.dns/1)' },
    ...worldOptions,
  },
  operands: { name: 'NAME', min: 1, max: 10 },
  examples: [
    { line: 'waxseal dns _25._tcp.mx.example.org TLSA', does: 'what DANE promises for an MX host' },
    { line: 'waxseal dns --trace example.org MX', does: 'every query and answer behind it' },
    { line: 'waxseal dns @192.0.2.53 example.org MX', does: 'what that resolver says, validated here' },
  ],
  exitStatuses: [
    { status: EXIT.done, means: 'there is an answer, secure or insecure' },
    { status: EXIT.nothing, means: 'the name, or records of that type, do not exist' },
    { status: EXIT.temporary, means: 'nothing can be said: the answer is bogus, or the lookup failed' },
  ],
  async run({ values, positionals }, { out, signal, clock, openWorld }) {
    const words = readWords(positionals)
    if (words.name === undefined) throw new UsageError('missing NAME (usage: waxseal dns [@SERVER] NAME [TYPE])')
    const { name, type } = demandQuestion(words)
    const world = await openWorld(askingServers(values, words), 'none')
    try {
      const resolution = await world.resolver.resolve(name, type, {
        signal: deadline(signal, world.timeoutMs),
        trace: world.trace,
      })
      if (signal.aborted) return EXIT.interrupted
      if (values.json === true) out.line(JSON.stringify({ schema: 'waxseal.dns/1', ...resolutionToJson(resolution) }))
      else writeResolution(resolution, out, clock.now())
      return statusFor(resolution)
    } finally {
      await world.close()
    }
  },
})

/** `@SERVER` stands for options. Throws UsageError for options that say otherwise. */
function askingServers(values: WorldValues, { servers }: DnsWords): WorldValues {
  const [first] = servers
  if (first === undefined) return values
  if (values.server !== undefined && values.server.length > 0)
    throw new UsageError('give either @SERVER or --server, not both')
  const { engine = 'forward' } = values
  if (engine === 'iterate') throw new UsageError(`engine iterate asks no resolver, and so not "@${first}"`)
  return { ...values, engine: engine === 'auto' ? 'forward' : engine, server: servers }
}

function statusFor({ kind }: Resolution): number {
  if (kind === 'failure') return EXIT.temporary
  return kind === 'answer' ? EXIT.done : EXIT.nothing
}
