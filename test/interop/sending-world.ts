// A lab on real ports, a validating Unbound, `waxseal serve` and a sending Postfix, all in one network namespace.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/io/clock.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { type PolicyService, startPolicyService } from './policy-service.ts'
import { type SendingPostfix, startSendingPostfix } from './sending-postfix.ts'
import { type Stage, startUnbound } from './servers.ts'

/** Postfix believes what this resolver says of DNSSEC. */
const resolver = '127.0.0.1'

/** What Unbound must not remember, so that every question meets the world as it is. */
const forgetful = [
  ...['cache-max-ttl: 0', 'cache-max-negative-ttl: 0', 'msg-cache-size: 0', 'rrset-cache-size: 0'],
  ...['key-cache-size: 0', 'neg-cache-size: 0', 'infra-host-ttl: 0', 'val-bogus-ttl: 0', 'aggressive-nsec: no'],
]

export interface SendingWorld {
  readonly lab: Lab
  readonly postfix: SendingPostfix
  /** Starts the service; it keeps its policies in `store`, below the stage's folder. */
  serve(store: string, ...args: readonly string[]): Promise<PolicyService>
}

export interface SendingWorldOptions {
  /** The world's text; docs/lab.md. */
  readonly world: string
  readonly transports: Readonly<Record<string, readonly string[]>>
  readonly routes?: readonly string[]
  readonly settings?: readonly string[]
}

export async function openSendingWorld(stage: Stage, options: SendingWorldOptions): Promise<SendingWorld> {
  const { world, transports, routes = [], settings = [] } = options
  const lab = await startLab(world, { place: 'namespace', clock: systemClock })
  stage.onStop(() => lab.close())
  const file = (name: string, text: string) => {
    writeFileSync(join(stage.folder, name), text)
    return join(stage.folder, name)
  }
  const hints = lab.rootHints.map(({ address }, at) => `. 3600 IN NS r${at}.\nr${at}. 3600 IN A ${address}\n`).join('')
  await startUnbound(stage, resolver, { anchors: lab.trustAnchors, hints, more: forgetful })
  const authorities = file('authorities.pem', lab.ca)
  const iterate = [
    ...['--engine', 'iterate', '--root-hints', file('hints', hints)],
    ...['--trust-anchor', file('anchors', lab.trustAnchors), '--ca-file', authorities, '--allow-private'],
  ]
  const postfix = await startSendingPostfix(stage, {
    ...{ resolver, authorities, transports, routes, settings },
  })
  return {
    ...{ lab, postfix },
    serve: (store, ...args) => startPolicyService(stage, [...iterate, '--store', join(stage.folder, store), ...args]),
  }
}
