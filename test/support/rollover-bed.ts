// A host whose keys change, for `waxseal tlsa plan`, `apply` and `gate` in a lab.
import { createHash, X509Certificate } from 'node:crypto'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TYPE } from '../../src/core/dns/types.ts'
import { openMint } from '../../src/programs/lab/certificates/mint.ts'
import { startLab } from '../../src/programs/lab/lab.ts'
import { describeCertificate } from '../../src/programs/lab/world/certificates.ts'
import { parseWorld } from '../../src/programs/lab/world/parse.ts'
import { commandsIn } from './lab-commands.ts'

export const host = 'mx.example.org'
export const owner = `_25._tcp.${host}`
export const start = '2026-06-01T12:00:00Z'
export const hour = 3_600_000

const world = `world  keys that change
clock  ${start}
zone   example.org ttl=3600
zone   example.org MX 10 ${host}
zone   ${owner} TLSA 3 1 1 {mx.spki.sha256}
zone   ${owner} TLSA 3 1 1 {mx.also.spki.sha256}
host   ${host} also=rsa
zone   plain.example signed=no
zone   plain.example MX 10 in.plain.example
host   in.plain.example
`

interface Change {
  readonly add: readonly { readonly data: string }[]
  readonly remove: readonly { readonly data: string }[]
}

export type RolloverBed = Awaited<ReturnType<typeof openRolloverBed>>

/** A lab with the host, files with keys that it has or may have, and a program that changes zones by writing down how. */
export async function openRolloverBed() {
  const mint = await openMint()
  const lab = await startLab(world)
  const commands = commandsIn(lab)
  const files: Record<string, string> = {}
  const file = (name: string, text: string) => {
    files[name] = join(commands.folder, name)
    writeFileSync(files[name], text, { mode: 0o600 })
  }
  for (const [name, options] of [
    ['ecdsa-1', {}],
    ['ecdsa-2', { generation: 2 }],
    ['rsa-1', { key: 'rsa' as const }],
  ] as const) {
    const { chain, key } = await mint.issue(describeCertificate(host, options))
    file(`${name}.pem`, chain)
    file(`${name}.key`, key)
  }
  const state = join(commands.folder, 'state.json')
  const written = join(commands.folder, 'written')
  const script = join(commands.folder, 'change-zone')
  writeFileSync(script, `#!/bin/sh\ncat >'${written}'\n`)
  chmodSync(script, 0o755)

  const inLab = () => ['--state', state, ...commands.iterate]
  const plan = (...args: string[]) => commands.run(['tlsa', 'plan', ...inLab(), ...args, host])
  const apply = (...args: string[]) => commands.run(['tlsa', 'apply', ...inLab(), '--command', script, ...args, host])
  const gate = (name: string, ...args: string[]) =>
    commands.run(['tlsa', 'gate', ...inLab(), '--key', files[name] ?? '', ...args, host])

  function move(byMs: number): void {
    lab.move({ to: undefined, byMs, stale: false })
  }

  /** From now on the host has this ECDSA key, and the RSA key that it always had. */
  async function present(generation: number): Promise<void> {
    const world = parseWorld(`world w\nzone example.org\nhost ${host} also=rsa\n`)
    if (!world.ok) throw new Error(world.fault)
    for (const one of world.value.setting) {
      if (one.kind === 'host') await lab.change({ ...one, certificate: { ...one.certificate, generation } })
    }
  }

  /** The records that the zone has from now on. */
  async function publish(records: readonly string[], ttl = 3600): Promise<void> {
    await lab.change({ kind: 'drop', owner, type: TYPE.TLSA })
    for (const record of records) {
      const text = `${owner}. ${ttl} IN TLSA ${record}\n`
      await lab.change({ kind: 'record', owner, type: TYPE.TLSA, text, fate: undefined })
    }
  }

  async function recordOf(name: string): Promise<string> {
    const [certificate] = readFileSync(files[`${name}.pem`] ?? '', 'utf8').split(/(?<=-----END CERTIFICATE-----\n)/)
    const spki = new X509Certificate(certificate ?? '').publicKey.export({ type: 'spki', format: 'der' })
    return `3 1 1 ${createHash('sha256').update(spki).digest('hex')}`
  }

  /** Does to the zone what the program was told to do. */
  async function followProgram(): Promise<Change> {
    const change: Change = JSON.parse(readFileSync(written, 'utf8'))
    rmSync(written)
    const before = JSON.parse((await plan('--json')).stdout).servers[0].records as string[]
    const removed = change.remove.map(({ data }) => data)
    await publish([...before.filter((record) => !removed.includes(record)), ...change.add.map(({ data }) => data)])
    return change
  }

  /** The host with its first keys, both in records, at the time where all begins, and nothing remembered. */
  async function reset(): Promise<void> {
    for (const path of [state, `${state}.lock`, written]) rmSync(path, { force: true })
    await present(1)
    move(Date.parse(start) - lab.clock.now())
    await publish([])
    await publish([await recordOf('ecdsa-1'), await recordOf('rsa-1')])
  }

  async function close(): Promise<void> {
    commands.close()
    await lab.close()
  }

  return {
    ...{ lab, commands, files, state, written, inLab, plan, apply, gate },
    ...{ move, present, publish, recordOf, followProgram, reset, close },
  }
}
