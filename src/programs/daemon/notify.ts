import { execFile } from 'node:child_process'

/** Tells the service manager how we are, where there is one. sd_notify(3) */
export interface Notifier {
  ready(status: string): void
  reloading(): void
  stopping(): void
  /** How often `alive` is to be called, in milliseconds; undefined when nobody watches. */
  readonly watchdogMs: number | undefined
  alive(): void
}

type Environment = Readonly<Record<string, string | undefined>>

/** Node has no datagrams over Unix sockets: systemd's own command sends them, which is wherever systemd is. */
export function createNotifier({ NOTIFY_SOCKET, WATCHDOG_USEC, PATH }: Environment, pid: number): Notifier {
  const tell = (...words: readonly string[]) => {
    if (NOTIFY_SOCKET === undefined) return
    execFile('systemd-notify', [`--pid=${pid}`, ...words], { env: { NOTIFY_SOCKET, PATH }, timeout: 5000 }, () => {})
  }
  const period = NOTIFY_SOCKET !== undefined && /^\d{1,15}$/.test(WATCHDOG_USEC ?? '') ? Number(WATCHDOG_USEC) : 0
  return {
    ready: (status) => tell('READY=1', `STATUS=${status}`),
    reloading: () => tell('--reloading'),
    stopping: () => tell('--stopping'),
    // Twice as often as is asked for: one may be late.
    watchdogMs: period > 0 ? Math.max(1000, Math.floor(period / 2000)) : undefined,
    alive: () => tell('WATCHDOG=1'),
  }
}
