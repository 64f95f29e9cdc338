import type { OptionTable } from './command.ts'

const group = 'Options for the network'

/**
 * Options of every command that asks the network: `options: { ...worldOptions, mine: … }`, then
 * `context.openWorld(values)`. All but `config` and `trace` are keys of the configuration file too.
 */
export const worldOptions = {
  engine: {
    ...{ type: 'string', value: 'ENGINE', group },
    description: 'how to resolve: auto, forward, iterate or trust-ad',
  },
  server: {
    ...{ type: 'string', value: 'ADDRESS[:PORT]', multiple: true, group },
    description:
      'resolver to ask, instead of those in /etc/resolv.conf; tls://ADDRESS#NAME asks it over TLS; may be repeated',
  },
  'root-hints': {
    ...{ type: 'string', value: 'FILE', group },
    description: 'names and addresses of the root servers, as in named.root',
  },
  'trust-anchor': {
    ...{ type: 'string', value: 'FILE', group },
    description:
      'DS or DNSKEY records, or root-anchors.xml of IANA, to trust instead of the built-in anchors of the root',
  },
  'update-anchors': {
    ...{ type: 'boolean', group },
    description:
      'follow changes of keys by RFC 5011, as is done with the built-in trust anchors unless --no-update-anchors',
  },
  'negative-trust-anchor': {
    ...{ type: 'string', value: "'NAME TIME REASON'", multiple: true, group },
    description:
      'validate nothing at and below NAME until TIME (2026-12-01T00:00Z, at most a week ahead); may be repeated',
  },
  'allow-sha1': {
    ...{ type: 'boolean', group },
    description: 'believe RSA/SHA-1 signatures (algorithms 5 and 7) instead of taking their zones for unsigned',
  },
  'clock-skew': {
    ...{ type: 'string', value: 'SECONDS', group },
    description: 'believe signatures that begin up to so long after the clock of this machine, 60 unless told',
  },
  'trust-remote-ad': {
    ...{ type: 'boolean', group },
    description: 'let engine trust-ad believe a resolver that is not on this machine, though not asked over TLS',
  },
  'preferred-digest': {
    ...{ type: 'string', value: 'DIGEST', group },
    description: 'which counts where TLSA records have both: sha2-512 (unless told) or sha2-256',
  },
  'aggressive-nsec': {
    ...{ type: 'string', value: 'WHERE', group },
    description: 'let denials answer for the names around them: off, hosts (no MX, TLSA, _mta-sts) or all',
  },
  'ca-file': {
    ...{ type: 'string', value: 'FILE', group },
    description:
      'certificates in PEM to trust for MTA-STS and for resolvers over TLS, instead of those that Node brings',
  },
  'cache-file': {
    ...{ type: 'string', value: 'FILE', group },
    description: 'where secure DNS answers are kept between runs, to be proved again by the next; nowhere unless told',
  },
  store: {
    ...{ type: 'string', value: 'FILE', group },
    description: 'where policies are kept between runs; :memory: keeps nothing',
  },
  'smtp-port': {
    ...{ type: 'string', value: 'PORT', group },
    description: 'port of MX hosts, for laboratories; TLSA records are looked up for it too',
  },
  'allow-private': {
    ...{ type: 'boolean', group },
    description: 'connect to private and loopback addresses that DNS names',
  },
  timeout: {
    ...{ type: 'string', value: 'SECONDS', group },
    description: 'for one domain with all its lookups',
  },
  config: {
    ...{ type: 'string', value: 'FILE', group },
    description: 'configuration to read, instead of the default one if it is there',
  },
  trace: {
    ...{ type: 'boolean', group },
    description: 'show every query and every answer on standard error',
  },
} as const satisfies OptionTable
