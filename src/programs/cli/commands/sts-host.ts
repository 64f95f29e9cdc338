import { defineCommand } from '../command.ts'
import { EXIT } from '../exit.ts'
import { worldOptions } from '../world-options.ts'

const usualPath = '/etc/waxseal/sts-host.toml'

export const stsHost = defineCommand({
  name: 'sts host',
  summary: 'Serve MTA-STS policies over HTTPS, for one domain or for thousands',
  usage: ['sts host [FILE]'],
  description: [
    'Serves the policies that FILE tells of (/etc/waxseal/sts-host.toml unless told): at ' +
      'https://mta-sts.DOMAIN/.well-known/mta-sts.txt and nowhere else, as 200 and text/plain, over IPv4 and IPv6, with the ' +
      'certificate of each host. docs/sts-host.md explains FILE, delegation by CNAME, reverse proxies and metrics.',
    'A file that is damaged or gone takes nothing away: what was good is served on, and told of. SIGHUP, and any change of ' +
      'the files, has everything read again, as a whole or not at all. SIGTERM answers what was asked and ends.',
  ],
  options: { ...worldOptions },
  operands: { name: 'FILE', min: 0, max: 1 },
  examples: [{ line: 'waxseal sts host', does: 'serves what /etc/waxseal/sts-host.toml tells of' }],
  exitStatuses: [{ status: EXIT.config, means: 'the configuration cannot be used, or an address cannot be had' }],
  async run({ values, positionals: [path = usualPath] }, context) {
    const { runHost } = await import('../../publish/host/run-host.ts')
    await runHost(path, values, context)
    return EXIT.done
  },
})
