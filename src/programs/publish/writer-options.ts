import { isIP } from 'node:net'
import { formatNsupdate, type ScriptServer } from '../../core/publish/nsupdate-script.ts'
import { formatSnippet } from '../../core/publish/zone-snippet.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import { commandWriter } from '../../io/publish/command-writer.ts'
import { textWriter } from '../../io/publish/text-writer.ts'
import type { ZoneWriter } from '../../io/publish/zone-writer.ts'
import { type OptionTable, UsageError, type Values } from '../cli/command.ts'
import { readCommandWords } from '../cli/command-words.ts'
import { readEndpoint } from '../config/endpoint.ts'

const group = 'Options for changing the zone'

/** Options of every command that changes a zone: `options: { ...writerOptions, mine: … }`. */
export const writerOptions = {
  update: {
    ...{ type: 'string', value: 'HOW', group },
    description:
      'nsupdate or zone to print what is to be done, command to run a program; zone unless another option says otherwise',
  },
  'update-server': {
    ...{ type: 'string', value: 'HOST[:PORT]', group },
    description: 'server that takes updates, instead of the one in the SOA record',
  },
  command: {
    ...{ type: 'string', value: 'COMMAND', group },
    description:
      'program that makes the change, without a shell, with arguments behind blanks (docs/publishing-dns.md)',
  },
} as const satisfies OptionTable

const ways = ['nsupdate', 'zone', 'command'] as const
type Way = (typeof ways)[number]

/** How changes are to be written. */
export type WriterPlan =
  | { readonly way: 'nsupdate'; readonly server: ScriptServer | undefined }
  | { readonly way: 'zone' }
  | { readonly way: 'command'; readonly words: readonly [string, ...string[]] }

type Given = Partial<Values<typeof writerOptions>>

/** What the options ask for. Throws UsageError. */
export function readWriterPlan(values: Given): WriterPlan {
  const way = values.update === undefined ? wayBy(values) : readWay(values.update)
  const server = values['update-server'] === undefined ? undefined : readServer(values['update-server'])
  if (values.command !== undefined && way !== 'command') throw new UsageError('option --command needs --update command')
  if (server !== undefined && way !== 'nsupdate')
    throw new UsageError(`option --update-server is of no use with --update ${way}`)
  if (way === 'zone') return { way }
  if (way === 'nsupdate') return { way, server }
  if (values.command === undefined) throw new UsageError('option --update command needs --command')
  return { way, words: readCommandWords('command', values.command) }
}

function wayBy(values: Given): Way {
  return values.command !== undefined ? 'command' : 'zone'
}

function readWay(text: string): Way {
  const way = ways.find((one) => one === text)
  if (way === undefined) throw new UsageError(`option --update: "${escapeText(text)}" is none of ${ways.join(', ')}`)
  return way
}

const dnsPort = 53

/** An address or a host name, each with a port behind it or not. */
function readServer(text: string): ScriptServer {
  const endpoint = readEndpoint(text, dnsPort)
  if (endpoint !== undefined) return { host: endpoint.address, port: endpoint.port }
  const [, host = '', port] = /^([A-Za-z0-9_.-]{1,253}?)(?::(\d{1,5}))?$/.exec(text) ?? []
  const number = port === undefined ? dnsPort : Number(port)
  if (host === '' || isIP(host) !== 0 || number < 1 || number > 65_535)
    throw new UsageError(`option --update-server: "${escapeText(text)}" is no server`)
  return { host, port: number }
}

/** What a writer needs of the world. */
export interface WriterWorld {
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** The writer of a plan. */
export function createZoneWriter(plan: WriterPlan, { environment }: WriterWorld): ZoneWriter {
  switch (plan.way) {
    case 'nsupdate':
      return textWriter('print input for nsupdate', (change) => formatNsupdate(change, plan.server))
    case 'zone':
      return textWriter('print what is to be changed in the zone', formatSnippet)
    case 'command':
      return commandWriter({ words: plan.words, environment })
  }
}
