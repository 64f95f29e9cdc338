import type { OptionTable } from './command.ts'

const group = 'Options for the service'

/** Options of `waxseal serve`, which are keys of the configuration file too. */
export const serviceOptions = {
  socketmap: {
    ...{ type: 'string', value: 'ADDRESS', multiple: true, group },
    description:
      'where Postfix may ask: address and port, or the path of a Unix socket; 127.0.0.1:8461 unless told; may be repeated',
  },
  http: {
    ...{ type: 'string', value: 'ADDRESS', multiple: true, group },
    description:
      'where the HTTP interface and its metrics are, as socketmap; 127.0.0.1:8462 unless told; off for nowhere',
  },
  'http-token-file': {
    ...{ type: 'string', value: 'FILE', group },
    description: 'what clients over HTTP must show, those on Unix sockets excepted; needed for addresses of a network',
  },
  lines: {
    ...{ type: 'string', value: 'ADDRESS', multiple: true, group },
    description: 'where Exim and others may ask in one line; nowhere unless told; may be repeated',
  },
  'tcp-table': {
    ...{ type: 'string', value: 'ADDRESS', multiple: true, group },
    description: 'where a Postfix without socketmap may ask by tcp_table; nowhere unless told; may be repeated',
  },
  'shared-store': {
    ...{ type: 'string', value: 'URL', group },
    description:
      'Redis or Valkey by which several machines share policies: redis://HOST:PORT/DATABASE, rediss:// over TLS, or ' +
      'unix:/PATH',
  },
  'shared-store-password-file': {
    ...{ type: 'string', value: 'FILE', group },
    description: 'the password for it, in a file that others may not read',
  },
  'shared-store-ca-file': {
    ...{ type: 'string', value: 'FILE', group },
    description: 'certificates in PEM that its own must chain to, instead of those that Node brings',
  },
  'shared-store-client-file': {
    ...{ type: 'string', value: 'FILE', group },
    description: 'certificate and key in PEM to show it, in a file that others may not read',
  },
  'shared-store-prefix': {
    ...{ type: 'string', value: 'TEXT', group },
    description: 'what every key there begins with: waxseal: unless told',
  },
  'mixed-hosts': {
    ...{ type: 'string', value: 'LEVEL', group },
    description:
      'what Postfix is told where MTA-STS vouches for all MX hosts and TLSA records for some: dane-only (just those, ' +
      'unless told) or secure (all)',
  },
  'testing-level': {
    ...{ type: 'string', value: 'LEVEL', group },
    description:
      'level for policies in mode testing, so that Postfix reports by them: none (unless told), may or encrypt',
  },
  'dry-run': {
    ...{ type: 'string', value: 'DOMAIN', multiple: true, group },
    description:
      'ask nothing of Postfix for this domain, .DOMAIN and all below it, or all, and log what would be; may be repeated',
  },
  'log-format': {
    ...{ type: 'string', value: 'FORMAT', group },
    description: 'text, or json for one object a line',
  },
  web: {
    ...{ type: 'string', value: 'ADDRESS', multiple: true, group },
    description:
      'where the page is that checks domains for visitors (docs/web.md); nowhere unless told; may be repeated',
  },
  'web-url': {
    ...{ type: 'string', value: 'URL', group },
    description: 'where visitors reach that page, for links to it, such as https://check.example.org',
  },
  'web-proxy': {
    ...{ type: 'string', value: 'NETWORK', multiple: true, group },
    description: 'an address or prefix of proxies before that page, whose X-Forwarded-For counts; may be repeated',
  },
  'web-opt-out': {
    ...{ type: 'string', value: 'FILE', group },
    description: 'names and networks, one a line, that visitors cannot have checked',
  },
  'web-helo': {
    ...{ type: 'string', value: 'NAME', group },
    description: 'our name for EHLO in those checks: it should resolve to where we come from',
  },
  'web-contact': {
    ...{ type: 'string', value: 'TEXT', group },
    description: 'who answers for that page: a mail address or a URL',
  },
  'web-allow-private': {
    type: 'boolean',
    group,
    description: 'with --allow-private: let visitors have private addresses connected to; for laboratories',
  },
} as const satisfies OptionTable
