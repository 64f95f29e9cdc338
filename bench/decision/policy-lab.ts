// Domains with a policy in signed zones, in a process of its own so that its work counts for nobody; prints how to get there.
import { systemClock } from '../../src/io/clock.ts'
import { startLab } from '../../src/programs/lab/lab.ts'

/** What a process besides needs. */
export interface PolicyPlaces {
  readonly places: readonly { readonly world: Address; readonly local: Address }[]
  readonly rootHints: readonly Address[]
  readonly trustAnchors: string
  readonly ca: string
}

interface Address {
  readonly address: string
  readonly port: number
}

const domains = Array.from({ length: Number(process.argv[2]) }, (_, number) => `d${number}.example`)
const text = [
  'world  Many domains with a policy',
  ...domains.map(
    (domain) => `
zone   ${domain} algorithm=ecdsap256
zone   ${domain} MX 10 mx.${domain}
zone   mx.${domain} A 192.0.2.1
policy ${domain} mx=mx.${domain}`,
  ),
  '',
].join('\n')
const lab = await startLab(text, { clock: systemClock })
const { rootHints, trustAnchors, ca } = lab
process.stdout.write(
  `${JSON.stringify({ places: lab.places(), rootHints, trustAnchors, ca } satisfies PolicyPlaces)}\n`,
)
process.stdin.resume().on('end', () => process.exit())
