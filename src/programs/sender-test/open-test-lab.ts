import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../core/config-error.ts'
import { parseTrustAnchors } from '../../core/dnssec/anchors.ts'
import type { Clock } from '../../io/clock.ts'
import { createResolver } from '../../io/resolver/create-resolver.ts'
import { type Lab, startLab } from '../lab/lab.ts'
import { judgeWith } from '../lab/play/judge-with.ts'
import { readTestWorld } from './test-world.ts'

/** The test domains on real ports, with a resolver that validates for whoever asks it. */
export interface TestLab {
  readonly lab: Lab
  readonly files: LabFiles
  close(): Promise<void>
}

/** What a sender must be given of the lab, as paths but for the address of the resolver. */
export interface LabFiles {
  readonly resolver: string
  readonly authority: string
  readonly hints: string
  readonly anchors: string
  readonly resolvConf: string
}

/** Starts the test domains in this network namespace, and writes what a sender needs of them below a folder. */
export async function openTestLab(folder: string, clock: Clock): Promise<TestLab> {
  const lab = await startLab(readTestWorld(), { place: 'namespace', clock })
  const anchors = parseTrustAnchors(lab.trustAnchors)
  if (!anchors.ok) throw new ConfigError(`the lab's own trust anchors: ${anchors.fault}`)
  const resolver = createResolver({
    ...{ engine: 'iterate', network: lab.network, clock, rootHints: lab.rootHints, servers: [] },
    ...{ trustAnchors: anchors.value, allowSha1: false },
  })
  lab.judgeBy(judgeWith(resolver))
  return {
    lab,
    files: writeFiles(folder, lab),
    async close() {
      await resolver.close()
      await lab.close()
    },
  }
}

function writeFiles(folder: string, lab: Lab): LabFiles {
  mkdirSync(folder, { recursive: true })
  const write = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const hints = lab.rootHints.map(({ address }, at) => `. 3600 IN NS r${at}.\nr${at}. 3600 IN A ${address}\n`).join('')
  const { address } = lab.forwarder
  return {
    resolver: address,
    authority: write('authority.pem', lab.ca),
    hints: write('root.hints', hints),
    anchors: write('trust-anchors', lab.trustAnchors),
    resolvConf: write('resolv.conf', `nameserver ${address}\noptions edns0 trust-ad timeout:5 attempts:1\n`),
  }
}
