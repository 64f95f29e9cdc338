import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addressFailed,
  factsOf,
  type HostOptions,
  hostOf,
  insecureMx,
  noAddress,
  now,
  secureMx,
  stsOf,
} from '../../../test/support/decision-facts.ts'
import { digests } from '../dane/tlsa.ts'
import { decide } from './decide.ts'
import type { ConnectDecision, DecisionOptions, HostDecision, MessageDemand } from './decision.ts'
import type { TlsaFinding } from './facts.ts'
import { type DaneMatch, judgeSession, type PeerFault, type PeerFinding, type SessionFinding } from './judge.ts'

const fault: PeerFault = { resultType: 'certificate-not-trusted', reason: 'x' }

const options: fc.Arbitrary<DecisionOptions> = fc.record({
  insecureMx: fc.constant('dane'),
  preferredDigest: fc.constantFrom(...digests),
  requireBoth: fc.boolean(),
  audit: fc.boolean(),
  deferOnTxtError: fc.boolean(),
  daneMandatory: fc.boolean(),
  tlsMandatory: fc.boolean(),
})

const demand: fc.Arbitrary<MessageDemand> = fc.record({ requireTls: fc.boolean(), waived: fc.boolean() })

const peer: fc.Arbitrary<PeerFinding> = fc.record({
  dane: fc.constantFrom<DaneMatch | undefined>(
    ...[undefined, { kind: 'matched' } as const],
    ...(['4', '5', '6', '7'] as const).map((row) => ({ kind: 'failed', row, fault }) as const),
  ),
  pkixFault: fc.constantFrom(undefined, fault),
})

const session: fc.Arbitrary<SessionFinding> = fc.oneof(
  { weight: 4, arbitrary: peer.map((one) => ({ kind: 'tls', peer: one }) as const) },
  fc.constantFrom<SessionFinding>(
    { kind: 'no-starttls', reason: 'x' },
    { kind: 'no-handshake', reason: 'x' },
    { kind: 'no-session', reason: 'x' },
    { kind: 'no-requiretls' },
  ),
  peer.map((one) => ({ kind: 'no-requiretls', peer: one }) as const),
)

const mx = 'mx.example.org'

const host: fc.Arbitrary<HostOptions> = fc
  .constantFrom<TlsaFinding['row']>('H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'H7', 'H8')
  .map((tlsa) => {
    if (tlsa === 'H2') return { tlsa, addresses: addressFailed }
    return tlsa === 'H3' ? { tlsa, addresses: noAddress } : { tlsa }
  })

/** Everything that the ladder turns on, for a domain of one host. */
const situation = fc
  .record({
    host,
    isSecure: fc.boolean(),
    mode: fc.constantFrom(undefined, 'none', 'testing', 'enforce'),
    isListed: fc.boolean(),
    options,
    demand,
    session,
  })
  .map(({ host: one, isSecure, mode, isListed, session: found, ...wishes }) => {
    const sts = mode === undefined ? stsOf() : stsOf(mode, mode === 'none' ? [] : [isListed ? mx : 'other.example.org'])
    const facts = factsOf({ mx: isSecure ? secureMx : insecureMx, hosts: [hostOf(mx, one)], sts })
    const [decided] = decide(facts, { now, ...wishes }).hosts
    return { tlsa: one.tlsa, mode, isListed, isSecure, found, decided, ...wishes }
  })

type Situation = typeof situation extends fc.Arbitrary<infer Value> ? Value : never

function isConnect(decided: HostDecision | undefined): decided is ConnectDecision {
  return decided?.action === 'connect'
}

/** Looks at every situation that leads to a session, with what the session came to. */
function always(claim: string, check: (decided: ConnectDecision, situation: Situation) => void): void {
  test(claim, () => {
    fc.assert(
      fc.property(situation, (one) => {
        if (isConnect(one.decided)) check(one.decided, one)
      }),
      { numRuns: 20_000 },
    )
  })
}

function isRelaxed({ options: { audit }, demand: { requireTls, waived } }: Situation): boolean {
  return !requireTls && (audit || waived)
}

function danePasses({ found }: Situation): boolean {
  return found.kind === 'tls' && found.peer.dane?.kind === 'matched'
}

function pkixPasses({ found }: Situation): boolean {
  return found.kind === 'tls' && found.peer.pkixFault === undefined
}

always('with DANE nothing is delivered unless DANE matches, without audit mode or waiver', (decided, one) => {
  if (decided.dane.state !== 'ok' || isRelaxed(one) || danePasses(one)) return
  assert.equal(judgeSession(decided, one.found).action, 'skip')
})

always('with MTA-STS alone nothing is delivered unless it lists the host and the certificate holds', (decided, one) => {
  if (decided.dane.state === 'ok' || one.mode !== 'enforce' || isRelaxed(one)) return
  if (one.isListed && pkixPasses(one)) return
  assert.equal(judgeSession(decided, one.found).action, 'skip')
})

always('no session goes on in the clear where TLS is demanded', (decided, { found }) => {
  if (decided.tls === 'may') return
  const verdict = judgeSession(decided, found)
  assert.notEqual(verdict.action, 'retry-in-clear')
  if (found.kind !== 'tls') assert.equal(verdict.action, 'skip')
})

always('where TLS may be, a session without it goes on: nobody connects in vain', (decided) => {
  if (decided.tls !== 'may') return
  assert.equal(judgeSession(decided, { kind: 'no-starttls', reason: 'x' }).action, 'deliver')
  assert.equal(judgeSession(decided, { kind: 'no-handshake', reason: 'x' }).action, 'retry-in-clear')
})

test('MTA-STS never rescues failed DANE: with a policy nothing passes that does not pass without', () => {
  fc.assert(
    fc.property(situation, session, (one, found) => {
      if (!isConnect(one.decided) || one.decided.dane.state === 'none') return
      const bare = judgeSession({ ...one.decided, sts: { mode: 'none' } }, found)
      if (one.decided.demand.requireTls || bare.action === 'deliver') return
      assert.equal(judgeSession(one.decided, found).action, bare.action)
    }),
    { numRuns: 20_000 },
  )
})

test('nobody connects where a TLSA lookup failed, unless the message waives TLS', () => {
  fc.assert(
    fc.property(situation, ({ tlsa, decided, demand: { requireTls, waived } }) => {
      if (tlsa === 'H8') assert.equal(isConnect(decided), isConnect(decided) && waived && !requireTls)
    }),
  )
})

always('a message that demands TLS goes to nobody who is not verified', (decided, { found, demand: wish }) => {
  if (!wish.requireTls) return
  const verdict = judgeSession(decided, found)
  assert.notEqual(verdict.action, 'retry-in-clear')
  if (verdict.action === 'deliver') assert.deepEqual([verdict.protection, found.kind], ['verified', 'tls'])
})

always('mandatory DANE is content with nothing else, and mandatory TLS with no clear text', (decided, one) => {
  if (one.demand.waived && !one.demand.requireTls) return
  const { action } = judgeSession(decided, one.found)
  if (one.options.daneMandatory) assert.deepEqual([decided.dane.state, one.isSecure], ['ok', true])
  if (one.options.tlsMandatory && one.found.kind !== 'tls') assert.equal(action, 'skip')
})

always('what is delivered says truly how it is protected', (decided, { found }) => {
  const { action, protection } = judgeSession(decided, found)
  if (action !== 'deliver') assert.equal(protection, 'none')
  else assert.equal(protection === 'none', found.kind === 'no-starttls')
})

always('a session counts for each policy once, and not at all when there was none', (decided, { found }) => {
  const { reports } = judgeSession(decided, found)
  const successes = reports.filter(({ resultType }) => resultType === undefined).map(({ policyType }) => policyType)
  assert.equal(new Set(successes).size, successes.length)
  if (found.kind === 'no-session') assert.deepEqual(reports, [])
  for (const policyType of successes) {
    const failures = reports.filter((report) => report.resultType !== undefined && report.policyType === policyType)
    assert.deepEqual(failures, [])
  }
})
