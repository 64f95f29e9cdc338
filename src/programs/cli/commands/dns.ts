import { isIP } from 'node:net'
import { formatType, parseType, TYPE } from '../../../core/dns/types.ts'
import type { Resolution } from '../../../core/dnssec/resolution.ts'
import { nameOfDomain, parseDomainName } from '../../../core/name/domain.ts'
import type { Name } from '../../../core/name/name.ts'
import { parseName } from '../../../core/name/text.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { suggestion } from '../../nearest.ts'
import { defineCommand, UsageError } from '../command.ts'
import { deadline } from '../deadline.ts'
import { resolutionToJson } from '../dns-json.ts'
import { writeResolution } from '../dns-text.ts'
import { EXIT } from '../exit.ts'
import { worldOptions } from '../world-options.ts'

export const dns = defineCommand({
  name: 'dns',
  summary: 'Look up records and show the chain of trust that proves them',
  usage: ['dns [--json] [--trace] NAME [TYPE]'],
  description: [
    'Looks up records, A unless TYPE says otherwise, and validates them from the trust anchors down, whatever the ' +
      'resolver says of them. Shows each zone on the way with the DS records and the key that carry the chain, and, ' +
      'where the chain breaks, what broke it. NAME is a name as in zone files, without need for a final dot, or a ' +
      'domain in its own script.',
  ],
  options: {
    json: { type: 'boolean', description: 'print one JSON object (schema waxseal.dns/1)' },
    ...worldOptions,
  },
  operands: { name: 'NAME', min: 1, max: 2 },
  examples: [
    { line: 'waxseal dns _25._tcp.mx.example.org TLSA', does: 'what DANE promises for an MX host' },
    { line: 'waxseal dns --trace example.org MX', does: 'every query and answer behind it' },
  ],
  exitStatuses: [
    { status: EXIT.done, means: 'there is an answer, secure or insecure' },
    { status: EXIT.nothing, means: 'the name, or records of that type, do not exist' },
    { status: EXIT.temporary, means: 'nothing can be said: the answer is bogus, or the lookup failed' },
  ],
  async run({ values, positionals: [nameText = '', typeText = 'A'] }, { out, signal, clock, openWorld }) {
    const name = readName(nameText)
    const type = readType(typeText)
    const world = await openWorld(values, 'none')
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

function statusFor({ kind }: Resolution): number {
  if (kind === 'failure') return EXIT.temporary
  return kind === 'answer' ? EXIT.done : EXIT.nothing
}

/** Zone text can name anything; what is not ASCII is a domain in its own script. */
function readName(text: string): Name {
  if (isIP(text) !== 0) throw new UsageError(`"${text}" is an address, and not a name`)
  const zoneText = parseName(text)
  if (zoneText.ok) return zoneText.value
  const domain = zoneText.fault === 'not-octets' ? parseDomainName(text) : zoneText
  if (!domain.ok) throw new UsageError(`not a name: "${escapeText(text)}" (${domain.fault.replaceAll('-', ' ')})`)
  return nameOfDomain(domain.value)
}

function readType(text: string): number {
  const type = parseType(text)
  if (type === undefined) {
    throw new UsageError(
      `unknown record type "${escapeText(text)}"${suggestion(text.toUpperCase(), Object.keys(TYPE))}`,
    )
  }
  // Types of questions and of packets, which no zone holds. RFC 6895 §3.1
  if (type === 0 || type === TYPE.OPT || (type >= 128 && type <= 255)) {
    throw new UsageError(`${formatType(type)} is no type of records that can be looked up`)
  }
  return type
}
