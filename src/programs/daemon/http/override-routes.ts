import {
  checkChange,
  checkOverride,
  type NamePattern,
  type Override,
  type OverrideFault,
  type OverrideRule,
  type OverrideTarget,
  parseNamePattern,
} from '../../../core/decision/override.ts'
import { limits } from '../../../core/limits.ts'
import { parseDomainName } from '../../../core/name/domain.ts'
import { accept, type Result, refuse } from '../../../core/result.ts'
import { StoreError } from '../../../io/store/store.ts'
import type { Service } from '../service.ts'
import { problem, type Question, type Reply, type Route } from './reply.ts'

const path = '/v1/overrides'

/** What operators decided otherwise: to be listed with its trail by all, and changed by those who show that they may. */
export function overrideRoutes(service: () => Service): readonly Route[] {
  const named = {
    domain: { description: 'as --domain of the command takes it', schema: { type: 'string' } },
    host: { description: 'as --host', schema: { type: 'string' } },
  }
  const who = {
    author: { description: 'who decides so', schema: { type: 'string' } },
    reason: { description: 'why, for the log and the audit trail', schema: { type: 'string' } },
  }
  return [
    {
      ...{ id: 'listOverrides', method: 'GET', path },
      summary: 'What operators decided otherwise',
      answers: { 200: { description: 'All of it, ended ones included.', schema: 'Overrides' } },
      refusals: ['store-failed'],
      answer: () =>
        orUnreadable(async () => {
          const { clock, store } = service().world
          const all = await store.overrides.list()
          const { overrideJson } = await import('../../cli/override-json.ts')
          const overrides = all.map((override) => overrideJson(override, clock.now()))
          return { status: 200, json: { schema: 'waxseal.overrides/1', overrides } }
        }),
    },
    {
      ...{ id: 'addOverride', method: 'POST', path, isGuarded: true, body: 'NewOverride' },
      summary: 'Decides otherwise for a domain or an MX host, in the place of what was decided for the same before',
      answers: { 200: { description: 'It is in force.', schema: 'Override' } },
      refusals: ['store-failed'],
      answer: ({ body }) => orUnreadable(() => add(service(), body)),
    },
    {
      ...{ id: 'removeOverride', method: 'DELETE', path, isGuarded: true, query: { ...named, ...who } },
      summary: 'Takes the override of just this domain and host back before it ends',
      answers: { 200: { description: 'It is gone.', schema: 'Forgotten' } },
      refusals: ['no-override', 'store-failed'],
      answer: ({ query }) => orUnreadable(() => remove(service(), query)),
    },
    {
      ...{ id: 'auditOverrides', method: 'GET', path: `${path}/audit` },
      summary: 'Who changed overrides, when and why, page by page',
      query: { before: { description: '`next` of the page before', schema: { type: 'integer', minimum: 1 } } },
      answers: { 200: { description: 'A page.', schema: 'Audit' } },
      refusals: ['store-failed'],
      answer: ({ query }) => orUnreadable(() => auditPage(service(), query)),
    },
  ]
}

async function orUnreadable(work: () => Promise<Reply>): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StoreError) return problem('store-failed', error.message)
    throw error
  }
}

interface NewOverride {
  readonly domain?: string
  readonly host?: string
  readonly kind: OverrideRule['kind']
  readonly level?: string
  readonly names?: readonly string[]
  readonly until?: string
  readonly author: string
  readonly reason: string
}

async function add(service: Service, body: unknown): Promise<Reply> {
  const { clock, store } = service.world
  const override = await readOverride(body, clock.now())
  if (!override.ok) return problem('bad-request', override.fault)
  const written = await store.overrides.put(override.value)
  if (written !== 'durable') return problem('store-failed', whyNotStored[written])
  await service.followOverrides()
  const { overrideJson } = await import('../../cli/override-json.ts')
  return { status: 200, json: overrideJson(override.value, clock.now()) }
}

const whyNotStored = {
  full: 'there is no room for more overrides, or in the audit trail',
  lost: 'it could not be written',
} as const

/** The override in a body, or what is wrong with it. */
async function readOverride(body: unknown, now: number): Promise<Result<Override, string>> {
  // Only who changes something pays for what it is read with.
  const { schemas } = await import('./schemas.ts')
  const parsed = schemas.NewOverride?.type.safeParse(body)
  if (parsed?.success !== true) {
    const issue = parsed?.error.issues[0]
    return refuse(`${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'it cannot be read'}`)
  }
  const { domain, host, until, author, reason, ...wish } = parsed.data as NewOverride // as the schema has it
  const target = readTarget(domain, host)
  if (!target.ok) return target
  const rule = readRule(wish)
  if (!rule.ok) return rule
  const { readMoment } = await import('../../cli/moment.ts')
  const expiresAt = until === undefined ? undefined : readMoment(until, now)
  if (until !== undefined && expiresAt === undefined) return refuse('until: no moment, as 30d or 2026-12-01')
  const checked = checkOverride({
    ...{ target: target.value, rule: rule.value, author, reason },
    ...{ createdAt: now, expiresAt },
  })
  return checked.ok ? checked : refuse(faults[checked.fault])
}

function readTarget(domain: string | undefined, host: string | undefined): Result<OverrideTarget, string> {
  const found: { domain: NamePattern | undefined; host: NamePattern | undefined } = {
    domain: undefined,
    host: undefined,
  }
  for (const [of, text] of [['domain', domain] as const, ['host', host] as const]) {
    if (text === undefined) continue
    const pattern = parseNamePattern(text, of)
    if (!pattern.ok) return refuse(`${of}: not a name`)
    found[of] = pattern.value
  }
  return accept(found)
}

function readRule({
  kind,
  level,
  names = [],
}: Pick<NewOverride, 'kind' | 'level' | 'names'>): Result<OverrideRule, string> {
  if (names.length > 0 && level !== 'pkix') return refuse('names: only with require pkix')
  if (kind === 'skip') return level === undefined ? accept({ kind }) : refuse('level: skip has none')
  if (kind === 'relax') {
    return level === 'may' || level === 'encrypt' ? accept({ kind, level }) : refuse('level: relax to may or encrypt')
  }
  if (level === 'encrypt' || level === 'dane') return accept({ kind, level })
  if (level !== 'pkix') return refuse('level: require encrypt, pkix or dane')
  const read = names.map((name) => parseDomainName(name))
  if (!read.every((name) => name.ok)) return refuse('names: not all of them are names')
  return accept({ kind, level, names: read.map((name) => name.value) })
}

const dayMs = 86_400_000

/** What is wrong with an override, in the words of the body. */
const faults: Readonly<Record<OverrideFault, string>> = {
  'no-target': 'give domain, host or both',
  'relax-without-domain': 'domain: relax needs one, for it never holds for all domains that share a host',
  'too-wide': 'domain: relax and skip cannot hold for all names below a top-level domain',
  'names-missing': 'names: require pkix needs some, for what DNS says of the hosts of a domain may be forged',
  'too-many-names': `names: more than ${limits.overrides.names}`,
  reason: `reason: one line of up to ${limits.overrides.reasonCharacters} characters is needed`,
  author: `author: one line of up to ${limits.overrides.authorCharacters} characters is needed`,
  'expiry-missing': 'until: relax and skip need it, for what lowers protection must end',
  'expiry-past': 'until: that is over already',
  'expiry-too-far':
    `until: relax and skip may last ${limits.overrides.relaxMs / dayMs} days, and require ` +
    `${limits.overrides.requireMs / dayMs}`,
}

async function remove(service: Service, query: Question['query']): Promise<Reply> {
  const target = readTarget(query.get('domain'), query.get('host'))
  if (!target.ok) return problem('bad-request', target.fault)
  if (target.value.domain === undefined && target.value.host === undefined)
    return problem('bad-request', faults['no-target'])
  const change = { author: query.get('author') ?? '', reason: query.get('reason') ?? '' }
  const fault = checkChange(change)
  if (fault !== undefined) return problem('bad-request', faults[fault])
  const { clock, store } = service.world
  const written = await store.overrides.remove(target.value, { ...change, at: clock.now() })
  if (written === 'absent') return problem('no-override')
  if (written !== 'durable') return problem('store-failed', whyNotStored[written])
  await service.followOverrides()
  return { status: 200, json: { forgotten: 1 } }
}

async function auditPage({ world }: Service, query: Question['query']): Promise<Reply> {
  const { overrides } = world.store
  const text = query.get('before')
  if (text !== undefined && !/^[1-9]\d{0,14}$/.test(text))
    return problem('bad-request', 'before must be what stood in `next`')
  const { pageUsual } = limits.http
  const found = await overrides.audit(pageUsual, text === undefined ? undefined : Number(text))
  const { auditJson } = await import('../../cli/override-json.ts')
  const next = found.length === pageUsual ? (found.at(-1)?.id ?? null) : null
  const entries = found.map(auditJson)
  return {
    status: 200,
    json: { schema: 'waxseal.audit-page/1', entries, next, whole: !(await overrides.isAuditCut()) },
  }
}
