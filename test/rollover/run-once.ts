// One run of the assistant on files: the zone and what the host presents are files too. As a program it kills itself, as
// SIGKILL does, before the nth time that it changes a file.
import fs from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { formatTlsa } from '../../src/core/dane/tlsa.ts'
import { readTlsa } from '../../src/core/dns/rdata/records.ts'
import { nameOfDomain, parseHostName } from '../../src/core/name/domain.ts'
import { prependLabels } from '../../src/core/name/name.ts'
import type { HostSeen } from '../../src/core/publish/rollover/rollover.ts'
import type { ZoneSeen } from '../../src/core/publish/rollover/zone-seen.ts'
import { makeKey } from '../../src/io/publish/make-key.ts'
import { openRolloverFile } from '../../src/io/publish/rollover-file.ts'
import { runGate } from '../../src/programs/publish/rollover/run-gate.ts'
import { type Applied, applyStep } from '../../src/programs/publish/rollover/run-step.ts'

const parsed = parseHostName('mx.example.org')
if (!parsed.ok) throw new Error(parsed.fault)
export const host = parsed.value
const owner = prependLabels(['_25', '_tcp'], nameOfDomain(host)) as ZoneSeen['owner']

/** What stands in `world.json` of a folder. */
export interface FiledWorld {
  readonly now: number
  readonly records: readonly string[]
  /** SubjectPublicKeyInfo in base64. */
  readonly live: readonly string[]
}

export function readFiledWorld(folder: string): FiledWorld {
  return JSON.parse(fs.readFileSync(join(folder, 'world.json'), 'utf8'))
}

export function writeFiledWorld(folder: string, world: FiledWorld): void {
  fs.writeFileSync(join(folder, 'world.json.new'), JSON.stringify(world))
  fs.renameSync(join(folder, 'world.json.new'), join(folder, 'world.json'))
}

export async function runOnce(folder: string, command: 'apply' | 'gate'): Promise<Applied | undefined> {
  const world = readFiledWorld(folder)
  const io = {
    file: openRolloverFile(join(folder, 'state', 'host.json'), async () => {}),
    clock: { now: () => world.now },
    lookAtZone: async (): Promise<ZoneSeen> => ({
      ...{ zone: owner, owner, fault: undefined },
      servers: [{ place: 'ns1', says: { kind: 'secure', records: world.records, ttl: 3600 } }],
    }),
    lookAtHost: async (): Promise<HostSeen> => {
      const shown = world.live.map((spki) => ({ spki: Buffer.from(spki, 'base64'), chain: undefined }))
      return { addresses: [{ address: '192.0.2.1', shown, unknown: undefined, lacksTls: false }], fault: undefined }
    },
  }
  if (command === 'gate') {
    const [spki = ''] = world.live
    await runGate({ host, port: 25, shown: { spki: Buffer.from(spki, 'base64'), chain: undefined } }, io)
    return undefined
  }
  return applyStep(
    { host, port: 25, wishes: {} },
    {
      ...io,
      ttl: 3600,
      makeKey: (after, known) => makeKey({ host, folder }, after, known),
      writer: {
        does: 'change the zone',
        async write({ add, remove }) {
          const texts = (records: typeof add) => records.map(({ rdata }) => textOf(rdata))
          const removed = texts(remove)
          const kept = world.records.filter((record) => !removed.includes(record))
          writeFiledWorld(folder, { ...world, records: [...new Set([...kept, ...texts(add)])].toSorted() })
          return { kind: 'written', by: 'the file', wasThere: false }
        },
      },
    },
  )
}

function textOf(rdata: Uint8Array): string {
  const fields = readTlsa(rdata)
  if (!fields.ok) throw new Error(fields.fault)
  return formatTlsa(fields.value)
}

/** From the nth call on there is no process any more. */
function killBefore(count: number): void {
  let left = count
  const counted = <Call extends (...args: never[]) => unknown>(call: Call): Call =>
    ((...args: never[]) => {
      if (--left <= 0) process.kill(process.pid, 'SIGKILL')
      return call(...args)
    }) as Call
  for (const name of ['rename', 'rm', 'mkdir'] as const) {
    promises[name] = counted(promises[name] as never) as never
  }
  const { open } = promises
  promises.open = counted(async (...args: Parameters<typeof open>) => {
    const file = await open(...args)
    for (const name of ['writeFile', 'sync', 'close'] as const)
      file[name] = counted(file[name].bind(file) as never) as never
    return file
  })
  for (const name of ['renameSync', 'writeFileSync'] as const) {
    fs[name] = counted(fs[name] as never) as never
  }
  syncBuiltinESMExports()
}

if (process.argv[1] === import.meta.filename) {
  const [, , folder = '', command = '', count = ''] = process.argv
  killBefore(Number(count))
  await runOnce(folder, command === 'gate' ? 'gate' : 'apply')
}
