import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../../cli/command.ts'
import { readFormat, readGiveUp, readPolicyHost, readTargets, readWishes, type SetupValues } from './setup-options.ts'

const now = Date.parse('2026-06-01T12:00:00Z')

test('without options MTA-STS ends up in mode enforce, DANE is planned for, and the policy host is the domain’s own', () => {
  assert.deepEqual(readWishes({}, now), {
    ...{
      mode: 'enforce',
      maxAge: undefined,
      rua: undefined,
      dane: true,
      sts: true,
      server: undefined,
      start: undefined,
    },
    policyHost: { kind: 'own', addresses: [] },
  })
})

const targets: [what: string, given: string[], read: string[]][] = [
  ['a bare mailbox', ['tls@example.net'], ['mailto:tls@example.net']],
  ['several in one text', ['tls@example.net, https://r.example/x'], ['mailto:tls@example.net', 'https://r.example/x']],
  ['several texts', ['mailto:a@example.net', 'b@example.net'], ['mailto:a@example.net', 'mailto:b@example.net']],
]
for (const [what, given, read] of targets) {
  test(`--rua takes ${what}`, () => assert.deepEqual(readTargets(given), read))
}

const policyHosts: [text: string, read: object][] = [
  ['own', { kind: 'own', addresses: [] }],
  ['own:192.0.2.1,2001:db8::1', { kind: 'own', addresses: ['192.0.2.1', '2001:db8::1'] }],
  [
    'delegated:mta-sts.provider.example',
    { kind: 'delegated', host: 'mta-sts.provider.example', record: '_mta-sts.provider.example' },
  ],
  [
    'delegated:policies.provider.example',
    { kind: 'delegated', host: 'policies.provider.example', record: '_mta-sts.policies.provider.example' },
  ],
  ['delegated:P.example,_sts.P.example', { kind: 'delegated', host: 'p.example', record: '_sts.p.example' }],
]
for (const [text, read] of policyHosts) {
  test(`--policy-host ${text}`, () => assert.deepEqual(readPolicyHost(text), read))
}

const refused: [values: SetupValues, why: RegExp][] = [
  [{ mode: 'none' }, /--mode: "none" is none of enforce, testing/],
  [{ 'max-age': '0' }, /--max-age/],
  [{ 'max-age': '31557601' }, /--max-age/],
  [{ 'max-age': '1e3' }, /--max-age/],
  [{ rua: ['http://r.example/'] }, /--rua: "http:\/\/r\.example\/": reports go by mailto: or https: alone/],
  [{ rua: ['a@example.net', 'mailto:b@example.net!10m'] }, /"mailto:b@example\.net!10m": a comma, semicolon/],
  [{ rua: Array.from({ length: 11 }, (_, at) => `a${at}@example.net`) }, /more than 10/],
  [{ 'policy-host': 'mine' }, /neither own/],
  [{ 'policy-host': 'own:mail.example' }, /not an address: "mail\.example"/],
  [{ 'policy-host': 'delegated' }, /neither own/],
  [{ 'policy-host': 'delegated:a b' }, /not a name: "a b"/],
  [{ 'policy-host': 'delegated:a.example,b.example,c.example' }, /neither own/],
  [{ 'mail-server': 'sendmail' }, /--mail-server/],
  [{ start: 'tomorrow' }, /--start/],
  [{ dane: false, sts: false }, /nothing is left/],
]
for (const [values, why] of refused) {
  test(`${JSON.stringify(values).slice(0, 70)} cannot be meant`, () => {
    assert.throws(
      () => readWishes(values, now),
      (error) => error instanceof UsageError && why.test(error.message),
    )
  })
}

test('--give-up is a day from now unless told, and at most thirty', () => {
  assert.equal(readGiveUp(undefined, now), now + 86_400_000)
  assert.equal(readGiveUp('90m', now), now + 5_400_000)
  for (const wrong of ['31d', '2026-05-31', 'soon']) assert.throws(() => readGiveUp(wrong, now), UsageError)
})

test('--json is a format, and no other may stand beside it', () => {
  assert.equal(readFormat({}), 'text')
  assert.equal(readFormat({ json: true }), 'json')
  assert.equal(readFormat({ format: 'zone' }), 'zone')
  assert.throws(() => readFormat({ json: true, format: 'zone' }), UsageError)
  assert.throws(() => readFormat({ format: 'yaml' }), UsageError)
})
