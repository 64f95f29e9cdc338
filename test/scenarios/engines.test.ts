// An attack comes to the same whoever finds the records: our iterator, a forwarder that we check, a validator that we trust.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { files, playFile } from './play-file.ts'

const defended = files.filter((file) => /^attacks\/.*(?:-dane|-sts-cached)/.test(file))

test('there are attacks on domains that ask for protection', () => assert.ok(defended.length >= 30))

for (const engine of ['forward', 'trust-ad'] as const) {
  for (const file of defended) test(`with engine ${engine}, scenario ${file}`, () => playFile(file, engine))
}
