import { defineCommand } from '../command.ts'
import { EXIT } from '../exit.ts'
import { serviceOptions } from '../service-options.ts'
import { worldOptions } from '../world-options.ts'

export const serve = defineCommand({
  name: 'serve',
  summary: 'Tell Postfix, before each delivery, what TLS a destination must show',
  usage: ['serve [--socketmap ADDRESS]... [--http ADDRESS]... [--lines ADDRESS]... [--mixed-hosts LEVEL]'],
  description: [
    'Answers the policy lookups of Postfix (smtp_tls_policy_maps) over the socketmap protocol, from decisions that are ' +
      'made as explain makes them, kept for as long as they hold, and renewed before they end for what gets mail. ' +
      'The map QUERY is for Postfix up to 3.9, QUERYwithTLSRPT for later ones, which report by it. Prints one line for ' +
      'each decision. docs/postfix.md shows how to set Postfix up, docs/exim.md how to set up Exim, which asks in lines.',
    'Over HTTP (docs/service.md) it answers waxseal query and other programs, and has metrics for Prometheus.',
    'A lookup that fails or is forged is answered TEMP with the reason: Postfix keeps the mail and asks again. SIGHUP ' +
      'reads the configuration again; SIGTERM answers what was asked and ends.',
  ],
  options: { ...serviceOptions, ...worldOptions },
  examples: [
    { line: 'waxseal serve', does: 'serves on 127.0.0.1:8461' },
    {
      line: 'waxseal serve --socketmap /run/waxseal/postfix --log-format json',
      does: 'serves on a Unix socket, and logs for a program to read',
    },
  ],
  exitStatuses: [{ status: EXIT.config, means: 'the configuration cannot be used, or an address cannot be had' }],
  async run({ values }, context) {
    const { serve: run } = await import('../../daemon/serve.ts')
    await run(values, context)
    return EXIT.done
  },
})
