import type { OptionTable } from './command.ts'

/** Options of commands that deliver, which are keys of the configuration file too. */
export const sendingOptions = {
  'own-host': {
    ...{ type: 'string', value: 'HOST', multiple: true },
    description:
      'a name or address of ours: where an MX record names it, it and the hosts no better than it are left out, so that ' +
      'mail does not go round; may be repeated',
  },
} as const satisfies OptionTable
