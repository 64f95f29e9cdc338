import { randomInt } from 'node:crypto'
import { isIP } from 'node:net'
import { ConfigError } from '../../core/config-error.ts'
import type { TsigKey } from '../../core/dns/tsig-key.ts'
import { parseTsigKey, tsigFaultText } from '../../core/dns/tsig-key-text.ts'
import { limits } from '../../core/limits.ts'
import { formatNsupdate } from '../../core/publish/nsupdate-script.ts'
import { formatSnippet } from '../../core/publish/zone-snippet.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import type { Clock } from '../../io/clock.ts'
import type { Network } from '../../io/network.ts'
import { commandWriter } from '../../io/publish/command-writer.ts'
import { textWriter } from '../../io/publish/text-writer.ts'
import type { NamedHost } from '../../io/publish/update-server.ts'
import { updateWriter } from '../../io/publish/update-writer.ts'
import type { ZoneWriter } from '../../io/publish/zone-writer.ts'
import type { Resolver } from '../../io/resolver/resolver.ts'
import { type OptionTable, UsageError, type Values } from '../cli/command.ts'
import { readCommandWords } from '../cli/command-words.ts'
import { readEndpoint } from '../config/endpoint.ts'
import { readSecretFile } from '../config/secret-file.ts'

const group = 'Options for changing the zone'

/**
 * Options of every command that changes a zone: `options: { ...worldOptions, ...writerOptions, mine: … }`. A `--server` is
 * the resolver to ask, as everywhere.
 */
export const writerOptions = {
  update: {
    ...{ type: 'string', value: 'HOW', group },
    description:
      'how to change the zone: rfc2136 sends an update, nsupdate and zone print what is to be done, command runs a ' +
      'program; what the options below are for, and zone without them',
  },
  'update-server': {
    ...{ type: 'string', value: 'HOST[:PORT]', group },
    description: 'server that takes updates, instead of the one that the SOA record names',
  },
  tsig: {
    ...{ type: 'string', value: 'FILE', group },
    description: 'key that updates are signed with, as from tsig-keygen or keymgr; "none" signs none',
  },
  command: {
    ...{ type: 'string', value: 'COMMAND', group },
    description: 'program that changes the zone, without a shell, with arguments behind blanks',
  },
} as const satisfies OptionTable

const ways = ['rfc2136', 'nsupdate', 'zone', 'command'] as const
type Way = (typeof ways)[number]

/** How changes are to be written. */
export type WriterPlan =
  | { readonly way: 'rfc2136'; readonly server: NamedHost | undefined; readonly key: TsigKey | undefined }
  | { readonly way: 'nsupdate'; readonly server: NamedHost | undefined }
  | { readonly way: 'zone' }
  | { readonly way: 'command'; readonly words: readonly [string, ...string[]] }

type Given = Partial<Values<typeof writerOptions>>

/** The options that have a meaning with each way. */
const meant: Readonly<Record<Way, readonly (keyof Given)[]>> = {
  rfc2136: ['update-server', 'tsig'],
  nsupdate: ['update-server'],
  zone: [],
  command: ['command'],
}

/** What the options ask for. Throws UsageError, and ConfigError for a file of a key that cannot be used. */
export function readWriterPlan(values: Given): WriterPlan {
  const way = values.update === undefined ? wayBy(values) : readWay(values.update)
  for (const option of ['update-server', 'tsig', 'command'] as const) {
    if (values[option] !== undefined && !meant[way].includes(option))
      throw new UsageError(`option --${option} is of no use with --update ${way}`)
  }
  const server = values['update-server'] === undefined ? undefined : readServer(values['update-server'])
  switch (way) {
    case 'zone':
      return { way }
    case 'nsupdate':
      return { way, server }
    case 'rfc2136':
      return { way, server, key: readKey(values.tsig) }
    case 'command':
      if (values.command === undefined) throw new UsageError('option --update command needs --command')
      return { way, words: readCommandWords('command', values.command) }
  }
}

function wayBy(values: Given): Way {
  if (values.command !== undefined) return 'command'
  return values.tsig !== undefined || values['update-server'] !== undefined ? 'rfc2136' : 'zone'
}

function readWay(text: string): Way {
  const way = ways.find((one) => one === text)
  if (way === undefined) throw new UsageError(`option --update: "${escapeText(text)}" is none of ${ways.join(', ')}`)
  return way
}

const dnsPort = 53

/** An address or a host name, each with a port behind it or not. */
function readServer(text: string): NamedHost {
  const endpoint = readEndpoint(text, dnsPort)
  if (endpoint !== undefined) return { host: endpoint.address, port: endpoint.port }
  const [, host = '', port] = /^([A-Za-z0-9_.-]{1,253}?)(?::(\d{1,5}))?$/.exec(text) ?? []
  const number = port === undefined ? dnsPort : Number(port)
  if (host === '' || isIP(host) !== 0 || number < 1 || number > 65_535)
    throw new UsageError(`option --update-server: "${escapeText(text)}" is no server`)
  return { host, port: number }
}

function readKey(path: string | undefined): TsigKey | undefined {
  if (path === undefined) {
    const none = 'or --tsig none, if the server takes updates from this address without'
    throw new UsageError(`updates are signed: give the file of a key by --tsig, ${none}`)
  }
  if (path === 'none') return undefined
  const key = parseTsigKey(readSecretFile(path, 'the TSIG key', limits.writing.keyFileOctets))
  if (!key.ok) throw new ConfigError(`cannot use the TSIG key in "${escapeText(path)}": ${tsigFaultText[key.fault]}`)
  return key.value
}

/** What a writer needs of the world. */
export interface WriterWorld {
  readonly network: Network
  readonly resolver: Resolver
  readonly clock: Clock
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** The writer of a plan. */
export function createZoneWriter(plan: WriterPlan, world: WriterWorld): ZoneWriter {
  switch (plan.way) {
    case 'rfc2136':
      return updateWriter({ ...world, ...plan, randomId: () => randomInt(0x1_0000) })
    case 'nsupdate':
      return textWriter('print input for nsupdate', (change) => formatNsupdate(change, plan.server))
    case 'zone':
      return textWriter('print what is to be changed in the zone', formatSnippet)
    case 'command':
      return commandWriter({ words: plan.words, environment: world.environment })
  }
}
