// Every test of the store that machines share, with Valkey in the place of Redis.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { startRedis, takeForRedis } from './redis.ts'
import { openStage } from './servers.ts'

/** As a package for Python carries it: built without TLS, with which Redis is tried. */
const valkey = '/usr/local/lib/waxseal-interop/valkey/valkey-server'
const isThere = existsSync(valkey)

if (isThere) {
  takeForRedis(valkey)
  await import('./shared-store.test.ts')
}

test('it is Valkey', { skip: isThere ? false : `no Valkey at ${valkey}, where .ci/run puts it` }, async () => {
  const stage = openStage()
  try {
    assert.match((await startRedis(stage)).ask('info', 'server'), /^server_name:valkey/m)
  } finally {
    await stage.stop()
  }
})
