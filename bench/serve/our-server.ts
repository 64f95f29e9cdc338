// `waxseal serve` as it is, in a world where every domain dN.example has an MTA-STS policy in the store: DNS is answered
// from arithmetic, so that the decisions are made by the thousand without a server. `our-server.ts serve ARGUMENTS...`
import { writeMx, writeTxt } from '../../src/core/dns/rdata/write.ts'
import { TYPE } from '../../src/core/dns/types.ts'
import type { Evidence, Resolution } from '../../src/core/dnssec/resolution.ts'
import { labelsOf, type Name } from '../../src/core/name/name.ts'
import { createStsService } from '../../src/io/mtasts/sts-service.ts'
import type { Resolver } from '../../src/io/resolver/resolver.ts'
import { openWorld } from '../../src/programs/cli/open-world.ts'
import { createOut } from '../../src/programs/cli/out.ts'
import { runCommandLine } from '../../src/programs/cli/run-command-line.ts'
import { nameOfText } from '../../test/support/records.ts'

const evidence: Evidence = { chain: [], signer: undefined, server: undefined, cached: false, reason: undefined }
const ttl = 86_400
const address = Uint8Array.of(192, 0, 2, 1)

function rdataFor(name: Name, type: number): Uint8Array | undefined {
  const [first = ''] = labelsOf(name)
  const last = labelsOf(name).slice(-2).join('.')
  switch (type) {
    case TYPE.MX:
      return writeMx({ preference: 10, exchange: nameOfText(`mx.${last}`) })
    case TYPE.A:
      return address
    case TYPE.TXT:
      return first === '_mta-sts' ? writeTxt(['v=STSv1; id=1']) : undefined
    default:
      return undefined
  }
}

async function resolve(name: Name, type: number): Promise<Resolution> {
  const rdata = rdataFor(name, type)
  const common = { name, type, status: 'insecure', canonicalName: name, aliases: [], ttl, evidence } as const
  return rdata === undefined
    ? { kind: 'nodata', ...common }
    : { kind: 'answer', records: [{ name, type, class: 1, ttl, rdata }], ...common }
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
