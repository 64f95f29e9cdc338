import { limits } from '../../../core/limits.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import { diagnose } from '../../../core/publish/doctor/diagnose.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { createCheckWorld } from '../../check/check-world.ts'
import { gatherFacts } from '../../check/gather.ts'
import { doctorStatuses } from '../../publish/doctor/doctor-status.ts'
import { writeDoctor } from '../../publish/doctor/doctor-text.ts'
import { readRollovers } from '../../publish/doctor/known-rollovers.ts'
import { readClientName } from '../client-name.ts'
import { defineCommand, UsageError } from '../command.ts'
import { deadline } from '../deadline.ts'
import { EXIT } from '../exit.ts'
import { readDomain } from '../explain-list.ts'
import { withProgress } from '../with-progress.ts'
import { worldOptions } from '../world-options.ts'

export const tlsaDoctor = defineCommand({
  name: 'tlsa doctor',
  summary: 'Hold what mail servers present against what every name server publishes, and say what to do first',
  usage: ['tlsa doctor [--json] HOST', 'tlsa doctor [--json] --domain DOMAIN'],
  description: [
    'Connects to every address of a mail server, asks for its RSA and its ECDSA certificate, asks every name server of the ' +
      'zone for the TLSA records, and says in one line what to do before anything else; then the rest in order, each step with ' +
      'the records to publish or to take away.',
    'With --domain it does so for every MX host of DOMAIN. Names in certificates count under usage 2, and there the domain ' +
      'is one of them.',
    'Where "waxseal tlsa plan" or "apply" remember the host, a record that matches nothing is told to be of the next key, of ' +
      'the old one, or of none.',
    'Nothing of MTA-STS or TLSRPT is looked at: that is for "waxseal check".',
  ],
  options: {
    json: { type: 'boolean', description: 'print one JSON object (schema waxseal.doctor/1)' },
    domain: { type: 'string', value: 'DOMAIN', description: 'visit every MX host of this domain' },
    state: {
      ...{ type: 'string', value: 'FILE' },
      description: 'where "waxseal tlsa plan" and "apply" remember this host, instead of the usual place',
    },
    ipv4: { type: 'boolean', description: 'connect to no MX host over IPv6' },
    helo: {
      ...{ type: 'string', value: 'NAME' },
      description: 'our name for EHLO, or our address in brackets: it should resolve to where we come from',
    },
    ...worldOptions,
  },
  operands: { name: 'HOST', min: 0, max: 1 },
  examples: [
    { line: 'waxseal tlsa doctor mx.example.org', does: 'one mail server, in a few seconds' },
    { line: 'waxseal tlsa doctor --domain example.org', does: 'all that take mail for a domain' },
    { line: 'waxseal tlsa doctor --json mx.example.org | jq -r .first', does: 'what to do first, for a program' },
  ],
  exitStatuses: [
    { status: doctorStatuses.sound, means: 'sound: every key that is presented is published on every name server' },
    { status: doctorStatuses['act-soon'], means: 'act-soon: mail comes, and something is to be mended' },
    { status: doctorStatuses['no-dane'], means: 'no-dane: no TLSA record counts' },
    { status: doctorStatuses.broken, means: 'broken: senders who check hold mail back now' },
    { status: EXIT.noHost, means: 'the domain takes no mail' },
    { status: EXIT.unavailable, means: 'there is no such domain, it names no host, or the host has no address' },
    { status: EXIT.temporary, means: 'undetermined: it could not be told' },
  ],
  async run({ values, positionals: [text] }, context) {
    if ((text === undefined) === (values.domain === undefined)) {
      throw new UsageError('give either HOST or --domain DOMAIN (usage: waxseal tlsa doctor HOST)')
    }
    if (values.state !== undefined && text === undefined)
      throw new UsageError('--state is of one host, not of --domain')
    const kind = text === undefined ? 'domain' : 'host'
    const name = readName(text ?? values.domain ?? '')
    const clientName = readClientName(values.helo)
    const world = await context.openWorld(values, 'existing')
    const checking = createCheckWorld({ ...world, ca: world.authorities, clientName, depth: 'quick' })
    try {
      const lookupSignal = deadline(context.signal, world.timeoutMs)
      const signal = deadline(context.signal, world.timeoutMs + limits.check.sessionsMs)
      const sections = new Set(['mail', 'servers', 'smtp'] as const)
      const wishes = { sections, isHost: kind === 'host', ipv4: values.ipv4 === true, signal, lookupSignal }
      const facts = await withProgress(
        context.out,
        (seconds) => `looking at ${name}, ${seconds} s`,
        () => gatherFacts(name, wishes, checking),
      )
      if (context.signal.aborted) return EXIT.interrupted
      if (facts.mail?.mx.row === 'M1') {
        const why = escapeText(facts.mail.mx.resolution.reason)
        return tell(context.out, `${name}: the MX records cannot be looked up: ${why}`, EXIT.temporary)
      }
      if (facts.mail?.mx.row === 'M7') return tell(context.out, `${name}: no MX record names a host`, EXIT.unavailable)
      if (facts.mail?.mx.row === 'M2') return tell(context.out, `${name}: there is no such domain`, EXIT.unavailable)
      if (facts.mail?.mx.row === 'M3') return tell(context.out, `${name} takes no mail`, EXIT.noHost)
      if (kind === 'host' && facts.mail?.hosts[0]?.addresses.kind === 'none') {
        return tell(context.out, `${name} has no address`, EXIT.unavailable)
      }
      const hosts = facts.mail?.hosts.map(({ host }) => host as DomainName) ?? [] // hosts of MX records are names
      const rollovers = await readRollovers(hosts, {
        ...{ named: values.state, port: world.smtpPort, environment: context.environment },
        warn: (warning) => context.out.warn(warning),
      })
      const rolloverOf = (host: string) => rollovers.get(host)
      const report = diagnose(facts, { kind, now: world.clock.now(), rolloverOf })
      if (values.json === true) context.out.line(JSON.stringify(report))
      else writeDoctor(report, context.out)
      return doctorStatuses[report.verdict]
    } finally {
      await checking.close()
      await world.close()
    }
  },
})

function tell(out: { warn(text: string): void }, text: string, status: number): number {
  out.warn(text)
  return status
}

function readName(text: string): DomainName {
  const name = readDomain(text)
  if (name.ok) return name.value
  throw new UsageError(`not a host name: "${escapeText(text)}" (${name.fault.replaceAll('-', ' ')})`)
}
