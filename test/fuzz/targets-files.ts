import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { ConfigError } from '../../src/core/config-error.ts'
import { ourEdns } from '../../src/core/dns/edns.ts'
import { encodeMessage, makeQuery } from '../../src/core/dns/encode.ts'
import { TYPE } from '../../src/core/dns/types.ts'
import { limits } from '../../src/core/limits.ts'
import { openArchive, readArchive } from '../../src/core/mtasts/archive.ts'
import {
  formatSharedPolicy,
  parseSharedPolicy,
  parseSharedTimes,
  sharedHeaderOctets,
} from '../../src/core/mtasts/shared-policy.ts'
import { parseDomainName } from '../../src/core/name/domain.ts'
import type { Result } from '../../src/core/result.ts'
import { parseCertificate, parseSpki, spkiOf } from '../../src/core/x509/certificate.ts'
import { parseCacheFile, writeCacheFile } from '../../src/io/resolver/cache-file.ts'
import { createSavedReplies } from '../../src/io/resolver/saved-replies.ts'
import { parseServers } from '../../src/io/resolver/system-servers.ts'
import { createTask, trouble } from '../../src/io/resolver/task.ts'
import { type ListLine, readList } from '../../src/programs/cli/domain-list.ts'
import { parseConfigFile } from '../../src/programs/config/config-file.ts'
import { formatEndpoint, readEndpoint } from '../../src/programs/config/endpoint.ts'
import { parseRootHints } from '../../src/programs/config/root-hints.ts'
import { parseAnchorFile } from '../../src/programs/config/trust-anchors.ts'
import { type Target, textTarget } from './target.ts'
import { octetsOf } from './wire-pieces.ts'

/** Undefined for what is refused as a mistake of the operator's, in one line that names the file. */
async function unlessRefused<Value>(read: () => Value | Promise<Value>): Promise<Value | undefined> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    assert.match(error.message, /file/)
    assert.doesNotMatch(error.message, /[\n\r]/)
    return undefined
  }
}

const configTarget = textTarget(
  'config-file',
  async (text) => {
    const file = await unlessRefused(() => parseConfigFile(text, 'file'))
    const lines = text.split('\n').length
    for (const { line } of file?.entries.values() ?? []) assert.ok(line >= 1 && line <= lines)
  },
  {
    seeds: [
      'engine = "forward"\nserver = ["192.0.2.1", "[2001:db8::1]:53"]\n',
      '# comment\nsmtp-port = 2525\nallow-private = true\n"store" = \'/var/lib/x\'\n',
      '[engine]\na = 1\n[[server]]\nb = 1979-05-27T07:32:00Z\n',
      'engine = """\nforward"""\nserver = [1, { a = 0x1f }, inf]\n',
    ],
    words:
      'engine server root-hints trust-anchor ca-file smtp-port allow-private store = " \' """ [ ] { } # true 1 1e9 inf nan \\u0000 .',
  },
)

const rootHintsTarget = textTarget(
  'root-hints',
  async (text) => {
    for (const { address, port } of (await unlessRefused(() => parseRootHints(text, 'file'))) ?? []) {
      assert.ok(isIP(address) !== 0 && port === 53)
    }
    await unlessRefused(() => parseAnchorFile(text, { path: 'file', allowSha1: false }))
  },
  {
    seeds: [
      '; hints\n. 3600000 NS A.ROOT-SERVERS.NET.\nA.ROOT-SERVERS.NET. 3600000 A 198.41.0.4\nA.ROOT-SERVERS.NET. 3600000 AAAA 2001:503:ba3e::2:30\n',
      '@ IN NS a\na A 192.0.2.1\na AAAA ::1\n',
    ],
    words: '. IN NS A AAAA 3600000 ; $ORIGIN $TTL @ ( ) a. 192.0.2.1 ::1',
  },
)

const serversTarget = textTarget(
  'server-lists',
  (text) => {
    for (const { address } of parseServers(text)) assert.notEqual(isIP(address), 0)
    for (const word of text.split(/\s+/)) {
      const endpoint = readEndpoint(word, 53)
      if (endpoint !== undefined) assert.deepEqual(readEndpoint(formatEndpoint(endpoint), 53), endpoint)
    }
  },
  {
    seeds: ['nameserver 192.0.2.1\nsearch a\nnameserver fe80::1%eth0\n', '192.0.2.1:53 [2001:db8::1]:5353 2001:db8::1'],
    words: 'nameserver 192.0.2.1 [::1]:53 : [ ] % # ;',
  },
)

/** However a list comes in pieces, its lines are the same. */
async function runList(octets: Uint8Array): Promise<void> {
  const size = 1 + ((octets[0] ?? 0) % 16)
  const stream = octets.subarray(1)
  const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, at) =>
    stream.subarray(at * size, (at + 1) * size),
  )
  const [whole, cut] = [await linesOf([stream]), await linesOf(pieces)]
  assert.deepEqual(cut, whole)
}

async function linesOf(pieces: readonly Uint8Array[]) {
  async function* input() {
    yield* pieces
  }
  const lines: ListLine[] = []
  for await (const line of readList(input())) lines.push(line)
  return lines
}

const listTarget: Target = {
  name: 'domain-list',
  run: runList,
  seeds: ['\x03example.org\r\n# a comment\n\n  bücher.example \nno end', '\x01\xff\xfe\n'].map((text) =>
    Buffer.from(text),
  ),
  words: [Buffer.from('\n'), Buffer.from('#'), Buffer.from(' '), Uint8Array.of(0xff)],
}

const vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'vectors', 'dane-certificates.json'), 'utf8'),
) as { certificates: Record<string, string> } // our own file
const certificates = Object.values(vectors.certificates).map((base64) => Buffer.from(base64, 'base64'))

/** What OpenSSL reads as a certificate has the key that we cut out of it, octet for octet, or none that we use. */
function runCertificate(octets: Uint8Array): void {
  const spki = spkiOf(octets)
  if (spki !== undefined) assert.ok(Buffer.from(octets).includes(Buffer.from(spki)))
  parseSpki(octets)
  const certificate = parseCertificate(octets)
  if (certificate === undefined) return
  assert.deepEqual(Buffer.from(certificate.raw), Buffer.from(octets))
  assert.ok(spki, 'a certificate without a key')
  const key = parseSpki(spki)
  if (key === undefined) return
  assert.ok(key.equals(certificate.publicKey))
}

const certificateTarget: Target = {
  name: 'certificate',
  run: runCertificate,
  seeds: [...certificates.filter(({ length }) => length <= 1024).slice(0, 8), octetsOf('3003020101')],
  words: [
    octetsOf('3082'),
    octetsOf('a003020102'),
    octetsOf('0201'),
    octetsOf('3000'),
    octetsOf('0500'),
    octetsOf('80'),
  ],
}

const filed = [TYPE.A, TYPE.DNSKEY].map((type) => {
  const question = { id: 1, recursionDesired: false, checkingDisabled: true, edns: ourEdns } as const
  const name = { wire: '\x01a\x01b\0', key: '\x01a\x01b\0', labelCount: 2 }
  return { name, type, until: 2 ** 42, message: encodeMessage(makeQuery(name, type, question)) }
})

/**
 * A saved cache without its digest, which is put behind it here: whoever writes a file can compute one. What is read is
 * written as it was, and whatever its replies are, a resolver can be asked about each.
 */
async function runCacheFile(octets: Uint8Array): Promise<void> {
  const file = Buffer.concat([octets, createHash('sha256').update(octets).digest()])
  const read = parseCacheFile(file)
  if (!read.ok) return
  assert.deepEqual(Buffer.from(writeCacheFile(read.value)), file)
  const clock = { now: () => 2 ** 41 }
  const saved = createSavedReplies(() => clock.now())
  const loaded = saved.load(file)
  if (!loaded.ok) return
  const upstream = saved.inFrontOf({
    fetch: async () => ({ ok: false, trouble: trouble('unreachable', 'there is no server') }),
    close: async () => {},
  })
  const { signal } = new AbortController()
  for (const { name, type } of read.value.replies) {
    const fetched = await upstream.fetch({ name, type }, createTask({ signal, clock }), new Set())
    if (!fetched.ok) continue
    const [question] = fetched.reply.message.questions
    assert.ok(question?.name.key === name.key && question.type === type)
    for (const { ttl } of [...fetched.reply.answer, ...fetched.reply.authority]) assert.ok(ttl <= limits.resolver.ttl)
  }
}

const cacheTarget: Target = {
  name: 'cache-file',
  run: runCacheFile,
  seeds: [writeCacheFile({ savedAt: 2 ** 41, replies: filed }).subarray(0, -32)],
  words: [octetsOf('0000000000010001'), octetsOf('c00c'), octetsOf('00300001'), octetsOf('040000000000')],
}

const archiveSeed = [
  'waxseal-policies/1',
  '{"domain":"a.example","id":"1","fetchedAt":1,"body":"version: STSv1\\nmode: none\\nmax_age: 60\\n"}',
  `signature ${'A'.repeat(86)}==`,
  '',
].join('\n')

/** As if every signature were right. */
const archiveTarget = textTarget(
  'policy-archive',
  (text) => {
    const octets = Buffer.from(text)
    const opened = openArchive(octets)
    const read = readArchive(opened.ok ? opened.value : { signed: octets, signature: octets })
    if (!read.ok) return assert.ok(read.at >= 2 && read.at <= text.split('\n').length + 1)
    for (const { body, fetchedAt } of read.value) assert.ok(body !== '' && fetchedAt >= 0)
  },
  {
    seeds: [archiveSeed],
    words: '"domain" "id" "fetchedAt" "body" { } : , \\n \\u0000 1e3 -1 null waxseal-policies/1 signature',
  },
)

const sharedDomain = parsed(parseDomainName('a.example'))
const sharedNow = 2 ** 40
const sharedBody = 'version: STSv1\nmode: none\nmax_age: 600000\n'
const sharedOf = (fetchedAt: number, more = {}) =>
  formatSharedPolicy({
    ...{ domain: sharedDomain, id: '1', body: sharedBody, fetchedAt, refreshAt: fetchedAt + 1, ...more },
  })

/** What is read stands again as it was written, but for a clock that was a little ahead. */
const sharedTarget = textTarget(
  'shared-policy',
  (text) => {
    const read = parseSharedPolicy(text, sharedDomain, sharedNow)
    if (!read.ok) return
    const { policy: _, ...shared } = read.value
    const times = parseSharedTimes(text.slice(0, sharedHeaderOctets))
    assert.ok(times.ok && times.value.fetchedAt >= shared.fetchedAt && shared.fetchedAt <= sharedNow)
    const again = parseSharedPolicy(formatSharedPolicy(shared), sharedDomain, sharedNow)
    assert.deepEqual(again, read)
  },
  {
    seeds: [
      sharedOf(sharedNow),
      sharedOf(sharedNow + 1000),
      sharedOf(sharedNow + 1e6),
      sharedOf(1, { domain: 'b.example' }),
    ],
    words: 'waxseal-policy/1 waxseal-policy/2 0 1 9 { } " domain id body \\u0000',
  },
)

function parsed<Value>(result: Result<Value, string>): Value {
  assert.ok(result.ok)
  return result.value
}

export const fileTargets: readonly Target[] = [
  // Every unknown key is compared with every setting.
  { ...configTarget, workPerOctet: 500 },
  { ...rootHintsTarget, workPerOctet: 1000 },
  serversTarget,
  listTarget,
  archiveTarget,
  sharedTarget,
  certificateTarget,
  // Names of 127 labels may stand in two octets, as in other messages.
  { ...cacheTarget, workPerOctet: 1000 },
]
