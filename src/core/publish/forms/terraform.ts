import { hex } from '../../dns/octets.ts'
import { formatRdata } from '../../dns/rdata/format.ts'
import { readMx, readNameRdata, readTlsa, readTxt } from '../../dns/rdata/records.ts'
import { formatType, TYPE } from '../../dns/types.ts'
import type { Name } from '../../name/name.ts'
import { formatName } from '../../name/text.ts'
import { demand, type RecordSet, relativeName } from './record-sets.ts'

/** Terraform providers that can hold TLSA records. hashicorp/dns (RFC 2136) cannot: `waxseal tlsa apply` does that. */
export const terraformProviders = ['cloudflare', 'route53', 'google', 'powerdns', 'desec'] as const

export type TerraformProvider = (typeof terraformProviders)[number]

/** An argument of a resource: text, a number, a reference, a list of texts, or a block of arguments. */
type Argument = string | number | Reference | readonly string[] | { readonly [name: string]: string | number }

/** An expression of Terraform's own, such as a variable. */
interface Reference {
  readonly reference: string
}

interface Resource {
  readonly type: string
  readonly label: string
  readonly arguments: Readonly<Record<string, Argument>>
}

/** Records as resources of Terraform or OpenTofu. What stands outside of DNS, such as a zone's number, is a variable. */
export function toTerraform(sets: readonly RecordSet[], zone: Name, provider: TerraformProvider): string {
  const resources = sets.flatMap((set) => resourcesOf(set, zone, provider))
  const used = new Set<string>()
  const blocks = resources.map(({ label, ...resource }) => {
    const free =
      [label, ...resources.map((_, place) => `${label}_${place + 2}`)].find((name) => !used.has(name)) ?? label
    used.add(free)
    return blockOf({ ...resource, label: free })
  })
  return blocks.join('\n')
}

function resourcesOf(set: RecordSet, zone: Name, provider: TerraformProvider): Resource[] {
  if (provider === 'cloudflare') return set.rdatas.map((rdata) => cloudflareResource(set, rdata))
  const { name, type, ttl, rdatas } = set
  const absolute = formatName(name)
  const base = { label: labelOf(set), type: formatType(type) }
  const texts = rdatas.map((rdata) => formatRdata(type, rdata))
  const common = { type: base.type, ttl }
  switch (provider) {
    case 'route53':
      return [
        {
          ...{ type: 'aws_route53_record', label: base.label },
          arguments: {
            ...{ zone_id: variable('zone_id'), name: withoutDot(absolute), ...common },
            records: rdatas.map((rdata) => route53Text(type, rdata)),
          },
        },
      ]
    case 'google':
      return [
        {
          ...{ type: 'google_dns_record_set', label: base.label },
          arguments: { managed_zone: variable('managed_zone'), name: absolute, ...common, rrdatas: texts },
        },
      ]
    case 'powerdns':
      return [
        {
          ...{ type: 'powerdns_record', label: base.label },
          arguments: { zone: formatName(zone), name: absolute, ...common, records: texts },
        },
      ]
    case 'desec':
      return [
        {
          ...{ type: 'desec_rrset', label: base.label },
          arguments: {
            ...{ domain: withoutDot(formatName(zone)), subname: relativeName(name, zone), ...common },
            records: texts,
          },
        },
      ]
  }
}

/** The provider puts the outer quotes of TXT itself, and wants those between character-strings. */
function route53Text(type: number, rdata: Uint8Array): string {
  const text = formatRdata(type, rdata)
  return type === TYPE.TXT ? text.slice(1, -1).replaceAll('" "', '""') : text
}

/**
 * One resource a record, named after its data, so that a record that is gone moves no other. Digits in upper case, as
 * Cloudflare gives them back: Terraform would see a change each time.
 */
function cloudflareResource(set: RecordSet, rdata: Uint8Array): Resource {
  const { name, type, ttl } = set
  const several = type === TYPE.TLSA || set.rdatas.length > 1
  const label = several
    ? `${labelOf(set)}_${hex(rdata.subarray(type === TYPE.TLSA ? 3 : 0)).slice(0, 8)}`
    : labelOf(set)
  const common = { zone_id: variable('zone_id'), name: withoutDot(formatName(name)), type: formatType(type), ttl }
  return { type: 'cloudflare_dns_record', label, arguments: { ...common, ...cloudflareValue(type, rdata) } }
}

function cloudflareValue(type: number, rdata: Uint8Array): Record<string, Argument> {
  if (type === TYPE.TLSA) {
    const { usage, selector, matchingType, data } = demand(readTlsa(rdata))
    return { data: { usage, selector, matching_type: matchingType, certificate: hex(data).toUpperCase() } }
  }
  if (type === TYPE.MX) {
    const { preference, exchange } = demand(readMx(rdata))
    return { priority: preference, content: withoutDot(formatName(exchange)) }
  }
  if (type === TYPE.CNAME)
    return { content: withoutDot(formatName(demand(readNameRdata(rdata)))), proxied: reference('false') }
  if (type === TYPE.TXT) demand(readTxt(rdata))
  return { content: formatRdata(type, rdata) }
}

/** `_25_tcp_mx_example_org_tlsa` */
function labelOf({ name, type }: RecordSet): string {
  const text = withoutDot(formatName(name)).replace(/[^A-Za-z0-9-]+/g, '_')
  return `${/^[A-Za-z_]/.test(text) ? '' : '_'}${text}_${formatType(type).toLowerCase()}`
}

function withoutDot(name: string): string {
  return name.replace(/\.$/, '')
}

function variable(name: string): Reference {
  return reference(`var.${name}`)
}

function reference(text: string): Reference {
  return { reference: text }
}

function blockOf({ type, label, arguments: given }: Resource): string {
  return `resource "${type}" "${label}" {\n${linesOf(given, '  ')}}\n`
}

/** As `terraform fmt` has it: signs of equality below each other, but for values of several lines. */
function linesOf(given: Readonly<Record<string, Argument>>, indent: string): string {
  const values = Object.entries(given).map(([name, argument]) => ({ name, text: hclValue(argument, indent) }))
  const width = Math.max(...values.map(({ name, text }) => (text.includes('\n') ? 0 : name.length)))
  return values
    .map(({ name, text }) => `${indent}${text.includes('\n') ? name : name.padEnd(width)} = ${text}\n`)
    .join('')
}

function hclValue(argument: Argument, indent: string): string {
  if (typeof argument === 'number') return String(argument)
  if (typeof argument === 'string') return quoted(argument)
  if (isReference(argument)) return argument.reference
  if (isList(argument)) {
    if (argument.length === 1) return `[${quoted(argument[0] as string)}]`
    return `[\n${argument.map((text) => `${indent}  ${quoted(text)},\n`).join('')}${indent}]`
  }
  return `{\n${linesOf(argument, `${indent}  `)}${indent}}`
}

function isReference(argument: object): argument is Reference {
  return 'reference' in argument
}

function isList(argument: object): argument is readonly string[] {
  return Array.isArray(argument)
}

/** A quoted template of HCL in which nothing is left that it would replace. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/[$%](?=\{)/g, '$&$&')}"`
}
