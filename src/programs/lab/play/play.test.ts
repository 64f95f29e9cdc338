import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startLab } from '../lab.ts'
import { playWorld } from './play.ts'
import { createSenders } from './sender.ts'

/** Plays a world with its own senders; each surprise with the statement that it is about. */
async function play(text: string): Promise<(readonly [statement: string, surprise: string])[]> {
  const lab = await startLab(text)
  const senders = createSenders(lab)
  try {
    const surprises = await playWorld(lab, senders.send)
    return surprises.map((surprise) => [text.split('\n')[surprise.line - 1] ?? '', surprise.text])
  } finally {
    await senders.close()
    await lab.close()
  }
}

const dane = `zone example.org
zone example.org MX 10 mx.example.org
zone _25._tcp.mx.example.org TLSA 3 1 1 {mx.spki.sha256}
host mx.example.org certificate=self-signed
host other.example.org
`

type Expectations = readonly (readonly [expectation: string, surprise: RegExp | undefined])[]

const delivered: Expectations = [
  ['delivered', undefined],
  ['delivered mx.example.org over tls', undefined],
  ['delivered other.example.org', /^it arrived at mx\.example\.org$/],
  ['delivered over clear', /^it came over tls$/],
  ['held', /^the sender says delivered/],
  ['bounced', /^the sender says delivered/],
  ['read-by-attacker', /^no attacker could read it$/],
  ['example.org deliver', undefined],
  ['example.org defer', /^the sender decided to deliver$/],
  ['mx.example.org deliver', /^the message was for example\.org$/],
  ['mx.example.org connect dane', undefined],
  ['mx.example.org connect pkix', /^the demand was dane$/],
  ['other.example.org connect dane', /^other\.example\.org was no host$/],
  ['mx.example.org skip', /^mx\.example\.org was not skipped$/],
  ['row 1d/8', undefined],
  ['row 1d/21', /^the rows were .*1d\/8/],
  ['code 2.0.0', undefined],
  ['code 4.7.5', /^the code was 2\.0\.0$/],
  ['asked example.org MX', undefined],
  ['not-asked example.org MX', /^example\.org MX was asked for$/],
  ['asked example.org CAA', /^example\.org CAA was not asked for$/],
  ['fetched example.org 0', undefined],
  ['fetched example.org 1', /^the policy was asked for, times: 0$/],
  ['connected mx.example.org 1', undefined],
  ['connected mx.example.org 0', /^connections: 1$/],
]

const held: Expectations = [
  ['held', undefined],
  ['delivered', /^it did not arrive \(held: /],
  ['bounced', /^the sender says held/],
  ['example.org deliver', /^the sender decided to defer$/],
  ['mx.example.org skip', undefined],
  ['mx.example.org skip tlsa-lookup-failed', undefined],
  ['mx.example.org skip mx-not-in-policy', /^it was skipped for tlsa-lookup-failed$/],
  ['mx.example.org connect dane', /^mx\.example\.org was skipped: tlsa-lookup-failed$/],
  ['code 4.7.5', undefined],
  ['code 4.7.4', /^the code was 4\.7\.5$/],
]

for (const [what, attack, expectations] of [
  ['is delivered', '', delivered],
  ['is held', 'attack break-tlsa mx.example.org\n', held],
] as const) {
  test(`of a message that ${what}, each wrong expectation is a surprise and no right one is`, async () => {
    const lines = expectations.map(([expectation]) => `expect ${expectation}`)
    const surprises = await play(`${dane}${attack}send bob@example.org\n${lines.join('\n')}`)
    const wrong = expectations.filter(([, surprise]) => surprise !== undefined)
    assert.deepEqual(
      surprises.map(([statement]) => statement),
      wrong.map(([expectation]) => `expect ${expectation}`),
    )
    for (const [index, [, surprise]] of wrong.entries()) assert.match(surprises[index]?.[1] ?? '', surprise ?? /^$/)
  })
}

const clear = `zone example.com signed=no
zone example.com MX 10 mx.example.com
host mx.example.com
attack strip-starttls mx.example.com
send bob@example.com
`

test('a message that an attacker could read is a surprise, unless its world says so', async () => {
  assert.deepEqual(await play(`${clear}expect delivered over clear`), [
    ['send bob@example.com', 'an attacker could read it'],
  ])
  assert.deepEqual(await play(`${clear}expect read-by-attacker`), [])
})

test('a message that only the attacker has was not held, and did not arrive', async () => {
  const spoofed = clear.replace('strip-starttls mx.example.com', 'spoof-mx example.com')
  const surprises = await play(`${spoofed}expect delivered\nexpect held\nexpect read-by-attacker`)
  assert.deepEqual(
    surprises.map(([statement]) => statement),
    ['expect delivered', 'expect held'],
  )
})

test('a row that a world promises and never shows is a surprise', async () => {
  assert.deepEqual(await play(`rows 1d/27 1d/8 1d/26\n${clear.replace('attack', '#')}`), [
    ['', 'row 1d/8 was not shown'],
    ['', 'row 1d/26 was not shown'],
  ])
})
