// A Postfix that sends: what it is told by a policy map, what it then did, and what it still keeps.
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { run, type Stage } from './servers.ts'

const runAsync = promisify(execFile)

/** The pace at which mail is tried again while nothing tells that it would go now. */
const retryMs = 200

/** What Postfix did about one recipient in one attempt, by its own log. */
export interface Attempt {
  readonly to: string
  readonly status: 'sent' | 'deferred' | 'bounced'
  /** `2.0.0` */
  readonly dsn: string
  /** Host name, without address and port; `none` where no host was reached. */
  readonly relay: string
  readonly text: string
  /** Seconds, by the log, from some time on that is the same for all. */
  readonly at: number
  /** How much the certificate was believed; undefined where there was no TLS. */
  readonly tls: 'Verified' | 'Trusted' | 'Untrusted' | 'Anonymous' | undefined
}

/** What `postmap -q` says of a key: status 1 without words is "not found". */
export interface Looked {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface SendingPostfix {
  /** Hands a message in; the sender's local part is the transport that it goes by. */
  submit(transport: string, to: string, mark: string): Promise<void>
  /** Waits for an attempt for this recipient; with `isEnough`, for one that is. */
  attempt(to: string, isEnough?: (attempt: Attempt) => boolean): Promise<Attempt>
  /** The same, and everything that waits is tried again until it has come. */
  attemptWithFlushes(to: string, isEnough: (attempt: Attempt) => boolean): Promise<Attempt>
  /** All attempts so far, in order. */
  attempts(): readonly Attempt[]
  /** Has everything that waits tried again. */
  flush(): Promise<void>
  /** Recipients in the queue now. */
  queued(): Promise<string[]>
  /** Has everything that waits tried again and again, until nothing waits; what does after two minutes is named. */
  flushUntilEmpty(): Promise<void>
  /** `postmap -q` with this map. */
  look(key: string, map: string): Promise<Looked>
  /** Lines of the log that are warnings or worse. */
  complaints(): string[]
}

export interface SendingOptions {
  /** A validating resolver, which Postfix believes. */
  readonly resolver: string
  readonly authorities: string
  /** A name for each map: messages go by the transport that their sender's local part names. */
  readonly transports: Readonly<Record<string, readonly string[]>>
  /** Lines of `transport_maps`: destination, blank, transport and next hop. */
  readonly routes: readonly string[]
  /** More lines of `main.cf`. */
  readonly settings: readonly string[]
}

/** Starts it with its own configuration, queue and log, asking only `resolver`. */
export async function startSendingPostfix(stage: Stage, options: SendingOptions): Promise<SendingPostfix> {
  const folder = join(stage.folder, 'sender')
  for (const part of ['etc', 'spool', 'lib']) mkdirSync(join(folder, part), { recursive: true })
  run('chown', ['postfix', join(folder, 'lib')])
  const etc = join(folder, 'etc')
  const log = join(folder, 'spool', 'log')
  writeFileSync(log, '')
  writeFileSync(join(etc, 'main.cf'), mainCf(folder, options))
  writeFileSync(join(etc, 'master.cf'), masterCf(options))
  writeFileSync(join(etc, 'resolv.conf'), `nameserver ${options.resolver}\noptions trust-ad\n`)
  // Only Postfix sees this resolv.conf: it has a mount namespace of its own.
  const inside = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
  const start = ['postfix', '-c', etc, 'start']
  run('unshare', ['--mount', 'sh', '-c', inside, 'sh', join(etc, 'resolv.conf'), ...start])
  stage.onStop(() => {
    run('postfix', ['-c', etc, 'stop'])
  })
  const followed = followLog(log)
  stage.onStop(followed.close)
  const command = async (program: string, ...args: readonly string[]) => (await runAsync(program, args)).stdout
  const queued = async () => {
    const lines = (await command('postqueue', '-c', etc, '-j')).split('\n').filter((line) => line !== '')
    const messages = lines.map((line) => JSON.parse(line) as { recipients: { address: string }[] })
    return messages.flatMap(({ recipients }) => recipients.map(({ address }) => address))
  }
  const flush = async () => void (await command('postqueue', '-c', etc, '-f'))
  const attempts = () => attemptsIn(followed.lines())
  const latest = (to: string, isEnough: (attempt: Attempt) => boolean) =>
    attempts().findLast((attempt) => attempt.to === to && isEnough(attempt))
  /** Flushes, and waits until there are so many attempts. */
  const flushTo = async (count: number) => {
    await flush()
    await followed.wait('an attempt after the flush', () => attempts().length >= count || undefined)
    await pause(retryMs)
  }
  return {
    ...{ queued, flush, attempts },
    submit: (transport, to, mark) => submit(etc, `${transport}@sender.example`, to, mark),
    attempt: (to, isEnough = () => true) => followed.wait(`an attempt for ${to}`, () => latest(to, isEnough)),
    async attemptWithFlushes(to, isEnough) {
      const deadline = AbortSignal.timeout(60_000)
      for (;;) {
        const { length } = attempts()
        const found = latest(to, isEnough)
        if (found !== undefined) return found
        if (deadline.aborted) throw new Error(`no attempt for ${to} was as it should be`)
        await flushTo(length + 1)
      }
    },
    async flushUntilEmpty() {
      const deadline = AbortSignal.timeout(120_000)
      for (;;) {
        const { length } = attempts()
        const kept = await queued()
        if (kept.length === 0) return
        if (deadline.aborted) throw new Error(`still queued: ${kept.join(' ')}`)
        await flushTo(length + kept.length)
      }
    },
    look: (key, map) =>
      new Promise((resolve) => {
        execFile('postmap', ['-c', etc, '-q', key, map], (error, stdout, stderr) => {
          resolve({ status: Number(error?.code ?? 0), stdout, stderr })
        })
      }),
    complaints: () => followed.lines().filter((line) => /: (?:warning|error|fatal|panic): /.test(line)),
  }
}

function mainCf(folder: string, { authorities, routes, transports, settings }: SendingOptions): string {
  const bySender = Object.keys(transports).map((name) => `{ ${name}@sender.example = ${name}: }`)
  return `${[
    'compatibility_level = 3.6',
    `queue_directory = ${folder}/spool`,
    `data_directory = ${folder}/lib`,
    `maillog_file = ${folder}/spool/log`,
    `maillog_file_prefixes = ${folder}`,
    'inet_interfaces = 127.0.0.1',
    'mydestination =',
    'myhostname = client.sender.example',
    `transport_maps = inline:{ { sender.example = discard: }${routes.map((route) => `, { ${route} }`).join('')} }`,
    `sender_dependent_default_transport_maps = inline:{ ${bySender.join(', ')} }`,
    'smtp_tls_security_level = may',
    'smtp_dns_support_level = dnssec',
    'smtp_defer_if_no_mx_address_found = yes',
    `smtp_tls_CAfile = ${authorities}`,
    'smtp_tls_loglevel = 1',
    'smtp_connect_timeout = 5s',
    'smtp_helo_timeout = 5s',
    'smtp_starttls_timeout = 5s',
    // The next attempt after a handshake that failed may go without TLS where the level is "may".
    'minimal_backoff_time = 1s',
    'smtputf8_enable = yes',
    ...settings,
  ].join('\n')}\n`
}

function masterCf({ transports }: SendingOptions): string {
  const smtp = Object.entries(transports).map(
    ([name, settings]) => `${name} unix - - n - - smtp ${settings.map((setting) => `-o ${setting}`).join(' ')}`,
  )
  return `${[
    ...smtp,
    'pickup unix n - n 60 1 pickup',
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'proxymap unix - - n - - proxymap',
    'smtp unix - - n - - smtp',
    'showq unix n - n - - showq',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'discard unix - - n - - discard',
    'scache unix - - n - 1 scache',
    'anvil unix - - n - 1 anvil',
    'postlog unix-dgram n - n - 1 postlogd',
  ].join('\n')}\n`
}

/** Resolves when Postfix has taken the message. */
function submit(etc: string, from: string, to: string, mark: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile('sendmail', ['-C', etc, '-f', from, '--', to], (error) => {
      if (error === null) resolve()
      else reject(error)
    })
    child.stdin?.end(`From: <${from}>\nTo: <${to}>\nSubject: ${mark}\n\nHello.\n`)
  })
}

/** Waits by what is written, not by the clock. */
function followLog(file: string) {
  const waiting = new Set<() => void>()
  const watcher = watch(file, () => {
    for (const look of waiting) look()
  })
  const lines = () => readFileSync(file, 'utf8').split('\n')
  return {
    lines,
    close: () => watcher.close(),
    wait: <Value>(what: string, find: () => Value | undefined) =>
      new Promise<Value>((resolve, reject) => {
        const tooLong = setTimeout(() => {
          waiting.delete(look)
          reject(new Error(`${what} did not come; the log ends:\n${lines().slice(-20).join('\n')}`))
        }, 60_000)
        const look = () => {
          const found = find()
          if (found === undefined) return
          clearTimeout(tooLong)
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
  }
}

const tlsLine = /postfix\/smtp\[(\d+)\]: (Verified|Trusted|Untrusted|Anonymous) TLS connection established to ([^[]+)\[/
const attemptLine =
  /^(\w+ +\d+ [\d:]+) .*postfix\/\w+\[(\d+)\]: \w+: to=<([^>]*)>,.* relay=([^[,]+).* dsn=([\d.]+), status=(sent|deferred|bounced) \((.*)\)$/

/** A process of smtp(8) does one thing after another: the TLS session before an attempt's line is that of the attempt. */
function attemptsIn(lines: readonly string[]): Attempt[] {
  const sessions = new Map<string, { readonly word: Attempt['tls']; readonly host: string }>()
  return lines.flatMap((line): Attempt[] => {
    const [, sessionOf, word, host] = tlsLine.exec(line) ?? []
    if (sessionOf !== undefined && host !== undefined) sessions.set(sessionOf, { word: word as Attempt['tls'], host })
    const [, time, process, to, relay, dsn, status, text] = attemptLine.exec(line) ?? []
    if (process === undefined || to === undefined || relay === undefined || dsn === undefined) return []
    // The log leaves the year out.
    const at = Date.parse(`${time} 2000 UTC`) / 1000
    const session = sessions.get(process)
    sessions.delete(process)
    const tls = session?.host.toLowerCase() === relay.toLowerCase() ? session.word : undefined
    return [{ to, relay, dsn, status: status as Attempt['status'], text: text ?? '', at, tls }]
  })
}
