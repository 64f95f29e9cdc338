import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asFinal, ourStatus, peerStatus, type Reason } from './status.ts'

const codes: [situation: string, reason: Reason, now: string, last: string][] = [
  ['DNS does not answer', 'dns-failed', '451 4.4.3', '554 5.4.3'],
  ['DLV-3: there is no such domain', 'no-such-domain', '550 5.1.2', '550 5.1.2'],
  ['DLV-21: null MX', 'null-mx', '556 5.1.10', '556 5.1.10'],
  ['no host can be used', 'no-host', '451 4.4.4', '550 5.4.4'],
  ['DLV-8: the mail would loop', 'mail-loop', '554 5.4.6', '554 5.4.6'],
  ['nobody answers', 'not-connected', '451 4.4.1', '554 5.4.7'],
  ['the connection is lost', 'connection-lost', '451 4.4.2', '554 5.4.7'],
  ['the server speaks no SMTP', 'bad-protocol', '451 4.5.0', '554 5.5.0'],
  ['STARTTLS is not offered where it must be', 'no-starttls', '451 4.7.4', '550 5.7.10'],
  ['DLV-35: TLS fails where it must not', 'tls-failed', '451 4.7.5', '550 5.7.5'],
  ['DLV-53: REQUIRETLS is not offered', 'requiretls-missing', '550 5.7.30', '550 5.7.30'],
  ['DLV-53: REQUIRETLS without a verified host', 'requiretls-unprotected', '550 5.7.10', '550 5.7.10'],
  ['the message is too large', 'too-large', '552 5.3.4', '552 5.3.4'],
  ['8-bit text', 'needs-8bitmime', '554 5.6.3', '554 5.6.3'],
  ['DLV-62: an address beyond ASCII', 'needs-smtputf8', '553 5.6.7', '553 5.6.7'],
  ['a line is too long', 'line-too-long', '554 5.6.0', '554 5.6.0'],
  ['we were interrupted', 'given-up', '451 4.3.2', '554 5.4.7'],
]
for (const [situation, reason, now, last] of codes) {
  test(`RFC 3463: ${situation}: ${now}, and ${last} when no time is left`, () => {
    const status = ourStatus(reason, 'smtp', 'words')
    const final = asFinal(status)
    assert.deepEqual([`${status.code} ${status.enhanced}`, `${final.code} ${final.enhanced}`], [now, last])
    assert.deepEqual([status.kind, final.kind], [now.startsWith('4') ? 'temporary' : 'permanent', 'permanent'])
  })
}

test('DLV-41: our own words begin with a token, and are told from those of a peer (DLV-40)', () => {
  const ours = ourStatus('tls-failed', 'dane', 'no match')
  assert.deepEqual([ours.text, ours.from], ['[dane] no match', 'us'])
  const reply = { code: 450, lines: ['[dane] later'], enhanced: undefined }
  const theirs = peerStatus('temporary', reply)
  assert.deepEqual([theirs.text, theirs.from, theirs.enhanced], ['450 [dane] later', 'peer', '4.0.0'])
})
