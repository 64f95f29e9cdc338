// Servers for the prober to look at: Exim, and OpenSSL's own behind a front that speaks SMTP up to STARTTLS.

import { once } from 'node:events'
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { run, type Stage, waitForPort } from './servers.ts'

export interface KeyPair {
  /** PEM files. */
  readonly certificate: string
  readonly key: string
}

/** Self-signed certificates of one name, as hosts with DANE-EE records have them. */
export function makeKeyPairs(stage: Stage, name: string): { readonly rsa: KeyPair; readonly ecdsa: KeyPair } {
  const make = (kind: string, key: readonly string[]): KeyPair => {
    const [file, subject] = [join(stage.folder, `${name}.${kind}`), `/CN=${name}`]
    const files = ['-keyout', `${file}.key`, '-out', `${file}.pem`, '-nodes', '-days', '365']
    run('openssl', [
      'req',
      '-x509',
      '-newkey',
      ...key,
      ...files,
      '-subj',
      subject,
      '-addext',
      `subjectAltName=DNS:${name}`,
    ])
    return { certificate: `${file}.pem`, key: `${file}.key` }
  }
  return {
    rsa: make('rsa', ['rsa:2048']),
    ecdsa: make('ecdsa', ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']),
  }
}

const eximPrograms = ['/usr/sbin/exim4', '/usr/local/lib/waxseal-interop/exim/usr/sbin/exim4']

/** Exim, which Debian builds with GnuTLS, listening with these certificates. */
export async function startEximServer(stage: Stage, address: string, pairs: readonly KeyPair[]): Promise<void> {
  const program = eximPrograms.find((path) => existsSync(path))
  if (program === undefined) throw new Error(`no Exim at ${eximPrograms.join(' or ')}: .ci/run puts it there`)
  const folder = join(stage.folder, 'exim')
  const [etc, spool] = [join(folder, 'etc'), join(folder, 'spool')]
  mkdirSync(spool, { recursive: true })
  cpSync('/etc', etc, { recursive: true, verbatimSymlinks: true, dereference: false })
  if (!readFileSync('/etc/passwd', 'utf8').includes('\nDebian-exim:')) {
    appendFileSync(join(etc, 'passwd'), 'Debian-exim:x:64999:64999::/nonexistent:/usr/sbin/nologin\n')
    appendFileSync(join(etc, 'group'), 'Debian-exim:x:64999:\n')
  }
  const [certificates, keys] = [pairs.map((pair) => pair.certificate), pairs.map(({ key }) => key)]
  mkdirSync(join(etc, 'exim4'), { recursive: true })
  writeFileSync(
    join(etc, 'exim4', 'exim4.conf'),
    `exim_path = ${program}
keep_environment =
local_interfaces = ${address}
primary_hostname = exim.example
spool_directory = ${spool}
log_file_path = ${spool}/%s.log
pid_file_path = ${spool}/pid
host_lookup =
rfc1413_hosts =
tls_advertise_hosts = *
tls_certificate = ${certificates.join(' : ')}
tls_privatekey = ${keys.join(' : ')}
acl_smtp_rcpt = deny
begin acl
deny:
  deny
`,
  )
  run('mount', ['--bind', etc, '/etc'])
  stage.onStop(() => {
    run('umount', ['--lazy', '/etc'])
  })
  run('chown', ['-R', 'Debian-exim:Debian-exim', spool])
  for (const file of [...certificates, ...keys]) run('chmod', ['644', file])
  stage.start(program, ['-bdf', '-oX', '25'])
  await waitForPort(address, 25)
}

/** Where `openssl s_server` listens for the front. */
const insidePort = 10025

/** `openssl s_server` with these options, at port 25 behind words of SMTP. Inside TLS it sends every line back reversed. */
export async function startOpensslServer(stage: Stage, address: string, options: readonly string[]): Promise<void> {
  stage.start('openssl', ['s_server', '-accept', `${address}:${insidePort}`, '-rev', '-quiet', ...options])
  await waitForPort(address, insidePort)
  const front = createServer((client) => {
    client.on('error', () => client.destroy())
    client.write('220 openssl.example ESMTP\r\n')
    let text = ''
    const onData = (octets: Buffer) => {
      text += octets.toString('latin1')
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end)
        text = text.slice(end + 2)
        if (/^STARTTLS/i.test(line)) {
          client.off('data', onData)
          client.write('220 go\r\n')
          const server = connect(insidePort, address)
          server.on('error', () => client.destroy()).on('close', () => client.destroy())
          client.on('close', () => server.destroy())
          client.pipe(server).pipe(client)
          return
        }
        if (/^QUIT/i.test(line)) client.end('221 bye\r\n')
        else client.write('250-openssl.example\r\n250 STARTTLS\r\n')
      }
    }
    client.on('data', onData)
  })
  front.listen(25, address)
  await once(front, 'listening')
  stage.onStop(() => void front.close())
}
