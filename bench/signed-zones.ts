import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeMessage, makeQuery } from '../src/core/dns/encode.ts'
import type { ResourceRecord } from '../src/core/dns/message.ts'
import { writeDs } from '../src/core/dns/rdata/write.ts'
import { CLASS, TYPE } from '../src/core/dns/types.ts'
import { formatRecord, parseZone } from '../src/core/dns/zone-text.ts'
import { type Name, rootName } from '../src/core/name/name.ts'
import { parseName } from '../src/core/name/text.ts'
import { createSigningKey } from '../src/programs/lab/dns/signing-key.ts'
import { createSigner } from '../src/programs/lab/dns/zone-signer.ts'
import { addAddresses, type Stage, startNsd } from '../test/interop/servers.ts'

const at = { root: '192.0.2.1', top: '192.0.2.2', zones: '192.0.2.3' }

/** DS records of the root, as zone text, and its hints. */
export interface SignedTree {
  readonly anchors: string
  readonly hints: string
  readonly rootAddress: string
}

/** Root, `example.` (NSEC3) and so many zones below it, with one P-256 key each, served by an NSD a level. */
export async function serveZones(stage: Stage, count: number): Promise<SignedTree> {
  const files: Record<string, string> = {}
  const delegations: string[] = []
  for (let number = 0; number < count; number++) {
    const zone = `z${number}.example.`
    const { file, delegation } = writeZone(stage, zone, { address: at.zones, body: bodyOf(zone, number) })
    files[zone] = file
    delegations.push(delegation)
  }
  const top = writeZone(stage, 'example.', { address: at.top, body: delegations.join('\n'), denial: 'nsec3' })
  const root = writeZone(stage, '.', { address: at.root, body: top.delegation })
  addAddresses(Object.values(at))
  await startNsd(stage, at.root, { '.': root.file })
  await startNsd(stage, at.top, { 'example.': top.file })
  await startNsd(stage, at.zones, files)
  await waitForReply(at.zones, `z${count - 1}.example.`)
  const hints = `. 3600000 NS ns.\nns. 3600000 A ${at.root}\n`
  return { anchors: root.ds.map((record) => `${formatRecord(record)}\n`).join(''), hints, rootAddress: at.root }
}

/** NSD listens before it has read its zones, which takes it minutes when there are many. */
async function waitForReply(address: string, zone: string): Promise<void> {
  const socket = createSocket('udp4')
  const query = encodeMessage(
    makeQuery(readName(zone), TYPE.SOA, { id: 1, recursionDesired: false, checkingDisabled: false, edns: undefined }),
  )
  const answered = once(socket, 'message')
  const ask = () => socket.send(query, 53, address)
  const again = setInterval(ask, 100)
  ask()
  await answered
  clearInterval(again)
  socket.close()
}

/** Half of them have the TXT record that the other half denies. */
function bodyOf(zone: string, number: number): string {
  return [
    `${zone} 3600 IN MX 10 mx.${zone}`,
    `mx.${zone} 3600 IN A 192.0.2.25`,
    `_25._tcp.mx.${zone} 3600 IN TLSA 3 1 1 ${'5a'.repeat(32)}`,
    ...(number % 2 === 0 ? [`_mta-sts.${zone} 3600 IN TXT "v=STSv1; id=1;"`] : []),
  ].join('\n')
}

interface Declared {
  readonly address: string
  readonly body: string
  readonly denial?: 'nsec3'
}

function writeZone(stage: Stage, name: string, { address, body, denial }: Declared) {
  const origin = readName(name)
  const ns = name === '.' ? 'ns.' : `ns.${name}`
  const apex = `${name} 3600 IN SOA ${ns} ${ns} 1 3600 600 86400 300\n${name} 3600 IN NS ${ns}\n${ns} 3600 IN A ${address}`
  const records = parseZone(`${apex}\n${body}\n`, { origin: rootName })
  if (!records.ok) throw new Error(`no zone: ${records.fault}`)
  const signer = createSigner({ origin, keys: [createSigningKey(13, 257)], denial: denial ?? 'nsec' })
  const folder = join(stage.folder, 'zones')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, name === '.' ? 'root' : name)
  writeFileSync(file, `${signer.sign(records.value, Date.now()).map(formatRecord).join('\n')}\n`)
  const ds = signer.ds.map((one): ResourceRecord => {
    return { name: origin, type: TYPE.DS, class: CLASS.IN, ttl: 3600, rdata: writeDs(one) }
  })
  return {
    file,
    ds,
    delegation: [`${name} 3600 IN NS ${ns}`, `${ns} 3600 IN A ${address}`, ...ds.map(formatRecord)].join('\n'),
  }
}

export function readName(text: string): Name {
  const name = parseName(text)
  if (!name.ok) throw new Error(`no name: ${text}`)
  return name.value
}
