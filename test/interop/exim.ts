// Exim with the recipe of share/exim, in the place of the machine's /etc that a namespace has to itself.
import { execFile } from 'node:child_process'
import { appendFileSync, chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, type Stage } from './servers.ts'

/** Debian's package, or its program alone: the package cannot stand beside Postfix. */
const programs = ['/usr/sbin/exim4', '/usr/local/lib/waxseal-interop/exim/usr/sbin/exim4']

const recipe = join(import.meta.dirname, '..', '..', 'share', 'exim')

/** What became of a message at an attempt to deliver it, as Exim's log has it. */
export interface Attempt {
  readonly outcome: 'delivered' | 'deferred' | 'bounced'
  readonly line: string
}

export interface Exim {
  /** Takes a message and tries to deliver it to this recipient at once. */
  send(recipient: string, mark: string): Promise<Attempt>
  /** Tries everything that waits once more, whenever its next time would be. */
  runQueue(): Promise<void>
  /** Messages that wait. */
  waiting(): Promise<number>
  log(): string
  /** Has names looked up at this resolver from now on. */
  useResolver(address: string): void
  /** Goes by these rules from now on, in the place of the recipe. */
  useRules(rules: EximRules): void
}

/** Lines of the configuration: of its main section, a router for mail to others, and the transport of that router. */
export interface EximRules {
  readonly main: string
  readonly router: string
  readonly transport: string
}

export interface EximOptions {
  /** Where the service answers. */
  readonly socket: string
  readonly authority: string
  /** The validating resolver of this machine. */
  readonly resolver: string
}

/** Puts a copy of /etc in its place, so that Exim finds its user, its resolver and its configuration. */
export function installExim(stage: Stage, { socket, authority, resolver }: EximOptions): Exim {
  const program = programs.find((path) => existsSync(path))
  if (program === undefined) throw new Error(`no Exim at ${programs.join(' or ')}: .ci/run puts it there`)
  const folder = join(stage.folder, 'exim')
  const etc = join(folder, 'etc')
  const spool = join(folder, 'spool')
  mkdirSync(spool, { recursive: true })
  cpSync('/etc', etc, { recursive: true, verbatimSymlinks: true, dereference: false })
  const passwd = readFileSync('/etc/passwd', 'utf8')
  if (!passwd.includes('\nDebian-exim:')) {
    appendFileSync(join(etc, 'passwd'), 'Debian-exim:x:64999:64999::/nonexistent:/usr/sbin/nologin\n')
    appendFileSync(join(etc, 'group'), 'Debian-exim:x:64999:\n')
  }
  mkdirSync(join(etc, 'exim4'), { recursive: true })
  const useResolver = (address: string) =>
    writeFileSync(join(etc, 'resolv.conf'), `nameserver ${address}\noptions edns0 trust-ad timeout:5 attempts:1\n`)
  useResolver(resolver)
  const configure = (rules: EximRules) =>
    writeFileSync(join(etc, 'exim4', 'exim4.conf'), configuration(program, spool, rules))
  configure(recipeRules({ socket, authority }))
  run('mount', ['--bind', etc, '/etc'])
  stage.onStop(() => {
    run('umount', ['/etc'])
  })
  run('chown', ['-R', 'Debian-exim:Debian-exim', spool])
  const logFile = join(spool, 'main.log')
  const log = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '')
  const exim = (args: readonly string[], input = '') => runExim(program, args, input)
  return {
    log,
    useResolver,
    useRules: configure,
    async send(recipient, mark) {
      const before = log().length
      const said = await exim(
        ['-odf', '-i', '-f', 'me@sender.test', recipient],
        `From: me@sender.test\nSubject: ${mark}\n\n${mark}\n`,
      )
      return readAttempt(log().slice(before), recipient, said)
    },
    runQueue: async () => {
      await exim(['-qff'])
    },
    waiting: async () => Number((await exim(['-bpc'])).trim()),
  }
}

/** What share/exim has, as it is. */
export function recipeRules({ socket, authority }: Pick<EximOptions, 'socket' | 'authority'>): EximRules {
  return {
    main: `
WAXSEAL_SOCKET = ${socket}
WAXSEAL_CA = ${authority}
WAXSEAL_CIPHERS = NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2
.include ${recipe}/main.conf`,
    router: `.include ${recipe}/routers.conf`,
    transport: `.include ${recipe}/transports.conf`,
  }
}

function configuration(program: string, spool: string, { main, router, transport }: EximRules): string {
  return `
exim_path = ${program}
keep_environment =
local_interfaces = 127.0.0.1
primary_hostname = client.example
spool_directory = ${spool}
log_file_path = ${spool}/%s.log
log_selector = +tls_certificate_verified +tls_sni +smtp_confirmation
qualify_domain = sender.test
domainlist local_domains = sender.test
${main}

begin routers
local:
  driver = redirect
  domains = +local_domains
  data = :blackhole:
${router}

begin transports
${transport}

begin retry
*  *  F,1h,1s
`
}

function runExim(program: string, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, [...args], { timeout: 120_000, encoding: 'latin1' }, (error, stdout, stderr) => {
      // Status 1 and 2 are what became of the message.
      if (error !== null && (typeof error.code !== 'number' || error.code > 2)) reject(new Error(`${error}\n${stderr}`))
      else resolve(`${stdout}${stderr}`)
    })
    child.stdin?.end(input)
  })
}

const marks = { '=>': 'delivered', '->': 'delivered', '==': 'deferred', '**': 'bounced' } as const

function readAttempt(log: string, recipient: string, said: string): Attempt {
  for (const line of log.split('\n')) {
    const mark = / (=>|->|==|\*\*) (\S+?):?(?: |$)/.exec(line)
    if (mark?.[2] === recipient) return { outcome: marks[mark[1] as keyof typeof marks], line }
  }
  throw new Error(`the log says nothing of ${recipient}:\n${log}\n${said}`)
}

/** A folder for the socket of the service, which Exim's user can reach. */
export function openFolder(stage: Stage, name: string): string {
  const folder = join(stage.folder, name)
  mkdirSync(folder)
  chmodSync(folder, 0o755)
  return folder
}
