import { terraformProviders } from '../../../core/publish/forms/terraform.ts'
import { recordForms } from '../../../core/publish/forms.ts'
import type { OptionTable } from '../../cli/command.ts'

const forRecords = 'Options for the records'
const forOutput = 'Options for the output'

/** Options of `waxseal tlsa gen` beside those for the network. */
export const genOptions = {
  host: {
    ...{ type: 'string', value: 'HOST', multiple: true },
    description: 'look at every address of this mail server, with RSA and with ECDSA; may be repeated',
  },
  domain: { type: 'string', value: 'DOMAIN', description: 'look at every MX host of this domain' },
  owner: {
    ...{ type: 'string', value: 'HOST', group: forRecords },
    description: 'the mail server that the records are for, or the whole name, as _25._tcp.mx.example.org',
  },
  port: { type: 'string', value: 'PORT', group: forRecords, description: 'port of the server, 25 unless told' },
  form: {
    ...{ type: 'string', value: "'U S M'", multiple: true, group: forRecords },
    description: "usage, selector and matching type, '3 1 1' unless told; may be repeated",
  },
  usage: { type: 'string', value: 'U', group: forRecords, description: 'usage: 3 (DANE-EE) or 2 (DANE-TA)' },
  selector: { type: 'string', value: 'S', group: forRecords, description: 'selector: 1 (SPKI) or 0 (Cert)' },
  matching: { type: 'string', value: 'M', group: forRecords, description: 'matching type: 1 (SHA2-256), 2 or 0' },
  next: {
    ...{ type: 'string', value: 'FILE', multiple: true, group: forRecords },
    description: 'key, request or certificate that the server will have next: records of it too; may be repeated',
  },
  issuer: {
    ...{ type: 'string', value: 'FILE', multiple: true, group: forRecords },
    description: 'certificate of the authority that usage 2 names, instead of the topmost of the chain',
  },
  ttl: { type: 'string', value: 'TIME', group: forRecords, description: 'time to live, 3600 seconds unless told' },
  zone: {
    ...{ type: 'string', value: 'NAME', group: forRecords },
    description: 'the zone that the records go into, for forms that name it',
  },
  format: {
    ...{ type: 'string', value: 'FORM', group: forOutput },
    description: `form of the records: ${recordForms.join(', ')}; zone unless told`,
  },
  provider: {
    ...{ type: 'string', value: 'NAME', group: forOutput },
    description: `for terraform: ${terraformProviders.join(', ')}; cloudflare unless told`,
  },
  json: {
    ...{ type: 'boolean', group: forOutput },
    description: 'as --format json: one JSON object (schema waxseal.tlsa-gen/1)',
  },
  ipv4: { type: 'boolean', description: 'connect to no host over IPv6' },
  helo: {
    ...{ type: 'string', value: 'NAME' },
    description: 'our name for EHLO, or our address in brackets: it should resolve to where we come from',
  },
} as const satisfies OptionTable
