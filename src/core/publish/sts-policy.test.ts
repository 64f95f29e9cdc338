import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { domain } from '../../../test/support/domain.ts'
import { mxPatterns } from '../../../test/support/mx-patterns.ts'
import { limits } from '../limits.ts'
import { type MxPattern, parseStsPolicy } from '../mtasts/policy.ts'
import { type DomainName, parseHostName } from '../name/domain.ts'
import { type PolicyWish, uniquePatterns, type WishFault, writeStsPolicy } from './sts-policy.ts'

const mx: MxPattern[] = [
  { name: domain('mx1.example.org'), wildcard: false },
  { name: domain('example.net'), wildcard: true },
]

test('STS-117: version, mode, mx and max_age in this order, each line ended by CRLF', () => {
  const written = writeStsPolicy({ mode: 'enforce', mx, maxAge: 1_209_600 })
  assert.equal(
    written.ok && written.value.body,
    'version: STSv1\r\nmode: enforce\r\nmx: mx1.example.org\r\nmx: *.example.net\r\nmax_age: 1209600\r\n',
  )
})

test('STS-117: mode none names no host, whoever is left', () => {
  const written = writeStsPolicy({ mode: 'none', mx, maxAge: 86_400 })
  assert.equal(written.ok && written.value.body, 'version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n')
})

const underscored = { name: hostName('mx_1.example.org'), wildcard: false }

const refused: [why: string, wish: PolicyWish, fault: WishFault, at: number][] = [
  ['a max_age below nothing', { mode: 'none', mx: [], maxAge: -1 }, 'max_age', 0],
  ['a max_age of half seconds', { mode: 'none', mx: [], maxAge: 0.5 }, 'max_age', 0],
  ['a max_age beyond a year (STS-43)', { mode: 'testing', mx, maxAge: limits.sts.maxAge + 1 }, 'max_age', 0],
  ['no host in mode testing (STS-45)', { mode: 'testing', mx: [], maxAge: 86_400 }, 'mx', 0],
  ['no host in mode enforce (STS-45)', { mode: 'enforce', mx: [], maxAge: 86_400 }, 'mx', 0],
  [
    'a host that the grammar has no room for (STS-44)',
    { mode: 'enforce', mx: [...mx, underscored], maxAge: 1 },
    'mx',
    2,
  ],
  ['more hosts than senders read (STS-26)', { mode: 'enforce', mx: many(4000), maxAge: 1 }, 'too-large', 65_536],
]
for (const [why, wish, fault, at] of refused) {
  test(`writeStsPolicy refuses ${why}`, () => assert.deepEqual(writeStsPolicy(wish), { ok: false, fault, at }))
}

test('STS-117: what is written is ASCII, ends in CRLF, and is read back as the policy that was asked for', () => {
  const wishes = fc.record({
    mode: fc.constantFrom('none', 'testing', 'enforce'),
    mx: fc.array(mxPatterns, { minLength: 1, maxLength: 8 }),
    maxAge: fc.nat({ max: limits.sts.maxAge }),
  })
  fc.assert(
    fc.property(wishes, (wish) => {
      const written = writeStsPolicy(wish)
      assert.ok(written.ok)
      const { body, policy } = written.value
      assert.match(body, /^(?:[\x20-\x7e]+\r\n)+$/)
      assert.deepEqual(parseStsPolicy(body), { ok: true, value: policy })
      assert.equal(policy.mode, wish.mode)
      assert.equal(policy.maxAge, wish.maxAge)
      if (policy.mode !== 'none') assert.deepEqual(policy.mx, uniquePatterns(wish.mx))
    }),
  )
})

function hostName(text: string): DomainName {
  const parsed = parseHostName(text)
  assert.ok(parsed.ok)
  return parsed.value
}

function many(count: number): MxPattern[] {
  return Array.from({ length: count }, (_, place) => ({ name: domain(`mail-${place}.example.org`), wildcard: false }))
}
