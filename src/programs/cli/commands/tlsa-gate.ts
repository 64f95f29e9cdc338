import type { DomainName } from '../../../core/name/domain.ts'
import type { Mismatch, Shown } from '../../../core/publish/rollover/association.ts'
import type { GateVerdict } from '../../../core/publish/rollover/gate.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { readKeyFile } from '../../../io/publish/rollover-key.ts'
import { readHost, rolloverOptions } from '../../publish/rollover/rollover-options.ts'
import { openRolloverWorld } from '../../publish/rollover/rollover-world.ts'
import { type Gated, runGate } from '../../publish/rollover/run-gate.ts'
import { inTime, tellRefused } from '../../publish/rollover/tell.ts'
import { defineCommand, UsageError } from '../command.ts'
import { formatMoment } from '../durations.ts'
import { EXIT } from '../exit.ts'
import { worldOptions } from '../world-options.ts'

export const tlsaGate = defineCommand({
  name: 'tlsa gate',
  summary: 'Let a key through to a mail server only when every sender knows it by TLSA records',
  usage: ['tlsa gate [--json] --key FILE HOST', 'tlsa gate [--json] --certificate FILE HOST'],
  description: [
    'For the hooks of ACME clients: exits 0 only when the key that is about to be deployed is published on every ' +
      'authoritative name server, in every form of record that is there, and has been for twice the largest TTL, so that no ' +
      'cache has an answer without it. Anything else is another status, with the reason and, where it is known, the time from ' +
      'when it will pass.',
    'It changes nothing but its own record of what it saw and when. Run for the first time it cannot know since when the key ' +
      'is there, and counts from now; "waxseal tlsa apply" remembers in the same file.',
    'Records of usage 2 are of an authority: then --certificate must name the certificate with its chain, as it is deployed.',
  ],
  options: {
    key: { type: 'string', value: 'FILE', description: 'the key: a private or public key, a certificate or a request' },
    certificate: {
      ...{ type: 'string', value: 'FILE' },
      description: 'the certificate, with the chain that will be sent with it',
    },
    ...rolloverOptions,
    ...worldOptions,
  },
  operands: { name: 'HOST', min: 1, max: 1 },
  examples: [
    {
      line: 'waxseal tlsa gate --key privkey.pem mx.example.org && install-and-reload',
      does: 'deploys a key that no sender is surprised by',
    },
    { line: 'waxseal tlsa gate --json --certificate fullchain.pem mx.example.org', does: 'the verdict for a program' },
  ],
  exitStatuses: [
    { status: EXIT.done, means: 'the key may be deployed' },
    { status: EXIT.nothing, means: 'it is not published, or not in every form of record: nothing comes of waiting' },
    { status: EXIT.data, means: 'never as things are: the zone is not signed, or somebody else has the key' },
    { status: EXIT.temporary, means: 'not yet, or it could not be told' },
    { status: EXIT.config, means: 'the key or the state cannot be used' },
  ],
  async run({ values, positionals: [text = ''] }, context) {
    const host = readHost(text)
    if ((values.key === undefined) === (values.certificate === undefined)) {
      throw new UsageError('give either --key FILE or --certificate FILE')
    }
    const shown = readShown(values.key, values.certificate)
    const rollover = await openRolloverWorld(host, values, context)
    try {
      return await inTime(rollover, context, async () => {
        const { world, port } = rollover
        const gated = await runGate({ host, port, shown }, { ...rollover, clock: world.clock })
        if (gated.kind === 'locked' || gated.kind === 'other-host') return tellRefused(gated, context.out)
        const said = say(host, gated)
        if (values.json === true) context.out.line(JSON.stringify(toJson(host, gated, said.text)))
        else if (said.status === EXIT.done) context.out.line(said.text)
        else context.out.warn(said.text)
        return said.status
      })
    } finally {
      await rollover.close()
    }
  },
})

function readShown(key: string | undefined, certificate: string | undefined): Shown {
  const { spki, chain } = readKeyFile(key ?? certificate ?? '')
  if (certificate !== undefined && chain.length === 0) {
    throw new UsageError(`option --certificate: there is no certificate in "${escapeText(certificate)}"`)
  }
  return { spki, chain: chain.length === 0 ? undefined : chain }
}

type Judged = Exclude<Gated, { readonly kind: 'locked' | 'other-host' }>

function say(host: DomainName, gated: Judged): { readonly text: string; readonly status: number } {
  if (gated.kind === 'compromised') {
    return { text: `${host}: not with this key: somebody else has it, the state says`, status: EXIT.data }
  }
  const { verdict, zone } = gated
  switch (verdict.kind) {
    case 'open': {
      const count = zone.servers.length
      return {
        text: `${host}: the key may be deployed: ${count} of ${count} server addresses have it, and every cache`,
        status: EXIT.done,
      }
    }
    case 'wait':
      return {
        text: `${host}: not before ${formatMoment(verdict.until)}: every name server has the key, and until then caches may not`,
        status: EXIT.temporary,
      }
    case 'spreading':
      return {
        text: `${host}: not yet: ${verdict.places.map(escapeText).join(', ')} ${lacks(verdict.places)} (${whyWords(verdict.why)})`,
        status: EXIT.temporary,
      }
    case 'unknown':
      return { text: `${host}: not now: ${escapeText(verdict.reason)}`, status: EXIT.temporary }
    case 'unpublished':
      return {
        text: `${host}: no: ${whyWords(verdict.why)}; "waxseal tlsa apply --renewed FILE ${host}" publishes it`,
        status: EXIT.nothing,
      }
    case 'unsigned':
      return { text: `${host}: no: the zone is not signed, and no sender looks at its TLSA records`, status: EXIT.data }
  }
}

function lacks(places: readonly string[]): string {
  return places.length === 1 ? 'does not have it' : 'do not have it'
}

function whyWords(why: readonly Mismatch[]): string {
  return why
    .map((one) =>
      one.why === 'no-match'
        ? `no record ${one.combination} is of it`
        : `records ${one.combination} need the certificate with its chain: give --certificate`,
    )
    .join(', ')
}

/** Schema `waxseal.gate/1`. */
function toJson(host: DomainName, gated: Judged, text: string): object {
  const verdict: GateVerdict | undefined = gated.kind === 'judged' ? gated.verdict : undefined
  return {
    ...{ schema: 'waxseal.gate/1', host, verdict: verdict?.kind ?? gated.kind, text },
    until: verdict?.kind === 'wait' ? new Date(verdict.until).toISOString() : null,
    mismatches: verdict !== undefined && 'why' in verdict ? verdict.why : [],
  }
}
