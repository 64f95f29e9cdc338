import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { hostEvents } from './host-log.ts'
import { hostKeys } from './host-schema.ts'

const text = readFileSync(join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'sts-host.md'), 'utf8')

for (const [kind, names] of Object.entries({ ...hostKeys, event: hostEvents })) {
  test(`docs/sts-host.md names every key or event (${kind})`, () => {
    const missing = names.filter(
      (name) => !text.includes(`\`${name}\``) && !text.includes(`[[${name}]]`) && !text.includes(`[${name}.`),
    )
    assert.deepEqual(missing, [])
  })
}
