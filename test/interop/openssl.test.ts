// OpenSSL's own DANE code and ours judge the same servers by the same records.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { demandOf } from '../../src/core/dane/match.ts'
import { parseTlsa, selectUsable } from '../../src/core/dane/tlsa.ts'
import { hex } from '../../src/core/dns/octets.ts'
import { systemClock } from '../../src/io/clock.ts'
import { attemptAddress } from '../../src/io/delivery/attempt-address.ts'
import { createNetwork } from '../../src/io/network-node.ts'
import { createAnchorMemory } from '../../src/io/smtp/anchor-memory.ts'
import { createAuthenticator, type PeerEvidence } from '../../src/io/smtp/authenticator.ts'
import { createTlsProfile } from '../../src/io/smtp/tls-profile.ts'
import { domain } from '../support/domain.ts'
import { type Chain, makeChains, writeChain } from './chains.ts'
import { startPostfix } from './mail-servers.ts'
import { addAddresses, openStage, run } from './servers.ts'

const stage = openStage()
const { chains, stranger } = makeChains(stage)

function addressOf(chain: Chain): string {
  return `192.0.2.${101 + chains.indexOf(chain)}`
}

before(async () => {
  addAddresses(chains.map(addressOf))
  const hosts = chains.map((chain, place) => ({
    ...{ address: addressOf(chain), name: chain.host },
    ...writeChain(stage, chain, `server-${place}`),
  }))
  await startPostfix(stage, hosts, ['chain.example'])
})

after(() => stage.stop())

/** Of whom a record is: a certificate of the chain, or one that has nothing to do with it. */
type Subject = 'leaf' | 'intermediate' | 'root' | 'stranger'

/** `usage selector matching-type subject`; a set of records has ` + ` between them. */
type RecordSet = string

function recordsOf(set: RecordSet, chain: Chain): string[] {
  return set.split(' + ').map((text) => {
    const [usage, selector, matchingType, subject] = text.split(' ')
    const { certificate } = { ...chain, stranger }[subject as Subject]
    const data = selector === '0' ? derOf(readFileSync(certificate, 'utf8')) : spkiOf(certificate)
    return `${usage} ${selector} ${matchingType} ${hex(associationOf(data, matchingType))}`
  })
}

function associationOf(data: Uint8Array, matchingType: string | undefined): Uint8Array {
  if (matchingType === '0') return data
  return createHash(matchingType === '1' ? 'sha256' : 'sha512')
    .update(data)
    .digest()
}

const spkis = new Map<string, Uint8Array>()

function spkiOf(certificate: string): Uint8Array {
  const known = spkis.get(certificate) ?? derOf(run('openssl', ['x509', '-in', certificate, '-noout', '-pubkey']))
  spkis.set(certificate, known)
  return known
}

function derOf(pem: string): Uint8Array {
  return Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
}

/** No roots, and names that do not count for usage 3. RFC 7672 §3.1.1 */
const smtpOptions: readonly string[] = ['-no-CAfile', '-dane_ee_no_namechecks']

/** Whether `openssl s_client` takes the server for the one that the records name. */
function askOpenssl(chain: Chain, records: readonly string[], options = smtpOptions): Promise<boolean> {
  const dane = ['-dane_tlsa_domain', chain.host, ...records.flatMap((text) => ['-dane_tlsa_rrdata', text])]
  const quiet = ['-brief', '-no-CApath', '-no-CAstore', '-verify_return_error', ...options]
  const args = ['s_client', '-starttls', 'smtp', '-name', 'client.example', '-connect', `${addressOf(chain)}:25`]
  return new Promise((resolve) => {
    const child = execFile('openssl', [...args, ...dane, ...quiet], (_, __, stderr) => {
      const isConnected = /^CONNECTION ESTABLISHED$/m.test(stderr)
      assert.ok(isConnected || /verify|alert|SSL_connect/i.test(stderr), stderr)
      resolve(isConnected && /^Verification: OK$/m.test(stderr) && /^DANE TLSA /m.test(stderr))
    })
    child.stdin?.on('error', () => {}) // it may be gone already
    child.stdin?.end('QUIT\r\n')
  })
}

const network = createNetwork({ allowPrivate: true })
const noRoots = createTlsProfile({ ca: [] })

/** Whether we do. */
async function askUs(chain: Chain, records: readonly string[], profile = noRoots): Promise<boolean> {
  const parsed = records.flatMap((text) => {
    const tlsa = parseTlsa(text)
    return tlsa.ok ? [tlsa.value] : []
  })
  const host = domain(chain.host)
  const demand = {
    ...{ host, serverName: host, strict: true, needsPkix: false },
    dane: { ...demandOf(selectUsable(parsed)), names: [host] },
    decide: ({ dane }: PeerEvidence) => dane?.kind === 'matched',
  }
  const authenticator = await createAuthenticator(demand, {
    profile,
    anchors: createAnchorMemory(),
    clock: systemClock,
  })
  const sessions = await attemptAddress(
    {
      ...{ host, endpoint: { address: addressOf(chain), port: 25 }, chosenBy: 'operator', tls: 'required' },
      ...{ clientName: 'client.example', mail: undefined, message: undefined, authenticator },
    },
    { network, clock: systemClock },
  )
  const end = sessions.at(-1)?.end.kind
  assert.ok(end === 'completed' || end === 'not-authenticated', end)
  return end === 'completed'
}

const forms = ['0 0', '0 1', '0 2', '1 0', '1 1', '1 2']

/** For the good chain: everything. */
const everyRecord: readonly RecordSet[] = forms.flatMap((form) => [
  ...['leaf', 'stranger'].map((subject) => `3 ${form} ${subject}`),
  ...['leaf', 'intermediate', 'root', 'stranger'].map((subject) => `2 ${form} ${subject}`),
])

const someRecords: readonly RecordSet[] = [
  ...['3 1 1 leaf', '3 0 2 leaf', '3 1 1 stranger', '3 1 1 intermediate'],
  ...['2 0 1 leaf', '2 1 1 leaf'],
  ...['2 0 0', '2 0 1', '2 1 0', '2 1 2'].flatMap((form) => [`${form} intermediate`, `${form} root`]),
]

/** Records together: one that matches suffices, but a weaker digest does not count beside a stronger. RFC 7671 §8, §9 */
const togetherRecords: readonly RecordSet[] = [
  '2 0 0 leaf + 2 0 1 root',
  '2 0 0 leaf + 2 1 0 intermediate',
  '2 0 0 leaf + 3 1 1 leaf',
  '2 0 0 stranger + 2 0 1 intermediate',
  '3 1 1 stranger + 3 1 1 leaf',
  '3 1 1 leaf + 3 1 2 stranger',
  '3 1 2 leaf + 3 1 1 stranger',
  '3 0 1 leaf + 3 1 2 stranger',
  '3 1 0 leaf + 3 1 2 stranger',
  '2 0 1 stranger + 3 1 1 leaf',
  '3 1 1 stranger + 2 0 1 root',
  '3 1 1 stranger + 2 0 1 stranger',
  '2 0 1 intermediate + 2 0 2 stranger',
  '2 0 1 root + 2 1 2 stranger',
]

interface Difference {
  readonly chain: string
  readonly sets: RegExp
  readonly ours: boolean
  readonly because: string
}

/** Where OpenSSL and we differ, what we say, and why. */
const differences: readonly Difference[] = [
  {
    ...{
      chain: 'a certificate with a wildcard for part of a label',
      sets: /^2 . . (?:intermediate|root)$/,
      ours: false,
    },
    because: 'OpenSSL allows it unless told otherwise, and RFC 7672 §3.2.3 does not',
  },
  {
    ...{ chain: 'an expired intermediate', sets: /^2 . . intermediate$/, ours: false },
    because: 'OpenSSL looks at the dates of an anchor that is self-signed alone, and we at those of any',
  },
]

for (const chain of chains) {
  const isWhole = chain.what === 'a whole chain'
  const sets = isWhole ? [...everyRecord, ...togetherRecords] : someRecords
  test(`DANE-52 DANE-54 ${chain.what}: OpenSSL and we agree about ${sets.length} sets of records`, async () => {
    const theirs: string[] = []
    const ours: string[] = []
    const waiting = sets.values()
    const worker = async () => {
      for (const set of waiting) {
        const records = recordsOf(set, chain)
        const different = differences.find(({ chain: what, sets: of }) => what === chain.what && of.test(set))
        const expected = await askOpenssl(chain, records)
        if (different !== undefined)
          assert.notEqual(different.ours, expected, `${set}: no difference, though ${different.because}`)
        theirs.push(`${set}: ${different?.ours ?? expected}`)
        ours.push(`${set}: ${await askUs(chain, records)}`)
      }
    }
    await Promise.all([worker(), worker(), worker(), worker()])
    assert.deepEqual(ours.sort(), theirs.sort())
  })
}

function chainOf(what: string): Chain {
  const chain = chains.find((one) => one.what === what)
  assert.ok(chain, what)
  return chain
}

test('DANE-11 records that cannot be used neither help nor harm, with OpenSSL and with us', async () => {
  const chain = chainOf('a whole chain')
  const [good = '', bad = ''] = recordsOf('3 1 1 leaf + 3 1 1 stranger', chain)
  const unusable = [
    `3 1 2 ${'ab'.repeat(63)}`,
    `3 1 1 ${'ab'.repeat(31)}`,
    '2 0 0 abcd',
    '9 1 1 00',
    '3 9 1 00',
    '3 1 9 00',
  ]
  for (const record of unusable) {
    for (const [records, expected] of [
      [[record, good], true],
      [[record, bad], false],
    ] as const) {
      assert.equal(await askOpenssl(chain, records), expected, records.join())
      assert.equal(await askUs(chain, records), expected, records.join())
    }
  }
})

test('DANE-12 usage 1 is a match for OpenSSL where roots are, and for us no record at all. RFC 7672 §3.1.3', async () => {
  const chain = chainOf('a whole chain')
  const records = recordsOf('1 1 1 leaf', chain)
  assert.equal(await askOpenssl(chain, records, ['-CAfile', chain.root.certificate]), true)
  assert.equal(
    await askUs(chain, records, createTlsProfile({ ca: readFileSync(chain.root.certificate, 'utf8') })),
    false,
  )
})

test('DANE-52 OpenSSL would hold names against usage 3 unless told otherwise. RFC 7672 §3.1.1', async () => {
  const chain = chainOf('a certificate of another name')
  const records = recordsOf('3 1 1 leaf', chain)
  assert.equal(await askOpenssl(chain, records, ['-no-CAfile']), false)
  assert.equal(await askOpenssl(chain, records), true)
  assert.equal(await askUs(chain, records), true)
})

test('DANE-57 a root that is trusted here does not stand in for an anchor that was not sent', async () => {
  const chain = chainOf('a chain without its root')
  const profile = createTlsProfile({ ca: readFileSync(chain.root.certificate, 'utf8') })
  for (const set of ['2 0 1 root', '2 1 1 root', '2 0 1 stranger', '3 1 1 stranger']) {
    const records = recordsOf(set, chain)
    assert.equal(await askOpenssl(chain, records, ['-CAfile', chain.root.certificate, '-dane_ee_no_namechecks']), false)
    assert.equal(await askUs(chain, records, profile), false, set)
  }
})
