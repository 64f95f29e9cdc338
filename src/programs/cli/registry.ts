import type { Command } from './command.ts'

/** A command before it is loaded: the list of commands must not cost what the commands cost. */
export interface Registered {
  /** As in the command itself; a test holds the two together. */
  readonly name: string
  readonly summary: string
  /** How long it may take to close what it has open once it is told to end, where that is longer than usual. */
  readonly graceMs?: number
  /** Whether these arguments run it as a service, which ends well by being told to end; all do where it is absent. */
  readonly isService?: (args: readonly string[]) => boolean
  readonly load: () => Promise<Command>
}

/** In the order of the help. */
export const registry: readonly Registered[] = [
  {
    name: 'demo',
    summary: 'Show in a test Internet what attackers do to mail, with and without Waxseal',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  {
    name: 'explain',
    summary: 'Say what mail to a domain must be shown before it is handed over, and why',
    load: async () => (await import('./commands/explain.ts')).explain,
  },
  {
    name: 'check',
    summary: 'Show what every kind of sender does with mail to a domain, and what to mend',
    graceMs: 15_000,
    isService: (args) => args.includes('--watch') && !args.includes('--once'),
    load: async () => (await import('./commands/check.ts')).check,
  },
  {
    name: 'diff',
    summary: 'Say what became otherwise between two results of a check',
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  {
    name: 'setup',
    summary: 'Plan everything that protects mail to a domain, in its order, and watch until it is live',
    load: async () => (await import('./commands/setup.ts')).setup,
  },
  {
    name: 'tlsa gen',
    summary: 'Make TLSA records from certificates, keys, an ACME client or a live server',
    load: async () => (await import('./commands/tlsa-gen.ts')).tlsaGen,
  },
  {
    name: 'tlsa plan',
    summary: 'Say when what is to be done with the TLSA records of a host, before its key changes and after',
    load: async () => (await import('./commands/tlsa-plan.ts')).tlsaPlan,
  },
  {
    name: 'tlsa apply',
    summary: 'Do the step that is due with the TLSA records of a host: publish, take out, or wait',
    load: async () => (await import('./commands/tlsa-apply.ts')).tlsaApply,
  },
  {
    name: 'tlsa gate',
    summary: 'Let a key through to a mail server only when every sender knows it by TLSA records',
    load: async () => (await import('./commands/tlsa-gate.ts')).tlsaGate,
  },
  {
    name: 'tlsa doctor',
    summary: 'Hold what mail servers present against what every name server publishes, and say what to do first',
    load: async () => (await import('./commands/tlsa-doctor.ts')).tlsaDoctor,
  },
  {
    name: 'sts policy',
    summary: 'Write an MTA-STS policy for the MX hosts of a domain, or check one against them',
    load: async () => (await import('./commands/sts-policy.ts')).stsPolicy,
  },
  {
    name: 'sts ramp',
    summary: 'Lead a domain into MTA-STS, each step when it is safe, and back at once',
    load: async () => (await import('./commands/sts-ramp.ts')).stsRamp,
  },
  {
    name: 'sts retire',
    summary: 'Lead a domain out of MTA-STS, so that no sender is left with a policy that has ended',
    load: async () => (await import('./commands/sts-retire.ts')).stsRetire,
  },
  {
    name: 'sts host',
    summary: 'Serve MTA-STS policies over HTTPS, for one domain or for thousands',
    graceMs: 15_000,
    load: async () => (await import('./commands/sts-host.ts')).stsHost,
  },
  {
    name: 'zone change',
    summary: 'Put records into a zone and take others out, all at once',
    load: async () => (await import('./commands/zone-change.ts')).zoneChange,
  },
  {
    name: 'send',
    summary: 'Deliver a message from standard input to its recipients, enforced',
    load: async () => (await import('./commands/send.ts')).send,
  },
  {
    name: 'serve',
    summary: 'Tell Postfix, before each delivery, what TLS a destination must show',
    graceMs: 15_000,
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  {
    name: 'sender-test lab',
    summary: 'Test in a test Internet whether a mail server enforces DANE and MTA-STS',
    graceMs: 15_000,
    load: async () => (await import('./commands/sender-test-lab.ts')).senderTestLab,
  },
  {
    name: 'sender-test serve',
    summary: 'Test from a public host whether the mail servers of others enforce DANE and MTA-STS',
    graceMs: 15_000,
    load: async () => (await import('./commands/sender-test-serve.ts')).senderTestServe,
  },
  {
    name: 'query',
    summary: 'Ask a running service what it tells of a destination, and why',
    load: async () => (await import('./commands/query.ts')).query,
  },
  {
    name: 'override add',
    summary: 'Decide for a domain or an MX host otherwise than DANE and MTA-STS do',
    load: async () => (await import('./commands/override-add.ts')).overrideAdd,
  },
  {
    name: 'override list',
    summary: 'Show all overrides, with whose they are, until when and why',
    load: async () => (await import('./commands/override-list.ts')).overrideList,
  },
  {
    name: 'override remove',
    summary: 'Take an override back before it ends',
    load: async () => (await import('./commands/override-remove.ts')).overrideRemove,
  },
  {
    name: 'override audit',
    summary: 'Show who changed overrides, when and why',
    load: async () => (await import('./commands/override-audit.ts')).overrideAudit,
  },
  {
    name: 'export',
    summary: 'Write the MTA-STS policies in force to a signed file, for another machine',
    load: async () => (await import('./commands/export.ts')).exportPolicies,
  },
  {
    name: 'import',
    summary: 'Take over MTA-STS policies that another machine exported',
    load: async () => (await import('./commands/import.ts')).importPolicies,
  },
  {
    name: 'dns',
    summary: 'Look up records and show the chain of trust that proves them',
    load: async () => (await import('./commands/dns.ts')).dns,
  },
  {
    name: 'config check',
    summary: 'Check the configuration, and show every value with where it comes from',
    load: async () => (await import('./commands/config-check.ts')).configCheck,
  },
  {
    name: 'config import',
    summary: 'Turn the configuration of postfix-tlspol or postfix-mta-sts-resolver into ours',
    load: async () => (await import('./commands/config-import.ts')).configImport,
  },
]

/** The command that these arguments begin with, and the arguments behind its name. */
export function findCommand(args: readonly string[]): { command: Registered; rest: readonly string[] } | undefined {
  for (const words of [2, 1]) {
    const name = args.slice(0, words).join(' ')
    const command = args.length >= words ? registry.find((entry) => entry.name === name) : undefined
    if (command !== undefined) return { command, rest: args.slice(words) }
  }
  return undefined
}
