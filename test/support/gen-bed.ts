// Mail servers and files with keys that TLSA records are made for.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startLab } from '../../src/programs/lab/lab.ts'
import { certify } from './key-chains.ts'
import { commandsIn, type Ended, type LabCommands } from './lab-commands.ts'

const world = `world  mail servers to make records for
zone   dane.example
zone   dane.example MX 10 mx.dane.example
zone   dane.example MX 20 two.dane.example
zone   _25._tcp.mx.dane.example TLSA 3 1 1 {mx.dane.example.spki.sha256}
host   mx.dane.example certificate=self-signed
host   two.dane.example address=192.0.2.81,192.0.2.82 key=rsa valid=short
zone   alias.example
zone   alias.example MX 10 mail.alias.example
zone   mail.alias.example CNAME mx.dane.example
zone   authority.example
zone   authority.example MX 10 mx.authority.example
host   mx.authority.example certificate=dane-ta
zone   public.example
zone   public.example MX 10 mx.public.example
host   mx.public.example
zone   guest.example
zone   guest.example MX 10 mx.dane.example
zone   plain.example signed=no
zone   plain.example MX 10 mx.plain.example
host   mx.plain.example
zone   clear.example
zone   clear.example MX 10 mx.clear.example
host   mx.clear.example starttls=no
zone   down.example
zone   down.example MX 10 mx.down.example
zone   down.example MX 20 mx.dane.example
host   mx.down.example down
zone   six.example
zone   six.example MX 10 mx.six.example
host   mx.six.example address=192.0.2.91,2001:db8::91
zone   only.example
zone   only.example MX 10 mx.only.example
host   mx.only.example address=2001:db8::92
zone   null.example
zone   null.example MX 0 .
zone   bogus.example
zone   bogus.example MX 10 mx.bogus.example bogus
`

const root = await certify({ name: 'Root', isAuthority: true })
const middle = await certify({ name: 'Middle', isAuthority: true, by: root })
const rsa = await certify({ name: 'rsa', names: ['mx.example.org'], by: middle, algorithm: 'rsa' })
const ec = await certify({ name: 'ec', names: ['mx.example.org'], by: middle, algorithm: 'p384' })
const next = await certify({ name: 'next', algorithm: 'ed25519' })
export const chains = { root, middle, rsa, ec, next }

export const digest = (octets: Uint8Array) => createHash('sha256').update(octets).digest('hex')
export const emptyDigest = digest(Buffer.alloc(0))

export interface GenBed {
  readonly commands: LabCommands
  file(name: string): string
  gen(args: readonly string[], input?: string): Promise<Ended>
  /** With the lab's DNS. */
  genLive(...args: readonly string[]): Promise<Ended>
  close(): Promise<void>
}

/** A lab with these mail servers, and a folder with the files. */
export async function openGenBed(): Promise<GenBed> {
  const lab = await startLab(world)
  const commands = commandsIn(lab)
  putFiles(commands)
  const gen: GenBed['gen'] = (args, input) =>
    commands.run(['tlsa', 'gen', ...args], input === undefined ? {} : { input })
  return {
    commands,
    file: (name) => join(commands.folder, name),
    gen,
    genLive: (...args) => gen([...commands.iterate, ...args]),
    async close() {
      commands.close()
      await lab.close()
    },
  }
}

function putFiles(commands: LabCommands): void {
  const put = (name: string, text: string) => writeFileSync(join(commands.folder, name), text, { mode: 0o600 })
  put('chain.pem', root.pem + rsa.pem + middle.pem)
  put('ec.der.pem', ec.pem)
  put('ec.key', ec.key)
  put('next.key', next.key)
  put('root.pem', root.pem)
  put('empty.pem', '')
  put('open.key', ec.key)
  chmodSync(join(commands.folder, 'open.key'), 0o644)
  mkdirSync(join(commands.folder, 'le/live/mx'), { recursive: true })
  mkdirSync(join(commands.folder, 'le/renewal'))
  mkdirSync(join(commands.folder, 'acme/mx_ecc'), { recursive: true })
  put('acme/mx_ecc/mx.conf', "Le_Domain='mx'\n")
  put('acme/mx_ecc/mx.cer', ec.pem)
  put('acme/mx_ecc/ca.cer', middle.pem)
  put('acme/mx_ecc/mx.key', ec.key)
  put('le/live/mx/fullchain.pem', ec.pem + middle.pem)
  put('le/live/mx/privkey.pem', ec.key)
  put('le/renewal/mx.conf', '[renewalparams]\nkey_type = ecdsa\n')
}

/** The records alone: `OWNER TTL DATA`. */
export function recordsIn({ stdout }: Ended): string[] {
  assert.ok(!stdout.includes(emptyDigest))
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith(';'))
}
