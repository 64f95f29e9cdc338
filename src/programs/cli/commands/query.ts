import { ConfigError } from '../../../core/config-error.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { loadSettings } from '../../config/resolve-settings.ts'
import { valuesOf } from '../../config/settings.ts'
import type { DestinationReport, EvidenceReport } from '../../daemon/http/destination-json.ts'
import { readToken } from '../../daemon/http/token.ts'
import { type CommandContext, defineCommand, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { listText, writeEvidence } from '../query-text.ts'
import { createServiceClient, type ServiceAnswer, type ServiceClient } from '../service-client.ts'
import { serviceOptions } from '../service-options.ts'
import { onTerminal } from '../trace-text.ts'
import { worldOptions } from '../world-options.ts'

const { http, 'http-token-file': tokenFile } = serviceOptions

export const query = defineCommand({
  name: 'query',
  summary: 'Ask a running service what it tells of a destination, and why',
  usage: ['query [--json] [--refresh] DOMAIN', 'query --forget [DOMAIN]', 'query --list [--json]'],
  description: [
    'Asks the waxseal serve of this machine over its HTTP interface: shows the decision in force for DOMAIN, or for a next ' +
      'hop such as [relay.example]:587, with its evidence as explain shows it, and what was decided otherwise before. ' +
      'What the service does not hold it looks for.',
  ],
  options: {
    json: { type: 'boolean', description: 'print one JSON object (schema waxseal.evidence/1); with --list one a line' },
    refresh: { type: 'boolean', description: 'have the service look again first' },
    forget: { type: 'boolean', description: 'have the service forget the decision, or all without DOMAIN' },
    list: { type: 'boolean', description: 'list all decisions that the service holds' },
    http: { ...http, description: 'where the service is, as it was told itself; 127.0.0.1:8462 unless told' },
    'http-token-file': { ...tokenFile, description: 'what the service wants to be shown' },
    config: worldOptions.config,
  },
  operands: { name: 'DOMAIN', min: 0, max: 1 },
  examples: [
    { line: 'waxseal query example.org', does: 'why mail to example.org goes as it goes, or waits' },
    { line: 'waxseal query --refresh example.org', does: 'the same, after a look at the domain as it is now' },
    { line: 'waxseal query --list --json | jq -r .destination', does: 'all destinations that the service holds' },
  ],
  exitStatuses: [
    { status: EXIT.done, means: 'the service answered, whatever becomes of mail' },
    { status: EXIT.nothing, means: 'with --forget: there was nothing to forget' },
    { status: EXIT.unavailable, means: 'no service answers' },
    { status: EXIT.temporary, means: 'the service is busy, or was asked for the same just now' },
    { status: EXIT.protocol, means: 'what answers is no waxseal serve, or of another version' },
    { status: EXIT.noPermission, means: 'the service wants a token, or another one' },
  ],
  async run({ values, positionals: [text] }, context) {
    const chosen = [values.refresh, values.forget, values.list].filter((one) => one === true)
    if (chosen.length > 1) throw new UsageError('give only one of --refresh, --forget and --list')
    if (values.list === true && text !== undefined) throw new UsageError('--list takes no DOMAIN')
    const needsName = values.list !== true && values.forget !== true
    if (text === undefined && needsName) throw new UsageError('missing DOMAIN (usage: waxseal query [--json] DOMAIN)')
    const settings = valuesOf(await loadSettings(values, context.environment))
    const [where] = settings.http
    if (where === undefined) throw new ConfigError('http is off: there is no service to be asked')
    const file = where.kind === 'unix' ? undefined : settings['http-token-file']
    const token = file === undefined ? undefined : readToken(file)
    const asking = { ...context, client: createServiceClient({ where, token, signal: context.signal }) }
    if (values.list === true) return list(asking, values.json === true)
    const path = `/v1/destinations${text === undefined ? '' : `/${encodeURIComponent(domainIn(text))}`}`
    if (values.forget === true) return forget(asking, path)
    return show(asking, path, { refresh: values.refresh === true, json: values.json === true })
  },
})

type Asking = CommandContext & { readonly client: ServiceClient }

/** A domain, or the domain of a mail address. */
function domainIn(text: string): string {
  return text.slice(text.lastIndexOf('@') + 1)
}

async function show(
  { client, out }: Asking,
  path: string,
  { refresh, json }: { readonly refresh: boolean; readonly json: boolean },
): Promise<number> {
  if (refresh) {
    const refreshed = await client.ask('POST', `${path}/refresh`)
    if (!isOf(refreshed, 'waxseal.destination/1')) return refuse(refreshed, out)
  }
  const answer = await client.ask('GET', `${path}/evidence`)
  if (!isOf(answer, 'waxseal.evidence/1')) return refuse(answer, out)
  if (json) out.line(JSON.stringify(answer.json))
  else writeEvidence(answer.json as unknown as EvidenceReport, out) // by its schema
  return EXIT.done
}

async function forget({ client, out }: Asking, path: string): Promise<number> {
  const answer = await client.ask('DELETE', path)
  if (answer.kind !== 'answer' || typeof answer.json.forgotten !== 'number') return refuse(answer, out)
  const { forgotten } = answer.json
  out.line(forgotten === 1 ? '1 decision is forgotten' : `${forgotten} decisions are forgotten`)
  return forgotten === 0 ? EXIT.nothing : EXIT.done
}

async function list({ client, out, signal }: Asking, json: boolean): Promise<number> {
  for (let after: unknown = 0; after !== null && !signal.aborted; ) {
    const answer = await client.ask('GET', `/v1/destinations?limit=500&after=${String(after)}`)
    if (!isOf(answer, 'waxseal.list/1')) return refuse(answer, out)
    const { destinations, next } = answer.json as { destinations: readonly DestinationReport[]; next: unknown } // by its schema
    for (const one of destinations) out.line(json ? JSON.stringify(one) : listText(one))
    await out.drained()
    after = next ?? null
  }
  return signal.aborted ? EXIT.interrupted : EXIT.done
}

type Answered = Extract<ServiceAnswer, { kind: 'answer' }>

function isOf(answer: ServiceAnswer, schema: string): answer is Answered {
  return answer.kind === 'answer' && answer.status === 200 && answer.json.schema === schema
}

/** Says in one line why there is nothing to show. */
function refuse(answer: ServiceAnswer, out: CommandContext['out']): number {
  if (answer.kind !== 'answer') {
    out.warn(onTerminal(answer.reason))
    return answer.kind === 'silent' ? EXIT.unavailable : EXIT.protocol
  }
  const { title, detail, code } = answer.json
  if (typeof title !== 'string' || typeof code !== 'string') {
    out.warn('the service answers otherwise than this version understands')
    return EXIT.protocol
  }
  const status = statuses[answer.status] ?? EXIT.protocol
  if (status === EXIT.usage)
    throw new UsageError(escapeText(`${title}${typeof detail === 'string' ? `: ${detail}` : ''}`))
  out.warn(onTerminal(`the service refuses: ${title}${typeof detail === 'string' ? ` (${detail})` : ''}`))
  return status
}

const statuses: Readonly<Record<number, number>> = {
  ...{ 400: EXIT.usage, 401: EXIT.noPermission, 403: EXIT.noPermission },
  ...{ 429: EXIT.temporary, 503: EXIT.temporary },
}
