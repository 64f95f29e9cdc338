// Each finding where its fault is planted, and nowhere else: one lab, a domain for each fault.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseWorld } from '../../src/programs/lab/world/parse.ts'
import { type CheckLab, idsOf, startCheckLab } from '../support/check-lab.ts'
import { type Fault, whole } from './faults/fault.ts'
import { faults } from './faults.ts'

/** What a line is about: the record, host or policy that it stands for. */
function keyOf(line: string): string {
  const words = line.split(' ')
  const type = words.find((word, place) => place > 1 && /^[A-Z]+$/.test(word) && word !== 'D')
  return [...words.slice(0, 2), ...(type === undefined ? [] : [type])].join(' ')
}

/** The lines of `whole` with those of the fault in their places, zones first. */
function worldOf([, , , world]: Fault, at: number): string {
  const given = world.split('\n').filter((line) => line !== '')
  const gone = given.flatMap((line) => (line.startsWith('-') ? [line.slice(1)] : []))
  const own = given.filter((line) => !line.startsWith('-'))
  const replaced = new Set(own.map(keyOf))
  const kept = whole.filter((line) => !replaced.has(keyOf(line)) && !gone.some((one) => line.startsWith(one)))
  const lines = [...kept, ...own].toSorted((one, other) => rank(one) - rank(other))
  return lines
    .join('\n')
    .replaceAll(/\bD\b/g, `d${at}.example`)
    .replaceAll('%', String(at + 100))
}

/** Zones, what stands in them, and then what happens. */
function rank(line: string): number {
  if (line.startsWith('attack')) return 2
  return /^zone \S+( [a-z]+=\S+)*$/.test(line) ? 0 : 1
}

let lab: CheckLab

before(async () => {
  const lines = faults.map(worldOf).join('\n').split('\n')
  const text = lines
    .toSorted((one, other) => Number(one.startsWith('attack')) - Number(other.startsWith('attack')))
    .join('\n')
  lab = await startCheckLab(text)
  const world = parseWorld(text)
  assert.ok(world.ok)
  for (const event of world.value.events) if (event.kind === 'attack') await lab.lab.attack(event.attack)
})
after(() => lab.close())

for (const [at, [what, verdict, ids]] of faults.entries()) {
  test(`${what}: ${verdict}`, async () => {
    const report = await lab.check(`d${at}.example`)
    assert.deepEqual(idsOf(report), ids === '' ? [] : ids.split(' '), JSON.stringify(report.findings, undefined, 1))
    assert.equal(report.verdict, verdict, report.why.join('; '))
  })
}
