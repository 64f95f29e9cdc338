import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zoneName } from '../../../test/support/changes.ts'
import { keyOf } from '../../../test/support/tsig.ts'
import { explainRcode, explainRejection } from './update-refusal.ts'

const now = 1_790_000_000

test('a wrong MAC may be one that was cut short', () => {
  const rejection = { error: 16, isVerified: false, serverTime: undefined }
  const { reason } = explainRejection(rejection, keyOf({ algorithm: 'hmac-sha256-128' }), now)
  assert.match(reason, /: BADSIG; or it takes no truncated MACs$/)
  assert.match(explainRejection(rejection, keyOf(), now).reason, /: BADSIG$/)
})

test('clocks are compared where the server says its own', () => {
  const said = (serverTime: number | undefined) =>
    explainRejection({ error: 18, isVerified: true, serverTime }, keyOf(), now).reason
  assert.match(said(now - 400), /BADTIME; its clock is 400 s behind this one$/)
  assert.match(said(now + 400), /BADTIME; its clock is 400 s ahead of this one$/)
  assert.match(said(undefined), /BADTIME$/)
})

test('every code has a reason and an advice of one line, whatever the key is called', () => {
  const key = keyOf({ name: 'a\\010\\027[2Jb.' })
  for (let code = 0; code < 4096; code++) {
    const rejection = { error: code, isVerified: true, serverTime: undefined }
    for (const said of [
      explainRcode(code, zoneName('a\\027b.'), key),
      explainRcode(code, zoneName('example.'), undefined),
      explainRejection(rejection, key, now),
    ]) {
      for (const text of [said.reason, said.advice]) assert.match(text, /^[ -~]+$/)
    }
  }
})
