import { isIP } from 'node:net'
import { parseDomainName } from '../../../core/name/domain.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { type ListenAddress, readListenAddress } from '../../daemon/listen-address.ts'
import type { HostAddress } from '../../sender-test/serve/run-serve.ts'
import { defineCommand, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'

const usualHttp = '127.0.0.1:8464'

export const senderTestServe = defineCommand({
  name: 'sender-test serve',
  summary: 'Test from a public host whether the mail servers of others enforce DANE and MTA-STS',
  usage: [
    'sender-test serve --state FOLDER --address ADDRESS... --name-server NAME... [--certificate FILE --key FILE] BASE',
  ],
  description: [
    'Stands up the test domains of sender-test lab below BASE, a name of yours, for mail servers anywhere. Writes the ' +
      'zones to publish into FOLDER/zones, and serves MX hosts and policy hosts until it is told to end. Takes mail to ' +
      'addresses of test rounds alone, notes how it came, and forgets it. docs/sender-test.md says how to set it up, and ' +
      'what cannot be had.',
    'Before TLS nothing tells a server which of its names a client means. So every fault that shows before or in the ' +
      'handshake needs an address of its own: fourteen for all of them. With fewer, test domains are left out and named.',
    'Over HTTP, POST /rounds begins a round and says whom to write to; GET /rounds/TOKEN shows what came of it, as JSON ' +
      'with .json behind the token. Put a server with TLS before it if it is to be reached from elsewhere.',
  ],
  options: {
    state: { type: 'string', value: 'FOLDER', description: 'where keys are kept and zones are written' },
    address: {
      ...{ type: 'string', value: 'ADDRESS', multiple: true },
      description:
        'of one MX host; an IPv4 and an IPv6 address with a comma between them for both; PUBLIC=LOCAL where DNS has another address than this machine',
    },
    'name-server': { type: 'string', value: 'NAME', multiple: true, description: 'of yours, for the zones' },
    certificate: {
      ...{ type: 'string', value: 'FILE' },
      description: 'certificate of a public authority with its chain, PEM; without it MTA-STS tests are left out',
    },
    key: { type: 'string', value: 'FILE', description: 'its key, PEM' },
    http: { type: 'string', value: 'ADDRESS', description: `where to begin rounds, ${usualHttp} unless told` },
    'only-zones': { type: 'boolean', description: 'write the zones, and serve nothing' },
    'smtp-port': { type: 'string', value: 'PORT', description: 'in place of 25, for laboratories', hidden: true },
    'https-port': { type: 'string', value: 'PORT', description: 'in place of 443, for laboratories', hidden: true },
  },
  operands: { name: 'BASE', min: 1, max: 1 },
  exitStatuses: [
    { status: EXIT.config, means: 'a certificate cannot be used, a folder not written, or an address not be had' },
  ],
  async run({ values, positionals: [base = ''] }, context) {
    const { runServe } = await import('../../sender-test/serve/run-serve.ts')
    const options = {
      base: readDomain(base),
      addresses: values.address.map(readAddresses),
      nameServers: values['name-server'].map(readDomain),
      certificate: readPair(values.certificate, values.key),
      state: values.state ?? missing('state', 'FOLDER'),
      http: readHttp(values.http ?? usualHttp),
      ports: { smtp: readPort(values['smtp-port'], 25), https: readPort(values['https-port'], 443) },
      onlyZones: values['only-zones'] === true,
    }
    if (options.addresses.length === 0) missing('address', 'ADDRESS')
    if (options.nameServers.length === 0) missing('name-server', 'NAME')
    await runServe(options, context)
    return EXIT.done
  },
})

function missing(option: string, value: string): never {
  throw new UsageError(`--${option} ${value} is needed`)
}

/** All names below must fit, so the base may be no longer than this. */
const longestBase = 200

function readDomain(text: string): string {
  const domain = parseDomainName(text)
  if (domain.ok && domain.value.length <= longestBase) return domain.value
  throw new UsageError(`not a domain name that this can be below: "${escapeText(text)}"`)
}

function readAddresses(text: string): readonly HostAddress[] {
  return text.split(',').map((one) => {
    const [published = '', local = published, more] = one.split('=')
    if (isIP(published) === 0 || isIP(local) === 0 || more !== undefined) {
      throw new UsageError(`not an address: "${escapeText(one)}"`)
    }
    return { published, local }
  })
}

function readPair(chain: string | undefined, key: string | undefined) {
  if (chain === undefined && key === undefined) return undefined
  if (chain === undefined || key === undefined) throw new UsageError('--certificate and --key go together')
  return { chain, key }
}

function readHttp(text: string): ListenAddress {
  const address = readListenAddress(text)
  if (address === undefined) throw new UsageError(`--http needs ADDRESS:PORT: "${escapeText(text)}"`)
  return address
}

function readPort(text: string | undefined, usual: number): number {
  if (text === undefined) return usual
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port >= 1 && port <= 65_535) return port
  throw new UsageError(`not a port: "${escapeText(text)}"`)
}
