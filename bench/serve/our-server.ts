// `waxseal serve` as it is, in a world where every domain dN.example has an MTA-STS policy in the store: DNS is answered
// from arithmetic, so that the decisions are made by the thousand without a server. `our-server.ts serve ARGUMENTS...`
import { writeMx, writeTxt } from '../../src/core/dns/rdata/write.ts'
import { TYPE } from '../../src/core/dns/types.ts'
import type { ChainLink, Evidence, Resolution } from '../../src/core/dnssec/resolution.ts'
import { labelsOf, type Name } from '../../src/core/name/name.ts'
import { formatName } from '../../src/core/name/text.ts'
import { createStsService } from '../../src/io/mtasts/sts-service.ts'
import type { Resolver } from '../../src/io/resolver/resolver.ts'
import { openWorld } from '../../src/programs/cli/open-world.ts'
import { createOut } from '../../src/programs/cli/out.ts'
import { runCommandLine } from '../../src/programs/cli/run-command-line.ts'
import { expectShortLives } from '../../src/programs/short-lives.ts'
import { nameOfText } from '../../test/support/records.ts'

expectShortLives()

const digest = new Uint8Array(32)
const key = { keyTag: 20_326, algorithm: 8 }
const ds = [{ keyTag: 20_326, algorithm: 8, digestType: 2, digest }]
const above: readonly ChainLink[] = [
  { zone: nameOfText('.'), status: 'secure', by: 'anchor', ds, key },
  { zone: nameOfText('example.'), status: 'secure', by: 'ds', ds, key },
]
const ttl = 86_400

/** As a resolver has it: the links above are shared, and the last is of a zone without a key. */
function evidenceOf(name: Name): Evidence {
  const zone = nameOfText(`${labelsOf(name).slice(-2).join('.')}.`)
  const chain = [...above, { zone, status: 'insecure', by: 'unsigned-delegation', ds: [], key: undefined } as const]
  const reason = `${formatName(zone)} is delegated without DS records`
  return { chain, signer: undefined, server: '192.0.2.53:53', cached: false, reason }
}

/** One record; of MX records two. */
function rdatasFor(name: Name, type: number): Uint8Array[] {
  const [first = ''] = labelsOf(name)
  const last = labelsOf(name).slice(-2).join('.')
  switch (type) {
    case TYPE.MX:
      return [1, 2].map((one) => writeMx({ preference: 10 * one, exchange: nameOfText(`mx${one}.${last}`) }))
    case TYPE.A:
      return [Uint8Array.of(192, 0, 2, 1)]
    case TYPE.TXT:
      return first === '_mta-sts' ? [writeTxt(['v=STSv1; id=1'])] : []
    default:
      return []
  }
}

async function resolve(name: Name, type: number): Promise<Resolution> {
  const records = rdatasFor(name, type).map((rdata) => ({ name, type, class: 1, ttl, rdata }))
  const evidence = evidenceOf(name)
  const common = { name, type, status: 'insecure', canonicalName: name, aliases: [], ttl, evidence } as const
  return records.length === 0 ? { kind: 'nodata', ...common } : { kind: 'answer', records, ...common }
}

const resolver: Resolver = { resolve, close: async () => {} }
const stopping = new AbortController()
process.on('SIGTERM', () => stopping.abort())
const clock = { now: () => Date.now() }
const environment = {}
const out = createOut({ stdout: process.stdout, stderr: process.stderr, environment })
process.exitCode = await runCommandLine(process.argv.slice(2), {
  ...{ out, clock, environment, signal: stopping.signal },
  openInput: () => process.stdin,
  async openWorld(values, need) {
    const world = await openWorld(values, need, { out, clock, environment })
    return { ...world, resolver, sts: createStsService({ ...world, resolver }) }
  },
})
