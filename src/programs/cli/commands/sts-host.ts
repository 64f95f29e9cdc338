import { defineCommand, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { worldOptions } from '../world-options.ts'

const usualPath = '/etc/waxseal/sts-host.toml'

export const stsHost = defineCommand({
  name: 'sts host',
  summary: 'Serve MTA-STS policies over HTTPS, for one domain or for thousands',
  usage: ['sts host [FILE]', 'sts host --check [FILE]', 'sts host --records [FILE]', 'sts host --export FOLDER [FILE]'],
  description: [
    'Serves the policies that FILE tells of (/etc/waxseal/sts-host.toml unless told): at ' +
      'https://mta-sts.DOMAIN/.well-known/mta-sts.txt and nowhere else, as 200 and text/plain, over IPv4 and IPv6, with the ' +
      'certificate of each host. docs/sts-host.md explains FILE, delegation by CNAME, reverse proxies and metrics.',
    'A file that is damaged or gone takes nothing away: what was good is served on, and told of. SIGHUP, and any change of ' +
      'the files, has everything read again, as a whole or not at all. SIGTERM answers what was asked and ends.',
  ],
  options: {
    check: { type: 'boolean', description: 'only check the configuration, every policy and every certificate' },
    records: {
      type: 'boolean',
      description: 'only print, as zone text, what your zone and those of the domains must hold',
    },
    export: {
      ...{ type: 'string', value: 'FOLDER' },
      description: 'only write the policies as files, with configurations of nginx, Apache and Caddy that serve them',
    },
    ...worldOptions,
  },
  operands: { name: 'FILE', min: 0, max: 1 },
  examples: [{ line: 'waxseal sts host', does: 'serves what /etc/waxseal/sts-host.toml tells of' }],
  exitStatuses: [{ status: EXIT.config, means: 'the configuration cannot be used, or an address cannot be had' }],
  async run({ values, positionals: [path = usualPath] }, context) {
    const { check = false, records = false, export: folder } = values
    if ([check, records, folder !== undefined].filter(Boolean).length > 1)
      throw new UsageError('--check, --records and --export do not go together')
    if (check) {
      const { checkHost } = await import('../../publish/host/check-host.ts')
      await checkHost(path, context)
      return EXIT.done
    }
    if (records) {
      const { printRecords } = await import('../../publish/host/print-records.ts')
      await printRecords(path, values, context)
      return EXIT.done
    }
    if (folder !== undefined) {
      const { exportHost } = await import('../../publish/host/export-host.ts')
      await exportHost(path, folder, context)
      return EXIT.done
    }
    const { runHost } = await import('../../publish/host/run-host.ts')
    await runHost(path, values, context)
    return EXIT.done
  },
})
