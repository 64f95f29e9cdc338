// Starts the authoritative servers, each at an address of its own, with files that were signed before.
import { primaries, startKnot, startNamed } from '../authoritative.ts'
import { type Stage, startNsd } from '../servers.ts'
import type { Server } from './plans.ts'

/** Zone name to file. */
export type ZoneFiles = Readonly<Record<string, string>>

type Start = (stage: Stage, address: string, zones: ZoneFiles) => Promise<void>

const startPlainKnot: Start = (stage, address, zones) =>
  startKnot(stage, address, {
    sections: [
      'template:',
      '  - id: default',
      '    semantic-checks: off',
      '    zonefile-sync: -1',
      '    journal-content: none',
      'zone:',
      ...Object.entries(zones).flatMap(([name, file]) => [`  - domain: "${name}"`, `    file: "${file}"`]),
    ],
  })

const startPlainBind: Start = (stage, address, zones) =>
  startNamed(stage, address, {
    options: ['session-keyfile none;', 'check-names primary ignore;', 'check-integrity no;', 'check-sibling no;'],
    zones: primaries(zones),
  })

export const startServer: Readonly<Record<Server, Start>> = {
  ...{ nsd: startNsd, knot: startPlainKnot, bind: startPlainBind },
}
