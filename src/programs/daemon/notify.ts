import { execFile } from 'node:child_process'
import { once } from 'node:events'

/** Tells the service manager how we are, where there is one. sd_notify(3) */
export interface Notifier {
  ready(status: string): void
  reloading(): void
  /** Resolves once it is told, or cannot be. */
  stopping(): Promise<void>
  /** How often `alive` is to be called, in milliseconds; undefined when nobody watches. */
  readonly watchdogMs: number | undefined
  alive(): void
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Node has no datagrams over Unix sockets: systemd's own command sends them, which is wherever systemd is. What is told
 * arrives in the order of its telling, and a sign of life that waits for another is left out.
 */
export function createNotifier(
  { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, PATH }: Environment,
  pid: number,
): Notifier {
  let told = Promise.resolve()
  let isTelling = false
  const send = async (words: readonly string[]) => {
    isTelling = true
    const env = { NOTIFY_SOCKET, PATH }
    const child = execFile('systemd-notify', [`--pid=${pid}`, ...words], { env, timeout: 5000 }, () => {})
    try {
      await once(child, 'close')
    } catch {
      // There is no such command, and nothing else to do about it.
    } finally {
      isTelling = false
    }
  }
  const tell = (...words: readonly string[]) => {
    if (NOTIFY_SOCKET !== undefined) told = told.then(() => send(words))
  }
  const isWatched = NOTIFY_SOCKET !== undefined && (WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid))
  const period = isWatched && /^\d{1,15}$/.test(WATCHDOG_USEC ?? '') ? Number(WATCHDOG_USEC) : 0
  return {
    ready: (status) => tell('READY=1', `STATUS=${status}`),
    // The options for these came with systemd 253. Type=notify-reload wants to know the time too.
    reloading: () => tell('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping() {
      tell('STOPPING=1')
      return told
    },
    // Twice as often as is asked for: one may be late.
    watchdogMs: period > 0 ? Math.max(500, Math.floor(period / 2000)) : undefined,
    alive() {
      if (!isTelling) tell('WATCHDOG=1')
    },
  }
}
