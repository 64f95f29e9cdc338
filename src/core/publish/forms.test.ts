import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { domain } from '../../../test/support/domain.ts'
import type { ResourceRecord } from '../dns/message.ts'
import { fromLatin1 } from '../dns/octets.ts'
import { writeTxt } from '../dns/rdata/write.ts'
import { CLASS, TYPE } from '../dns/types.ts'
import { parseRecord, parseZone } from '../dns/zone-text.ts'
import { nameOfDomain } from '../name/domain.ts'
import { nameFromLabels } from '../name/name.ts'
import { type TerraformProvider, terraformProviders } from './forms/terraform.ts'
import { formatRecords, type RecordForm, recordForms } from './forms.ts'
import { cnameRecord, tlsaOwner, tlsaRecord, txtRecord } from './record.ts'

const zone = nameOfDomain(domain('example.org'))
const one = 'a1'.repeat(32)
const other = '00d7'.repeat(16)

function records(text: string): ResourceRecord[] {
  const parsed = parseZone(text, { origin: zone, ttl: 3600 })
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.value
}

function lines(...all: string[]): string {
  return all.map((line) => `${line}\n`).join('')
}

const forms: [
  what: string,
  zoneText: string,
  form: RecordForm,
  provider: TerraformProvider | undefined,
  text: string,
][] = [
  [
    'a line of the zone',
    `_25._tcp.mx TLSA 3 1 1 ${one}`,
    'zone',
    undefined,
    lines(`_25._tcp.mx.example.org. 3600 IN TLSA 3 1 1 ${one}`),
  ],
  [
    'DANE-89: the generic form',
    `_25._tcp.mx TLSA 3 1 1 ${one}`,
    'rfc3597',
    undefined,
    lines(`_25._tcp.mx.example.org. 3600 IN TYPE52 \\# 35 030101${one}`),
  ],
  [
    'JSON, with the fields of TLSA',
    `_25._tcp.mx TLSA 2 0 1 ${one}`,
    'json',
    undefined,
    lines(
      `{"schema":"waxseal.records/1","records":[{"name":"_25._tcp.mx.example.org.","type":"TLSA","ttl":3600,"data":"2 0 1 ${one}","tlsa":{"usage":2,"selector":0,"matchingType":1,"data":"${one}"}}]}`,
    ),
  ],
  [
    'JSON, with the text of TXT as one',
    '_smtp._tls TXT "v=TLSRPTv1; " "rua=mailto:a@example.org"',
    'json',
    undefined,
    lines(
      '{"schema":"waxseal.records/1","records":[{"name":"_smtp._tls.example.org.","type":"TXT","ttl":3600,"data":"\\"v=TLSRPTv1; \\" \\"rua=mailto:a@example.org\\"","text":"v=TLSRPTv1; rua=mailto:a@example.org"}]}',
    ),
  ],
  [
    'octoDNS: one value',
    `_25._tcp.mx TLSA 3 1 1 ${one}`,
    'octodns',
    undefined,
    lines(
      ...['_25._tcp.mx:', '  ttl: 3600', '  type: TLSA', '  value:'],
      ...[
        `    certificate_association_data: '${one}'`,
        '    certificate_usage: 3',
        '    matching_type: 1',
        '    selector: 1',
      ],
    ),
  ],
  [
    'octoDNS: several values, the shortest TTL, and names as octoDNS sorts them',
    `_25._tcp.mx10 7200 TLSA 3 1 1 ${one}\n_25._tcp.mx10 TLSA 3 1 1 ${other}\n_25._tcp.mx9 TLSA 3 1 1 ${one}`,
    'octodns',
    undefined,
    lines(
      ...['_25._tcp.mx9:', '  ttl: 3600', '  type: TLSA', '  value:'],
      ...[
        `    certificate_association_data: '${one}'`,
        '    certificate_usage: 3',
        '    matching_type: 1',
        '    selector: 1',
      ],
      ...['_25._tcp.mx10:', '  ttl: 3600', '  type: TLSA', '  values:'],
      ...[
        `  - certificate_association_data: '${one}'`,
        '    certificate_usage: 3',
        '    matching_type: 1',
        '    selector: 1',
      ],
      ...[
        `  - certificate_association_data: '${other}'`,
        '    certificate_usage: 3',
        '    matching_type: 1',
        '    selector: 1',
      ],
    ),
  ],
  [
    'octoDNS: semicolons escaped, and a name that YAML would take for a boolean quoted',
    'no TXT "v=STSv1; id=1"\n@ CNAME a.b.',
    'octodns',
    undefined,
    lines(
      ...["'':", '  ttl: 3600', '  type: CNAME', '  value: a.b.'],
      ...["'no':", '  ttl: 3600', '  type: TXT', "  value: 'v=STSv1\\; id=1'"],
    ),
  ],
  [
    'octoDNS: several types of one name',
    'a A 192.0.2.1\na AAAA 2001:db8::1\na MX 10 mx.example.org.',
    'octodns',
    undefined,
    lines(
      ...['a:', '  - ttl: 3600', '    type: A', "    value: '192.0.2.1'"],
      ...['  - ttl: 3600', '    type: AAAA', "    value: '2001:db8::1'"],
      ...['  - ttl: 3600', '    type: MX', '    value:', "      exchange: 'mx.example.org.'", '      preference: 10'],
    ),
  ],
  [
    'Terraform, Cloudflare: a resource for each record, digits in upper case as Cloudflare returns them',
    `_25._tcp.mx TLSA 3 1 1 ${one}\n_25._tcp.mx TLSA 3 1 1 ${other}`,
    'terraform',
    undefined,
    [one, other]
      .map((digits) =>
        lines(
          `resource "cloudflare_dns_record" "_25_tcp_mx_example_org_tlsa_${digits.slice(0, 8)}" {`,
          ...[
            '  zone_id = var.zone_id',
            '  name    = "_25._tcp.mx.example.org"',
            '  type    = "TLSA"',
            '  ttl     = 3600',
          ],
          ...['  data = {', '    usage         = 3', '    selector      = 1', '    matching_type = 1'],
          ...[`    certificate   = "${digits.toUpperCase()}"`, '  }', '}'],
        ),
      )
      .join('\n'),
  ],
  [
    'Terraform, Cloudflare: an alias is never proxied',
    '_mta-sts CNAME a.host.example.',
    'terraform',
    'cloudflare',
    lines(
      'resource "cloudflare_dns_record" "_mta-sts_example_org_cname" {',
      ...['  zone_id = var.zone_id', '  name    = "_mta-sts.example.org"', '  type    = "CNAME"', '  ttl     = 3600'],
      ...['  content = "a.host.example"', '  proxied = false', '}'],
    ),
  ],
  [
    'Terraform, Route 53: the provider quotes TXT itself',
    '_smtp._tls TXT "v=TLSRPTv1; rua=https://r.example/$' + '{x}" "b"',
    'terraform',
    'route53',
    lines(
      'resource "aws_route53_record" "_smtp_tls_example_org_txt" {',
      ...['  zone_id = var.zone_id', '  name    = "_smtp._tls.example.org"', '  type    = "TXT"', '  ttl     = 3600'],
      ...['  records = ["v=TLSRPTv1; rua=https://r.example/$$' + '{x}\\"\\"b"]', '}'],
    ),
  ],
  [
    'Terraform, Google: names with their dot, TXT with its quotes',
    `_25._tcp.mx TLSA 3 1 1 ${one}\n_25._tcp.mx TLSA 3 1 1 ${other}\n_mta-sts TXT "v=STSv1; id=1"`,
    'terraform',
    'google',
    [
      lines(
        'resource "google_dns_record_set" "_25_tcp_mx_example_org_tlsa" {',
        ...[
          '  managed_zone = var.managed_zone',
          '  name         = "_25._tcp.mx.example.org."',
          '  type         = "TLSA"',
        ],
        ...['  ttl          = 3600', '  rrdatas = [', `    "3 1 1 ${one}",`, `    "3 1 1 ${other}",`, '  ]', '}'],
      ),
      lines(
        'resource "google_dns_record_set" "_mta-sts_example_org_txt" {',
        ...['  managed_zone = var.managed_zone', '  name         = "_mta-sts.example.org."', '  type         = "TXT"'],
        ...['  ttl          = 3600', '  rrdatas      = ["\\"v=STSv1; id=1\\""]', '}'],
      ),
    ].join('\n'),
  ],
  [
    'Terraform, PowerDNS',
    `_25._tcp.mx TLSA 3 1 1 ${one}`,
    'terraform',
    'powerdns',
    lines(
      'resource "powerdns_record" "_25_tcp_mx_example_org_tlsa" {',
      ...[
        '  zone    = "example.org."',
        '  name    = "_25._tcp.mx.example.org."',
        '  type    = "TLSA"',
        '  ttl     = 3600',
      ],
      ...[`  records = ["3 1 1 ${one}"]`, '}'],
    ),
  ],
  [
    'Terraform, deSEC: names below the domain',
    `_25._tcp.mx TLSA 3 1 1 ${one}`,
    'terraform',
    'desec',
    lines(
      'resource "desec_rrset" "_25_tcp_mx_example_org_tlsa" {',
      ...['  domain  = "example.org"', '  subname = "_25._tcp.mx"', '  type    = "TLSA"', '  ttl     = 3600'],
      ...[`  records = ["3 1 1 ${one}"]`, '}'],
    ),
  ],
  [
    'Terraform: names that come to one label are told apart',
    `_25._tcp.a_b TLSA 3 1 1 ${one}\n_25._tcp.a.b TLSA 3 1 1 ${one}`,
    'terraform',
    'powerdns',
    ['a_b', 'a.b']
      .map((name, place) =>
        lines(
          `resource "powerdns_record" "_25_tcp_a_b_example_org_tlsa${place === 0 ? '' : '_2'}" {`,
          ...['  zone    = "example.org."', `  name    = "_25._tcp.${name}.example.org."`, '  type    = "TLSA"'],
          ...['  ttl     = 3600', `  records = ["3 1 1 ${one}"]`, '}'],
        ),
      )
      .join('\n'),
  ],
]

for (const [what, zoneText, form, provider, text] of forms) {
  test(`formatRecords writes ${what}`, () => {
    assert.equal(formatRecords(records(zoneText), form, { zone, provider }), text)
  })
}

test('a name outside of the zone is a mistake of ours, where names are written from the zone', () => {
  const foreign = records('_25._tcp.mx.example.net. TLSA 3 1 1 00')
  assert.throws(() => formatRecords(foreign, 'octodns', { zone }), /_25\._tcp\.mx\.example\.net\. is not in the zone/)
  assert.throws(() => formatRecords(foreign, 'terraform', { zone, provider: 'desec' }), /is not in the zone/)
})

test('a text of any length goes into character-strings that hold it', () => {
  for (const length of [0, 1, 254, 255, 256, 510, 511, 4000]) {
    const text = 'x'.repeat(length)
    const { rdata, type, ttl } = txtRecord(zone, text)
    assert.deepEqual([type, ttl], [TYPE.TXT, 3600])
    assert.equal(rdata.length, length + Math.max(1, Math.ceil(length / 255)))
    const shown = formatRecords([txtRecord(zone, text)], 'json', { zone })
    assert.equal(JSON.parse(shown).records[0].text, text)
  }
})

test('a TLSA record stands at its port, and names too long for that have none', () => {
  const name = tlsaOwner(zone, 25)
  assert.ok(name !== undefined)
  const record = tlsaRecord(name, { usage: 3, selector: 1, matchingType: 1, data: Buffer.from(one, 'hex') }, 300)
  assert.equal(formatRecords([record], 'zone', { zone }), `_25._tcp.example.org. 300 IN TLSA 3 1 1 ${one}\n`)
  const long = nameFromLabels(['x'.repeat(61), 'x'.repeat(61), 'x'.repeat(61), 'x'.repeat(61)])
  assert.ok(long !== undefined)
  assert.equal(tlsaOwner(long, 25), undefined)
})

const anyText = fc
  .array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 3 })
  .map((strings) => strings.map((octets) => Buffer.from(octets).toString('latin1')))

test('whatever a TXT record holds, zone text reads back as it was, and no form lets it out of its quotes', () => {
  fc.assert(
    fc.property(anyText, (strings) => {
      const record = { name: zone, type: TYPE.TXT, class: CLASS.IN, ttl: 60, rdata: writeTxt(strings) }
      for (const form of ['zone', 'rfc3597'] as const) {
        const read = parseRecord(formatRecords([record], form, { zone }).trimEnd())
        assert.ok(read.ok && Buffer.compare(read.value.rdata, record.rdata) === 0)
      }
      for (const form of recordForms) {
        for (const provider of terraformProviders) {
          const text = formatRecords([record], form, { zone, provider })
          assert.match(text, /^[\n -~]*$/)
          // Nothing of it becomes a line of its own.
          assert.equal(
            text.split('\n').length,
            formatRecords([{ ...record, rdata: writeTxt(['']) }], form, { zone, provider }).split('\n').length,
          )
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('an alias is a name of any octets', () => {
  const target = nameFromLabels(['a b"${', 'example'])
  assert.ok(target !== undefined)
  for (const provider of terraformProviders) {
    const text = formatRecords([cnameRecord(zone, target)], 'terraform', { zone, provider })
    assert.ok(text.includes('a\\\\032b') && !/[^$]\$\{/.test(text), text)
  }
  assert.deepEqual(cnameRecord(zone, target).rdata, fromLatin1(target.wire))
})
