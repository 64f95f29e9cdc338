// One small Internet of real servers: a signed root, a signed TLD, domains of every kind, at addresses of its own.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addresses as at } from './addresses.ts'
import { digest, openAuthority } from './certificates.ts'
import { type Postfix, startNginx, startPostfix } from './mail-servers.ts'
import { addAddresses, type Stage, signZone, startNsd, startUnbound } from './servers.ts'
import { dnsLeaves, type Leaf, mailLeaves } from './zones.ts'

export interface InteropWorld {
  readonly hints: string
  readonly anchors: string
  readonly authority: string
  /** Only with mail. */
  readonly postfix: Postfix | undefined
}

/** Builds the DNS half of the world; with `mail`, Postfix and nginx in the place of zones that only DNS needs. */
export async function buildWorld(stage: Stage, { mail }: { mail: boolean }): Promise<InteropWorld> {
  addAddresses(Object.values(at).filter((address) => !address.startsWith('127.')))
  const authority = openAuthority(stage)
  const policyDomains = ['sts', 'strict', 'unlisted', 'trial', 'missing'].map((name) => `mta-sts.${name}.example`)
  const certificates = {
    dane: authority.issue('mx.dane.example', { names: ['unrelated.example'] }),
    anchored: authority.issue('mx.anchored.example'),
    listed: authority.issue('mx.sts.example'),
    plain: authority.issue('elsewhere.example'),
    wrong: authority.issue('mx.wrong.example'),
    resolver: authority.issue('resolver.example'),
    policy: authority.issue('mta-sts.sts.example', { names: policyDomains }),
  }
  const mailZones = mailLeaves({
    dane: `3 1 1 ${digest(certificates.dane.certificate, 1)}`,
    anchored: `2 0 1 ${digest(authority.certificate, 0)}`,
    wrong: `3 1 1 ${'ab'.repeat(32)}`,
  })
  const dns = await startDns(stage, mail ? mailZones : { ...mailZones, ...dnsLeaves() }, certificates.resolver)
  if (!mail) return { ...dns, authority: authority.certificate, postfix: undefined }
  const names = ['dane', 'anchored', 'listed', 'plain', 'wrong'] as const
  const postfix = await startPostfix(
    stage,
    [
      ...names.map((name) => ({ address: at[name], name: `mx.${name}.example`, ...certificates[name] })),
      {
        address: at.cleartext,
        name: 'mx.cleartext.example',
        without: 'smtputf8, 8bitmime, pipelining, chunking, size',
      },
    ],
    Object.keys(mailZones).map((zone) => zone.replace(/\.$/, '')),
  )
  const policy = (mode: string, mx: string) =>
    `return 200 "version: STSv1\\r\\nmode: ${mode}\\r\\nmx: ${mx}\\r\\nmax_age: 86400\\r\\n";`
  await startNginx(stage, at.policies, [
    { name: 'mta-sts.sts.example', ...certificates.policy, answer: policy('enforce', 'mx.sts.example') },
    { name: 'mta-sts.strict.example', ...certificates.policy, answer: policy('enforce', 'mx.strict.example') },
    { name: 'mta-sts.unlisted.example', ...certificates.policy, answer: policy('enforce', '*.elsewhere.example') },
    { name: 'mta-sts.trial.example', ...certificates.policy, answer: policy('testing', 'mx.trial.example') },
    { name: 'mta-sts.missing.example', ...certificates.policy, answer: 'return 404;' },
  ])
  return { ...dns, authority: authority.certificate, postfix }
}

const soa = '@ 3600 IN SOA ns.example. hostmaster.example. 1 3600 600 86400 300\n'

function zoneText(name: string, body: string): string {
  return `$ORIGIN ${name}\n$TTL 3600\n${soa}@ IN NS ns.example.\n${body}\n`
}

async function startDns(
  stage: Stage,
  leaves: Record<string, Leaf>,
  tls: { readonly chain: string; readonly key: string },
): Promise<{ hints: string; anchors: string }> {
  const { files, delegations, late } = signLeaves(stage, leaves)
  const example = signZone(
    stage,
    'example.',
    `$ORIGIN example.\n$TTL 3600\n@ IN SOA ns hostmaster 1 3600 600 86400 300\n@ IN NS tld\ntld IN A ${at.topLevel}\nns IN A ${at.leaves}\n${delegations}`,
    { algorithm: 'ECDSAP256SHA256', options: ['-n', '-p', '-t', '0'] },
  )
  appendFileSync(example.file, late)
  const root = signZone(
    stage,
    '.',
    `$ORIGIN .\n$TTL 3600\n@ IN SOA ns.root. hostmaster.root. 1 3600 600 86400 300\n@ IN NS ns.root.\nns.root. IN A ${at.root}\nexample. IN NS tld.example.\ntld.example. IN A ${at.topLevel}\n${example.ds}`,
    { algorithm: 'RSASHA256' },
  )
  await startNsd(stage, at.root, { '.': root.file })
  await startNsd(stage, at.topLevel, { 'example.': example.file })
  await startNsd(stage, at.leaves, files)
  const hints = join(stage.folder, 'named.root')
  const anchors = join(stage.folder, 'anchors')
  writeFileSync(hints, `.  3600000  NS  ns.root.\nns.root.  3600000  A  ${at.root}\n`)
  writeFileSync(anchors, root.ds)
  await startUnbound(stage, at.unbound, { anchors: root.ds, hints: readFileSync(hints, 'utf8'), tls })
  return { hints, anchors }
}

interface SignedLeaves {
  /** Zone name to file. */
  readonly files: Record<string, string>
  /** What `example.` says of them, and what it says without having signed it. */
  readonly delegations: string
  readonly late: string
}

/** Signs what is signed, children before their parents. */
function signLeaves(stage: Stage, leaves: Record<string, Leaf>): SignedLeaves {
  const files: Record<string, string> = {}
  const delegations: Record<string, string> = {}
  const late: Record<string, string> = {}
  const deepestFirst = Object.entries(leaves).sort(([one], [other]) => other.split('.').length - one.split('.').length)
  for (const [name, leaf] of deepestFirst) {
    const text = zoneText(name, `${leaf.text}\n${delegations[name] ?? ''}`)
    const { file, ds } = writeLeaf(stage, name, text, leaf)
    appendFileSync(file, late[name] ?? '')
    files[name] = file
    const parent = name.slice(name.indexOf('.') + 1)
    const list = leaf.isOptedOut === true ? late : delegations
    list[parent] = `${list[parent] ?? ''}${name} 3600 IN NS ns.example.\n${ds}`
  }
  return { files, delegations: delegations['example.'] ?? '', late: late['example.'] ?? '' }
}

function writeLeaf(
  stage: Stage,
  name: string,
  text: string,
  { signing, ds, forge }: Leaf,
): { file: string; ds: string } {
  if (signing === undefined) {
    const file = join(stage.folder, `${name}zone`)
    writeFileSync(file, text)
    return { file, ds: '' }
  }
  const signed = signZone(stage, name, text, signing)
  if (forge !== undefined) forgeFile(signed.file, forge)
  return { file: signed.file, ds: spoilDs(signed.ds, ds) }
}

/** Changes data in a signed zone and leaves its signatures. Signed zones have tabs where texts have blanks. */
function forgeFile(file: string, [before, after]: readonly [string, string]): void {
  const text = readFileSync(file, 'utf8')
  const forged = text.replaceAll(before, after)
  if (forged === text) throw new Error(`nothing to forge in ${file}: "${before}"`)
  writeFileSync(file, forged)
}

function spoilDs(line: string, how: Leaf['ds']): string {
  if (how === 'absent') return ''
  if (how === 'mismatched') return line.replace(/[0-9a-f]{8}\s*$/, 'deadbeef\n')
  // Digest type 2 becomes 99, which nobody knows. RFC 4035 §5.2
  return how === 'unknown-digest' ? line.replace(/(\sDS\s+\d+ \d+) 2 /, '$1 99 ') : line
}
