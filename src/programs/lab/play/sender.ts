import { ConfigError } from '../../../core/config-error.ts'
import { type DecisionOptions, defaultOptions } from '../../../core/decision/decision.ts'
import { parseTrustAnchors } from '../../../core/dnssec/anchors.ts'
import { rootName } from '../../../core/name/name.ts'
import { formatMailbox, type Mailbox, parseMailbox } from '../../../core/smtp/mailbox.ts'
import { deliver, deliverForTheLastTime } from '../../../io/delivery/deliver.ts'
import type { DecidedDomain, DeliveryIo } from '../../../io/delivery/plan-domain.ts'
import type { DeliveryReport } from '../../../io/delivery/report.ts'
import { createPkixTrust } from '../../../io/https/pkix-trust.ts'
import { createStsService, type StsService } from '../../../io/mtasts/sts-service.ts'
import { createAsker } from '../../../io/resolver/ask.ts'
import { patienceBy } from '../../../io/resolver/attempts.ts'
import { createResolver } from '../../../io/resolver/create-resolver.ts'
import { createExchange } from '../../../io/resolver/exchange.ts'
import type { Resolver } from '../../../io/resolver/resolver.ts'
import { createSelfTest } from '../../../io/resolver/self-test.ts'
import { createTrustAdResolver } from '../../../io/resolver/trust-ad.ts'
import { createTlsProfile } from '../../../io/smtp/tls-profile.ts'
import { openStore } from '../../../io/store/open-store.ts'
import type { Lab } from '../lab.ts'
import type { SenderOptions } from '../world/world.ts'
import { judgeWith } from './judge-with.ts'
import type { Send } from './play.ts'
import type { HostVerdict, Sent } from './sent.ts'

/** The senders of a world: one that enforces, and one that takes what it gets. They keep what they learn. */
export interface LabSenders {
  readonly send: Send
  close(): Promise<void>
}

/** Names that a world's own sender goes by. */
const clientName = 'sender.example'

/** In the lab nobody is far, and whoever does not answer never will. */
const quick = { connectMs: 2000, greetingMs: 2000, commandMs: 2000, dataDoneMs: 2000, handshakeMs: 2000, quitMs: 500 }
const patience = 0.25

export interface SendersOptions {
  /** `iterate` unless told. With `trust-ad` the lab's forwarder validates. */
  readonly engine?: 'iterate' | 'forward' | 'trust-ad'
  readonly signal?: AbortSignal | undefined
}

export function createSenders(lab: Lab, { engine = 'iterate', signal }: SendersOptions = {}): LabSenders {
  const { network, clock } = lab
  const anchors = parseTrustAnchors(lab.trustAnchors)
  if (!anchors.ok) throw new ConfigError(`the lab's own trust anchors: ${anchors.fault}`)
  const validating = createResolver({
    ...{ engine: engine === 'trust-ad' ? 'iterate' : engine, network, clock, patience, rootHints: lab.rootHints },
    ...{ servers: [lab.forwarder], trustAnchors: anchors.value, allowSha1: false },
  })
  const exchange = createExchange(network)
  const asking = { asker: createAsker(exchange), clock, patience: patienceBy(4 * patience) }
  const believing = { ...asking, now: () => clock.now(), apex: rootName, onWarning: () => {} }
  const selfTest = engine === 'trust-ad' ? createSelfTest(believing) : undefined
  const plain = createTrustAdResolver({ ...asking, servers: () => [lab.forwarder], selfTest })
  const store = openStore(':memory:')
  const trust = createPkixTrust(lab.ca)
  if (engine === 'trust-ad') lab.judgeBy(judgeWith(validating))
  const resolver = engine === 'trust-ad' ? plain : validating
  const sts = createStsService({ resolver, network, store, clock, trust, deadlineMs: 3000 })
  const profile = createTlsProfile({ ca: lab.ca, environment: {} })
  const shared = { network, clock, profile, anchors: store.anchors, clientName, port: 25, timeouts: quick, signal }
  const ioOf = (sender: SenderOptions['as']): Omit<DeliveryIo, 'onDecision' | 'options'> => ({
    ...shared,
    random: () => 0.5,
    ...(sender === 'enforced' ? { resolver, sts } : { resolver: unsigned(plain), sts: withoutPolicies(sts) }),
  })
  return {
    send: (event, token) => sendOne(event, token, ioOf(event.options.as)),
    async close() {
      await sts.close()
      await Promise.all([validating.close(), plain.close()])
      await exchange.close()
      await store.close()
    },
  }
}

/** What a sender without DNSSEC makes of every answer. */
function unsigned(resolver: Resolver): Resolver {
  return {
    ...resolver,
    async resolve(name, type, options) {
      const found = await resolver.resolve(name, type, options)
      return found.kind === 'failure' ? found : { ...found, status: 'insecure' }
    },
  }
}

/** What a sender without MTA-STS knows of any domain. */
function withoutPolicies(sts: StsService): StsService {
  const none = {
    row: 'S1',
    lapsed: false,
    policy: undefined,
    failure: undefined,
    record: undefined,
    id: undefined,
  } as const
  return { ...sts, lookup: async () => none, refresh: async () => undefined }
}

async function sendOne(
  { mailbox: text, options }: Parameters<Send>[0],
  token: string,
  io: Omit<DeliveryIo, 'onDecision' | 'options'>,
): Promise<Sent> {
  const mailbox = readMailbox(text)
  let decided: DecidedDomain | undefined
  const waiver = options.tlsRequiredNo ? 'TLS-Required: No\r\n' : ''
  const message = Buffer.from(
    `From: <alice@${clientName}>\r\nTo: <${text}>\r\nSubject: ${token}\r\n${waiver}\r\n${token}\r\n`,
  )
  const report = await (options.lastAttempt ? deliverForTheLastTime : deliver)(
    { sender: readMailbox(`alice@${clientName}`), recipients: [mailbox], message, requireTls: options.requireTls },
    { ...io, options: decisionOptions(options), onDecision: (one) => (decided = one) },
  )
  return summarize(report, decided, mailbox)
}

function readMailbox(text: string): Mailbox {
  const mailbox = parseMailbox(text)
  if (!mailbox.ok) throw new ConfigError(`no mailbox: ${text} (${mailbox.fault})`)
  return mailbox.value
}

function decisionOptions(options: SenderOptions): DecisionOptions {
  const { insecureMx, requireBoth, audit, deferOnTxtError } = options
  const mandatory = { daneMandatory: options.dane === 'mandatory', tlsMandatory: options.tls === 'mandatory' }
  return { ...defaultOptions, insecureMx, requireBoth, audit, deferOnTxtError, ...mandatory }
}

function summarize(
  { recipients, domains }: DeliveryReport,
  decided: DecidedDomain | undefined,
  mailbox: Mailbox,
): Sent {
  const [recipient] = recipients
  if (recipient === undefined || decided === undefined) throw new Error(`nothing became of ${formatMailbox(mailbox)}`)
  const { status, protection } = recipient
  const outcome = status.kind === 'delivered' ? 'delivered' : status.kind === 'temporary' ? 'held' : 'bounced'
  return {
    ...{ decided: decided.decision.action, outcome, code: status.enhanced, reason: status.text, protection },
    rows: new Set([
      ...rowsOfDecision(decided),
      ...domains.flatMap(({ hosts }) => hosts.map(({ row }) => tableRow(row))),
    ]),
    hosts: new Map(decided.decision.hosts.map((host) => [host.host, verdictOf(host)])),
  }
}

function verdictOf(host: DecidedDomain['decision']['hosts'][number]): HostVerdict {
  return host.action === 'skip' ? { action: 'skip', why: host.reason } : { action: 'connect', tls: host.tls }
}

function* rowsOfDecision({ facts, decision }: DecidedDomain): Generator<string> {
  yield tableRow(decision.row)
  for (const { tlsa } of facts.hosts) yield tableRow(tlsa.row)
  if (facts.sts !== undefined) yield tableRow(facts.sts.row)
  if (facts.sts?.lapsed === true) yield tableRow('S12')
}

/** `1d/17`, as docs/lab.md writes a row. */
function tableRow(row: string): string {
  const tables: Record<string, string> = { M: '1a', H: '1b', S: '1c' }
  return `${tables[row.charAt(0)] ?? '1d'}/${row}`
}
