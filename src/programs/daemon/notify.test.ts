import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createNotifier } from './notify.ts'

interface Manager {
  readonly environment: Record<string, string>
  /** What the service manager was told, once that many lines came. */
  told(lines: number): Promise<string[]>
}

/** A `systemd-notify` that writes down what it is to send; the first time it takes a while. */
function createManager(t: TestContext): Manager {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-notify-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const log = join(folder, 'log')
  writeFileSync(log, '')
  const program = `#!/bin/sh
case "$*" in *READY*) sleep 0.2 ;; esac
echo "$NOTIFY_SOCKET $*" >> "${log}"
`
  writeFileSync(join(folder, 'systemd-notify'), program)
  chmodSync(join(folder, 'systemd-notify'), 0o755)
  return {
    environment: { NOTIFY_SOCKET: '/run/notify', PATH: `${folder}${delimiter}${process.env.PATH ?? ''}` },
    async told(lines) {
      for (;;) {
        const found = readFileSync(log, 'utf8').trimEnd().split('\n')
        if (found.length >= lines) return found
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
  }
}

test('the service manager is told in order, in words that every systemd knows', async (t) => {
  const { environment, told } = createManager(t)
  const notifier = createNotifier(environment, 7)
  notifier.ready('serving')
  notifier.reloading()
  notifier.ready('serving')
  await notifier.stopping()
  const [first, second = '', ...rest] = await told(4)
  assert.equal(first, '/run/notify --pid=7 READY=1 STATUS=serving')
  assert.match(second, /^\/run\/notify --pid=7 RELOADING=1 MONOTONIC_USEC=\d+$/)
  assert.deepEqual(rest, ['/run/notify --pid=7 READY=1 STATUS=serving', '/run/notify --pid=7 STOPPING=1'])
})

test('signs of life do not queue up behind a slow service manager', async (t) => {
  const { environment, told } = createManager(t)
  const notifier = createNotifier(environment, 7)
  notifier.ready('serving')
  await Promise.resolve()
  for (let time = 0; time < 5; time++) notifier.alive()
  await told(1)
  await notifier.stopping()
  assert.equal((await told(2)).at(-1), '/run/notify --pid=7 STOPPING=1')
})

const watched: [environment: Record<string, string>, milliseconds: number | undefined][] = [
  [{}, undefined],
  [{ WATCHDOG_USEC: '30000000' }, undefined],
  [{ NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '30000000' }, 15_000],
  [{ NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 15_000],
  [{ NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, undefined],
  [{ NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '0' }, undefined],
  [{ NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: 'soon' }, undefined],
]

for (const [environment, milliseconds] of watched) {
  test(`the watchdog of ${JSON.stringify(environment)} is fed every ${milliseconds ?? 0} ms`, () => {
    assert.equal(createNotifier(environment, 7).watchdogMs, milliseconds)
  })
}

test('where there is no service manager, or not its command, nothing happens', async () => {
  createNotifier({ PATH: '/nowhere' }, 7).ready('serving')
  const notifier = createNotifier({ NOTIFY_SOCKET: '/run/notify', PATH: '/nowhere' }, 7)
  notifier.ready('serving')
  await notifier.stopping()
})
