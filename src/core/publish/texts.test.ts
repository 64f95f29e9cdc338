import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordsFrom, zoneName } from '../../../test/support/changes.ts'
import { parseZone } from '../dns/zone-text.ts'
import { formatNsupdate } from './nsupdate-script.ts'
import { formatSnippet } from './zone-snippet.ts'

const [old, next, text, odd] = recordsFrom(
  '_25._tcp.mx.example.org. 3600 TLSA 3 1 1 aabb',
  '_25._tcp.mx.example.org. 1800 TLSA 3 1 1 ccdd',
  '_mta-sts.example.org. 60 TXT "v=STSv1; id=\\"2\\";"',
  'a\\032b\\;c.example.org. 60 TYPE65280 \\# 2 0102',
)
const zone = zoneName('example.org.')
const change = { zone, remove: [old], add: [next, text, odd] }
const assume = [
  { name: old.name, type: old.type, records: [old] },
  { name: text.name, type: text.type, records: [] },
]

test('a change is written for nsupdate, with prerequisites', () => {
  assert.equal(
    formatNsupdate(change),
    [
      'zone example.org.',
      'prereq nxrrset _25._tcp.mx.example.org. IN CNAME',
      'prereq nxrrset _mta-sts.example.org. IN CNAME',
      'prereq nxrrset a\\032b\\;c.example.org. IN CNAME',
      'update delete _25._tcp.mx.example.org. IN TLSA 3 1 1 aabb',
      'update add _25._tcp.mx.example.org. 1800 IN TLSA 3 1 1 ccdd',
      'update add _mta-sts.example.org. 60 IN TXT "v=STSv1; id=\\"2\\";"',
      'update add a\\032b\\;c.example.org. 60 IN TYPE65280 \\# 2 0102',
      'send\n',
    ].join('\n'),
  )
})

test('a script for nsupdate names the server, and asks for what is assumed', () => {
  const script = formatNsupdate({ zone, remove: [old], add: [text], assume }, { host: '2001:db8::1', port: 5353 })
  assert.match(script, /^; NXRRSET or YXRRSET: .*\nserver 2001:db8::1 5353\nzone example\.org\.\n/)
  assert.match(script, /^prereq yxrrset _25\._tcp\.mx\.example\.org\. IN TLSA 3 1 1 aabb$/m)
  assert.match(script, /^prereq nxrrset _mta-sts\.example\.org\. IN TXT$/m)
})

test('a snippet has what to add as records, and all else as comments', () => {
  const snippet = formatSnippet({ ...change, assume })
  const records = parseZone(snippet)
  assert.deepEqual(records, { ok: true, value: [next, text, odd] })
  assert.match(snippet, /^; Take out:\n; {3}_25\._tcp\.mx\.example\.org\. 3600 IN TLSA 3 1 1 aabb$/m)
  assert.match(snippet, /^; When this was planned, there was:\n; {3}_25\._tcp/m)
})

test('a snippet says nothing of what there is none of', () => {
  assert.equal(formatSnippet({ zone, remove: [], add: [next] }).includes('Take out'), false)
  assert.equal(formatSnippet({ zone, remove: [old], add: [] }).includes('Put in'), false)
})
