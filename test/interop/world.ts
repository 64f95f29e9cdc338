// One small Internet of real servers: a signed root, a signed TLD, domains of every kind, at addresses of its own.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  digest,
  openAuthority,
  type Postfix,
  type Signing,
  type Stage,
  signZone,
  startNginx,
  startNsd,
  startPostfix,
  startUnbound,
} from './servers.ts'

export const at = {
  root: '192.0.2.1',
  topLevel: '192.0.2.2',
  leaves: '192.0.2.3',
  /** Unbound; a loopback address, because `trust-ad` believes no other. */
  unbound: '127.0.0.53',
  dane: '192.0.2.25',
  anchored: '192.0.2.26',
  listed: '192.0.2.27',
  plain: '192.0.2.28',
  wrong: '192.0.2.29',
  policies: '192.0.2.80',
} as const

export interface InteropWorld {
  readonly hints: string
  readonly anchors: string
  readonly authority: string
  readonly postfix: Postfix | undefined
}

const soa = '@ 3600 IN SOA ns.example. hostmaster.example. 1 3600 600 86400 300\n'

function zone(body: string): string {
  return `$TTL 3600\n${soa}@ IN NS ns.example.\n${body}\n`
}

interface Leaf {
  readonly text: string
  readonly signing?: Signing
  /** The parent has no DS although the zone is signed. */
  readonly withoutDs?: boolean
  /** The parent has a DS that matches no key. */
  readonly wrongDs?: boolean
}

const nsec3 = ['-n', '-t', '0']
const nsec3OptOut = ['-n', '-p', '-t', '0']

/** Records that exercise each kind of answer and denial. */
const exercise = `
a IN A 192.0.2.90
alias IN CNAME a
far IN CNAME a.unsigned.example.
farther IN CNAME alias.p384.example.
*.wild IN TXT "expanded"
*.wild IN MX 10 a
host.wild IN A 192.0.2.91
b.ent IN A 192.0.2.92
tree IN DNAME target
x.target IN A 192.0.2.93
child IN NS ns.example.
_25._tcp.a IN TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000000
`

function leaves(tlsa: Readonly<Record<string, string>>): Record<string, Leaf> {
  return {
    'dane.example.': {
      signing: { algorithm: 'ECDSAP256SHA256' },
      text: `@ IN MX 10 mx\nmx IN A ${at.dane}\n_25._tcp.mx IN TLSA ${tlsa.dane}\n${exercise}`,
    },
    'anchored.example.': {
      signing: { algorithm: 'ED25519', options: nsec3 },
      text: `@ IN MX 10 mx\nmx IN A ${at.anchored}\n_25._tcp.mx IN TLSA ${tlsa.anchored}\n${exercise}`,
    },
    'wrong.example.': {
      signing: { algorithm: 'ECDSAP256SHA256' },
      text: `@ IN MX 10 mx\nmx IN A ${at.wrong}\n_25._tcp.mx IN TLSA ${tlsa.wrong}`,
    },
    'optout.example.': { signing: { algorithm: 'ECDSAP256SHA256', options: nsec3OptOut }, text: exercise },
    'rsa.example.': { signing: { algorithm: 'RSASHA256', options: nsec3 }, text: exercise },
    'rsa512.example.': { signing: { algorithm: 'RSASHA512' }, text: exercise },
    'p384.example.': { signing: { algorithm: 'ECDSAP384SHA384' }, text: exercise },
    'ed448.example.': { signing: { algorithm: 'ED448', options: nsec3 }, text: exercise },
    'island.example.': { signing: { algorithm: 'ED25519' }, text: exercise, withoutDs: true },
    'broken.example.': { signing: { algorithm: 'ED25519' }, text: exercise, wrongDs: true },
    'expired.example.': {
      signing: { algorithm: 'ED25519', options: ['-i', '20200101000000', '-e', '20200201000000'] },
      text: exercise,
    },
    'unsigned.example.': { text: `${exercise}@ IN MX 10 mx\nmx IN A ${at.plain}` },
    'sts.example.': {
      text: `@ IN MX 10 mx\nmx IN A ${at.listed}\n_mta-sts IN TXT "v=STSv1; id=1;"\nmta-sts IN A ${at.policies}`,
    },
    'strict.example.': {
      text: `@ IN MX 10 mx\nmx IN A ${at.plain}\n_mta-sts IN TXT "v=STSv1; id=1;"\nmta-sts IN A ${at.policies}`,
    },
    'null.example.': { signing: { algorithm: 'ECDSAP256SHA256' }, text: '@ IN MX 0 .' },
  }
}

/** Builds the DNS half of the world; with `mail`, Postfix and nginx too. */
export async function buildWorld(stage: Stage, { mail }: { mail: boolean }): Promise<InteropWorld> {
  const authority = openAuthority(stage)
  const certificates = {
    dane: authority.issue('mx.dane.example', { names: ['unrelated.example'] }),
    anchored: authority.issue('mx.anchored.example'),
    listed: authority.issue('mx.sts.example'),
    plain: authority.issue('elsewhere.example'),
    wrong: authority.issue('mx.wrong.example'),
    policy: authority.issue('mta-sts.sts.example', { names: ['mta-sts.sts.example', 'mta-sts.strict.example'] }),
  }
  const tlsa = {
    dane: `3 1 1 ${digest(certificates.dane.certificate, 1)}`,
    anchored: `2 0 1 ${digest(authority.certificate, 0)}`,
    wrong: `3 1 1 ${'ab'.repeat(32)}`,
  }
  const dns = await startDns(stage, leaves(tlsa))
  if (!mail) return { ...dns, authority: authority.certificate, postfix: undefined }
  const names = ['dane', 'anchored', 'listed', 'plain', 'wrong'] as const
  const postfix = await startPostfix(
    stage,
    names.map((name) => ({ address: at[name], name: `mx.${name}.example`, ...certificates[name] })),
    ['dane.example', 'anchored.example', 'sts.example', 'strict.example', 'unsigned.example', 'wrong.example'],
  )
  const policy = (mx: string) =>
    `return 200 "version: STSv1\\r\\nmode: enforce\\r\\nmx: ${mx}\\r\\nmax_age: 86400\\r\\n";`
  await startNginx(stage, at.policies, [
    { name: 'mta-sts.sts.example', ...certificates.policy, answer: policy('mx.sts.example') },
    { name: 'mta-sts.strict.example', ...certificates.policy, answer: policy('mx.strict.example') },
  ])
  return { ...dns, authority: authority.certificate, postfix }
}

async function startDns(stage: Stage, domains: Record<string, Leaf>): Promise<{ hints: string; anchors: string }> {
  const files: Record<string, string> = {}
  let delegations = ''
  for (const [name, { text, signing, withoutDs, wrongDs }] of Object.entries(domains)) {
    delegations += `${name} IN NS ns.example.\n`
    if (signing === undefined) {
      files[name] = join(stage.folder, `${name}zone`)
      writeFileSync(files[name], `$ORIGIN ${name}\n${zone(text)}`)
      continue
    }
    const signed = signZone(stage, name, `$ORIGIN ${name}\n${zone(text)}`, signing)
    files[name] = signed.file
    if (withoutDs !== true)
      delegations += wrongDs === true ? signed.ds.replace(/[0-9a-f]{8}\s*$/, 'deadbeef\n') : signed.ds
  }
  const example = signZone(
    stage,
    'example.',
    `$ORIGIN example.\n$TTL 3600\n@ IN SOA ns hostmaster 1 3600 600 86400 300\n@ IN NS tld\ntld IN A ${at.topLevel}\nns IN A ${at.leaves}\n${delegations}`,
    { algorithm: 'ECDSAP256SHA256', options: nsec3OptOut },
  )
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
  await startUnbound(stage, at.unbound, {
    anchors: root.ds,
    hints: `. 3600000 NS ns.root.\nns.root. 3600000 A ${at.root}\n`,
  })
  return { hints, anchors }
}
