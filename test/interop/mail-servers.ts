// Postfix for mail, nginx for policies.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, type Stage, waitForPort } from './servers.ts'

/** One of Postfix's `smtpd`: an MX host with a certificate of its own, or without TLS. */
export interface MailHost {
  readonly address: string
  readonly name: string
  readonly chain?: string
  readonly key?: string
  /** Extensions that it does not offer. */
  readonly without?: string
}

export interface Postfix {
  /** Messages delivered so far, whole, an octet a character. */
  messages(): string[]
  /** Waits for a message that has this in it; gives up after ten seconds. */
  waitForMessage(part: string): Promise<string>
  /** Waits for a line in the log. */
  waitForLog(line: RegExp): Promise<string>
}

/** Starts Postfix with these hosts, delivering all mail for these domains into one folder. */
export async function startPostfix(
  stage: Stage,
  hosts: readonly MailHost[],
  domains: readonly string[],
): Promise<Postfix> {
  const folder = join(stage.folder, 'postfix')
  for (const part of ['etc', 'spool', 'lib', 'mail']) mkdirSync(join(folder, part), { recursive: true })
  run('chown', ['postfix', join(folder, 'lib'), join(folder, 'mail')])
  const ids = { user: run('id', ['-u', 'postfix']).trim(), group: run('id', ['-g', 'postfix']).trim() }
  const main = [
    'compatibility_level = 3.6',
    `queue_directory = ${folder}/spool`,
    `data_directory = ${folder}/lib`,
    `maillog_file = ${folder}/spool/log`,
    `maillog_file_prefixes = ${folder}`,
    'inet_interfaces = all',
    'mydestination =',
    'myhostname = mx.invalid',
    `virtual_mailbox_domains = ${domains.join(', ')}`,
    `virtual_mailbox_base = ${folder}/mail`,
    'virtual_mailbox_maps = static:all/',
    `virtual_uid_maps = static:${ids.user}`,
    `virtual_gid_maps = static:${ids.group}`,
    `virtual_minimum_uid = 1`,
    'smtpd_relay_restrictions = reject_unauth_destination',
    'smtpd_recipient_restrictions = check_recipient_access inline:{ { refused@dane.example = 550 5.1.1 no such user }, { later@dane.example = 450 4.2.1 busy } }, reject_unauth_destination',
    'smtpd_tls_loglevel = 1',
    'smtpd_tls_received_header = yes',
    'smtpd_peername_lookup = no',
  ]
  const services = hosts.map(({ address, name, chain, key, without = '' }) => {
    const tls =
      chain === undefined
        ? ['-o smtpd_tls_security_level=none']
        : [`-o smtpd_tls_security_level=may -o smtpd_tls_chain_files=${key},${chain}`]
    const keywords = without.replaceAll(' ', '')
    return `${address}:25 inet n - n - - smtpd -o myhostname=${name} -o smtpd_discard_ehlo_keywords=${keywords} ${tls.join(' ')}`
  })
  const master = [
    ...services,
    'pickup unix n - n 60 1 pickup',
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'proxymap unix - - n - - proxymap',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'virtual unix - n n - - virtual',
    'anvil unix - - n - 1 anvil',
    'postlog unix-dgram n - n - 1 postlogd',
  ]
  writeFileSync(join(folder, 'etc', 'main.cf'), `${main.join('\n')}\n`)
  writeFileSync(join(folder, 'etc', 'master.cf'), `${master.join('\n')}\n`)
  const config = ['-c', join(folder, 'etc')]
  run('postfix', [...config, 'start'])
  stage.onStop(() => {
    run('postfix', [...config, 'stop'])
  })
  for (const { address } of hosts) await waitForPort(address, 25)
  const messages = () => readMaildir(join(folder, 'mail', 'all', 'new'))
  const log = () => readFileSync(join(folder, 'spool', 'log'), 'utf8').split('\n')
  return {
    messages,
    waitForMessage: (part) => waitFor(`a message with "${part}"`, () => messages().find((text) => text.includes(part))),
    waitForLog: (line) => waitFor(`a line ${line} in the log`, () => log().find((text) => line.test(text))),
  }
}

/** Delivery goes on after the sender has left. */
async function waitFor(what: string, find: () => string | undefined): Promise<string> {
  const deadline = AbortSignal.timeout(10_000)
  for (;;) {
    const found = find()
    if (found !== undefined) return found
    if (deadline.aborted) throw new Error(`${what} did not come`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function readMaildir(folder: string): string[] {
  try {
    return readdirSync(folder).map((file) => readFileSync(join(folder, file), 'latin1'))
  } catch {
    return [] // virtual(8) makes the folder with the first message
  }
}

/** nginx at `address`, port 443, with these policies: host name to certificate and response. */
export async function startNginx(
  stage: Stage,
  address: string,
  sites: readonly { name: string; chain: string; key: string; answer: string }[],
): Promise<void> {
  const folder = join(stage.folder, 'nginx')
  mkdirSync(folder)
  const servers = sites.map(
    ({ name, chain, key, answer }) => `server { listen ${address}:443 ssl; server_name ${name};
      ssl_certificate ${chain}; ssl_certificate_key ${key};
      location = /.well-known/mta-sts.txt { default_type text/plain; ${answer} } }`,
  )
  const config = `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
    http { access_log ${folder}/access.log; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
      ${servers.join('\n')} }`
  writeFileSync(join(folder, 'nginx.conf'), config)
  stage.start('/usr/sbin/nginx', ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')])
  await waitForPort(address, 443)
}
