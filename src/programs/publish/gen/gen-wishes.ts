import { parseTtl } from '../../../core/dns/zone-text.ts'
import { type DomainName, domainOfName, parseHostName } from '../../../core/name/domain.ts'
import { labelsOf, type Name, withoutLabels } from '../../../core/name/name.ts'
import { parseName } from '../../../core/name/text.ts'
import { type TerraformProvider, terraformProviders } from '../../../core/publish/forms/terraform.ts'
import { type RecordForm, recordForms } from '../../../core/publish/forms.ts'
import { defaultTtl } from '../../../core/publish/record.ts'
import {
  formatTlsaForm,
  parseTlsaForm,
  type TlsaForm,
  type TlsaFormFault,
  usualForm,
} from '../../../core/publish/tlsa/form.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { UsageError, type Values } from '../../cli/command.ts'
import { readDomain } from '../../cli/explain-list.ts'
import type { genOptions } from './gen-options.ts'

/** What was asked for, read and in order. */
export interface GenWishes {
  readonly files: readonly string[]
  readonly next: readonly string[]
  readonly issuers: readonly string[]
  readonly hosts: readonly DomainName[]
  readonly domain: DomainName | undefined
  readonly forms: readonly TlsaForm[]
  readonly format: RecordForm
  readonly provider: TerraformProvider | undefined
  /** The host that records are for, where it is not the one looked at. */
  readonly owner: DomainName | undefined
  readonly port: number | undefined
  readonly zone: Name | undefined
  readonly ttl: number
}

type Given = Values<typeof genOptions>

/** Throws UsageError for what cannot be meant. */
export function readGenWishes(values: Given, files: readonly string[]): GenWishes {
  const hosts = values.host.map((text) => demandHost('--host', text))
  const domain = values.domain === undefined ? undefined : demandDomain(values.domain)
  const { owner, port } = readOwner(values.owner, values.port)
  if (files.length === 0 && hosts.length === 0 && domain === undefined) {
    throw new UsageError('give a FILE or a DIRECTORY, or --host HOST, or --domain DOMAIN (usage: waxseal tlsa gen ...)')
  }
  const isOne = hosts.length <= 1 && domain === undefined
  if (files.length > 0 && !isOne) throw new UsageError('records of files are for one host: give one --host, or --owner')
  if (files.length > 0 && hosts.length === 0 && owner === undefined) {
    throw new UsageError('say by --owner HOST which mail server the records are for')
  }
  if (owner !== undefined && !isOne) throw new UsageError('--owner is for one host, not for several')
  const format = values.json === true ? 'json' : (readWord('--format', values.format, recordForms) ?? 'zone')
  if (values.json === true && values.format !== undefined && values.format !== 'json') {
    throw new UsageError('give either --json or --format, not both')
  }
  const provider = readWord('--provider', values.provider, terraformProviders)
  if (provider !== undefined && format !== 'terraform') throw new UsageError('--provider is for --format terraform')
  return {
    ...{ files, hosts, domain, owner, port, format, provider, next: values.next, issuers: values.issuer },
    forms: readForms(values),
    zone: values.zone === undefined ? undefined : demandZone(values.zone),
    ttl: values.ttl === undefined ? defaultTtl : demandTtl(values.ttl),
  }
}

/** Of `--form`, which may be repeated, or of the three numbers apart. */
function readForms(values: Given): TlsaForm[] {
  const { usage, selector, matching } = values
  const hasParts = usage !== undefined || selector !== undefined || matching !== undefined
  if (hasParts && values.form.length > 0)
    throw new UsageError('give either --form or --usage, --selector and --matching')
  const usual = formatTlsaForm(usualForm).split(' ')
  const parts = [usage ?? usual[0], selector ?? usual[1], matching ?? usual[2]].join(' ')
  const texts = hasParts || values.form.length === 0 ? [parts] : values.form
  const forms = texts.map((text) => {
    const form = parseTlsaForm(text)
    if (!form.ok) throw new UsageError(`no TLSA records of the form "${escapeText(text)}": ${formFaults[form.fault]}`)
    return form.value
  })
  return forms.filter(
    (form, place) => forms.findIndex((other) => formatTlsaForm(other) === formatTlsaForm(form)) === place,
  )
}

const formFaults: Readonly<Record<TlsaFormFault, string>> = {
  syntax: 'it must be three numbers or words, as "3 1 1"',
  'pkix-usage': 'usages 0 and 1 have no meaning for SMTP, and senders pass such records over (RFC 7672 §3.1.3)',
  unknown: 'usage is 2 or 3, the selector 0 or 1, the matching type 0, 1 or 2',
  'whole-certificate': 'a whole certificate does not belong into DNS, for its size (RFC 7671 §10.1): "3 1 1"',
}

/** A host, or the whole name of the records, which has the port in it. */
function readOwner(text: string | undefined, portText: string | undefined) {
  const port = portText === undefined ? undefined : demandPort(portText)
  if (text === undefined) return { owner: undefined, port }
  if (!text.startsWith('_')) return { owner: demandHost('--owner', text), port }
  const name = parseName(text)
  const [first = '', second = ''] = name.ok ? labelsOf(name.value) : []
  const host = name.ok && second.toLowerCase() === '_tcp' ? domainOfName(withoutLabels(name.value, 2)) : undefined
  const ofName = /^_\d{1,5}$/.test(first) ? demandPort(first.slice(1)) : undefined
  if (host?.ok !== true || ofName === undefined) {
    throw new UsageError(`option --owner: not a host, and not _PORT._tcp.HOST: "${escapeText(text)}"`)
  }
  if (port !== undefined && port !== ofName) throw new UsageError('--owner and --port say different ports')
  return { owner: host.value, port: ofName }
}

function demandHost(option: string, text: string): DomainName {
  const host = parseHostName(text)
  if (host.ok) return host.value
  throw new UsageError(`option ${option}: not a host name: "${escapeText(text)}" (${host.fault.replaceAll('-', ' ')})`)
}

function demandDomain(text: string): DomainName {
  const domain = readDomain(text)
  if (domain.ok) return domain.value
  throw new UsageError(
    `option --domain: not a domain name: "${escapeText(text)}" (${domain.fault.replaceAll('-', ' ')})`,
  )
}

function demandPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port >= 1 && port <= 65_535) return port
  throw new UsageError(`option --port: not a port: "${escapeText(text)}"`)
}

function demandZone(text: string): Name {
  const name = parseName(text)
  if (name.ok) return name.value
  throw new UsageError(`option --zone: not a name: "${escapeText(text)}"`)
}

/** A TTL of nothing would be asked for with every message. RFC 2181 §8 */
function demandTtl(text: string): number {
  const ttl = parseTtl(text)
  if (ttl !== undefined && ttl >= 1 && ttl <= 0x7fffffff) return ttl
  throw new UsageError(`option --ttl: not a time to live in seconds, as 3600 or 1h: "${escapeText(text)}"`)
}

function readWord<Word extends string>(
  option: string,
  text: string | undefined,
  words: readonly Word[],
): Word | undefined {
  if (text === undefined) return undefined
  const word = words.find((one) => one === text)
  if (word !== undefined) return word
  throw new UsageError(`option ${option}: "${escapeText(text)}" is none of ${words.join(', ')}`)
}
