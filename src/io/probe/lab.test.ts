// Hosts of the lab, each with one fault: what is shown of it, and that nothing is shown that is not there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import type { AddressProbe, ProbeDepth } from '../../core/check/address-probe.ts'
import { startLab } from '../../programs/lab/lab.ts'
import { createProbes } from './create-probes.ts'

/** For hosts that say nothing, or too slowly; all others are granted what strangers are. */
const brief = { greetingMs: 500, handshakeMs: 500, quitMs: 500 }
const isSilent = (options: string) => /slow|hang/.test(options)

async function probeHost(options: string, depth: ProbeDepth = 'quick'): Promise<AddressProbe> {
  const world = ['zone example.org', `host mx.example.org address=192.0.2.7 ${options}`].join('\n')
  const lab = await startLab(`world A host\n${world}\n`)
  const probes = createProbes({
    ...{ network: lab.network, clock: lab.clock, ca: lab.ca, clientName: 'check.test' },
    ...(isSilent(options) ? { timeouts: brief } : {}),
    pause: async () => {},
  })
  try {
    return await probes.probe({ host: domain('mx.example.org'), endpoint: { address: '192.0.2.7', port: 25 }, depth })
  } finally {
    await probes.close()
    await lab.close()
  }
}

/** The whole of it in one line. */
function lineOf({ outcome }: AddressProbe): string {
  if (outcome.kind !== 'talked') return [outcome.kind, 'why' in outcome ? outcome.why : ''].join(' ').trim()
  const { ehlo, startTls, keys, greeting } = outcome
  const chain = Object.values(keys).flatMap((key) =>
    key.kind === 'presented' ? [key.handshake.chainError ?? 'trusted'] : [],
  )
  const parts = [
    ehlo.kind,
    startTls.offer.kind,
    startTls.answer.kind,
    keys.rsa.kind,
    keys.ecdsa.kind,
    ...new Set(chain),
  ]
  return [...parts, ...(greeting.isMasked ? ['masked'] : [])].join(' ')
}

const hosts: readonly [options: string, line: string | RegExp][] = [
  ['', 'answered offered accepted absent presented trusted'],
  ['also=rsa', 'answered offered accepted presented presented trusted'],
  ['key=rsa', 'answered offered accepted presented absent trusted'],
  ['certificate=self-signed', 'answered offered accepted absent presented DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['certificate=expired', 'answered offered accepted absent presented CERT_HAS_EXPIRED'],
  ['sends=leaf', 'answered offered accepted absent presented UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['down', 'not-connected refused'],
  ['greeting=""', 'no-greeting closed'],
  ['greeting="554 no mail here"', 'turned-away'],
  ['greeting="450 greylisted"', 'busy'],
  ['greeting="220 ***************"', 'answered offered accepted absent presented trusted masked'],
  ['temper=busy-once', 'answered offered accepted absent presented trusted'],
  ['temper=slow', 'no-greeting timed-out'],
  ['temper=endless', 'not-smtp'],
  ['temper=verbose', 'not-smtp unknown not-sent no-tls no-tls'],
  ['temper=painting', 'answered offered accepted absent presented trusted'],
  ['starttls=no', 'answered absent refused no-tls no-tls'],
  ['starttls=refused', 'answered offered unavailable no-tls no-tls'],
  ['starttls=hidden', 'answered absent accepted absent presented trusted'],
  ['starttls=crossed-out', 'answered garbled mangled no-tls no-tls'],
  ['starttls=closing', 'answered offered lost no-tls no-tls'],
  ['starttls=injecting', 'answered offered early-octets no-tls no-tls'],
  // The garbage is there at once, with 220 or just behind it.
  ['starttls=garbage', /^answered offered (?:early-octets no-tls no-tls|accepted failed failed)$/],
  ['starttls=hang', 'answered offered accepted failed failed'],
  ['tls=1.1', 'answered offered accepted failed failed'],
]
for (const [options, line] of hosts) {
  test(`a host with ${options || 'nothing wrong'}: ${line}`, async () => {
    const probe = await probeHost(options)
    if (typeof line === 'string') assert.equal(lineOf(probe), line)
    else assert.match(lineOf(probe), line)
    for (const { transcript } of probe.sessions) {
      for (const { text } of transcript) assert.doesNotMatch(text, /[\p{Cc}\p{Cf}]/u)
    }
  })
}

async function parametersOf(options: string) {
  const { outcome } = await probeHost(options, 'full')
  assert.ok(outcome.kind === 'talked' && outcome.parameters !== undefined)
  return { ...outcome, parameters: outcome.parameters }
}

test('an old version is found beside the new ones', async () => {
  const { parameters } = await parametersOf('oldest=1.0 also=rsa')
  const taken = parameters.versions.filter(({ finding }) => finding.kind === 'told' && finding.value.kind === 'taken')
  assert.deepEqual(
    taken.map(({ version }) => version),
    ['TLSv1.3', 'TLSv1.2', 'TLSv1.1', 'TLSv1'],
  )
})

test('commands behind STARTTLS: a host that believes them, and one that does not', async () => {
  const [believing, usual] = [await parametersOf('starttls=believing'), await parametersOf('')]
  const kinds = [believing, usual].map(({ parameters: { commandInjection } }) =>
    commandInjection.kind === 'told' ? commandInjection.value.kind : commandInjection.why,
  )
  assert.deepEqual(kinds, ['answered-inside', 'dropped'])
})

test('STLS-23 without SNI: the same certificate, another one, none', async () => {
  const [usual, other, refused] = [
    (await parametersOf('')).withoutName,
    (await parametersOf('nameless=other')).withoutName,
    (await parametersOf('nameless=refused')).withoutName,
  ]
  assert.ok(usual.kind === 'presented' && usual.sameCertificate)
  assert.ok(other.kind === 'presented' && !other.sameCertificate)
  assert.ok(refused.kind === 'failed' && refused.failure.alert === 112)
})
