import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutUnnamed } from './line-services.ts'
import { inheritedSockets } from './listen.ts'

const handed: [names: string | undefined, lines: number[], socketmap: number[]][] = [
  ['socketmap:lines', [4], [3]],
  ['lines:lines:tcp-table', [3, 4], []],
  // What has no name is the socketmap's, and must not be the lines' as well.
  ['unknown:lines:unknown', [4], [3, 5]],
  [undefined, [], [3, 4]],
]

for (const [names, lines, socketmap] of handed) {
  test(`of sockets from systemd each has one taker: ${names ?? 'without names'}`, () => {
    const count = String(names?.split(':').length ?? 2)
    const environment = { LISTEN_PID: '7', LISTEN_FDS: count, ...(names !== undefined && { LISTEN_FDNAMES: names }) }
    const taken = (from: typeof environment | Readonly<Record<string, string | undefined>>, name: string) =>
      inheritedSockets(from, 7, name).map(({ fd }) => fd)
    assert.deepEqual(taken(withoutUnnamed(environment), 'lines'), lines)
    assert.deepEqual(taken(environment, 'socketmap'), socketmap)
  })
}
