// What `waxseal dns` does beyond one lookup of one name, in a lab.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'

let lab: Lab
let commands: LabCommands

before(async () => {
  lab = await startLab(`world  names to look up
zone   signed.example
zone   signed.example MX 10 mx.signed.example
zone   mx.signed.example A 192.0.2.25
zone   bogus.example
zone   bogus.example MX 10 mx.bogus.example bogus
zone   plain.example signed=no
zone   plain.example MX 10 mx.plain.example
`)
  commands = commandsIn(lab)
})

after(async () => {
  commands.close()
  await lab.close()
})

for (const words of [
  ['@198.51.100.253', 'signed.example', 'MX'],
  ['signed.example', '@198.51.100.253:53', 'MX'],
  ['signed.example', 'MX', '@198.51.100.253#53'],
]) {
  test(`dns ${words.join(' ')} asks that resolver, and validates what it says`, async () => {
    const anchors = commands.iterate.slice(commands.iterate.indexOf('--trust-anchor'))
    lab.reset()
    const { status, stdout, stderr } = await commands.run(['dns', '--json', ...anchors, ...words])
    assert.equal(stderr, '')
    assert.equal(status, 0)
    const { result, server, ...found } = JSON.parse(stdout)
    assert.deepEqual([result, found.status, server], ['answer', 'secure', lab.forwarder.address])
    assert.deepEqual(new Set(lab.diary.asked.map((asked) => asked.server)), new Set([lab.forwarder.address]))
  })
}
