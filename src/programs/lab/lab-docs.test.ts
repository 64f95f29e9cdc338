import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startLab } from './lab.ts'
import { playWorld } from './play/play.ts'
import { createSenders } from './play/sender.ts'
import { kindNames } from './world/certificates.ts'
import { expectationWords, senderReaders, skipReasons } from './world/events.ts'
import { explainWorldFault } from './world/fault.ts'
import { parseWorld } from './world/parse.ts'
import { algorithmNames, hostReaders, policyReaders, zoneReaders } from './world/statements.ts'
import { testReaders } from './world/tests.ts'
import * as words from './world/world.ts'

const docs = readFileSync(join(import.meta.dirname, '../../../docs/lab.md'), 'utf8')
const blocks = [...docs.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
const [whole = '', ...parts] = blocks.flatMap(([, language, text = '']) => (language === '' ? [text] : []))

async function surprisesOf(text: string): Promise<unknown[]> {
  const lab = await startLab(text)
  const senders = createSenders(lab)
  try {
    return [...(await playWorld(lab, senders.send))]
  } finally {
    await senders.close()
    await lab.close()
  }
}

test('the whole example of docs/lab.md comes as it says', async () => {
  assert.match(whole, /^expect/m)
  assert.deepEqual(await surprisesOf(whole), [])
})

test('the examples of docs/lab.md are one more world, which comes as it says', async () => {
  assert.ok(parts.length >= 10)
  assert.deepEqual(await surprisesOf(parts.join('\n')), [])
})

test('every statement of docs/lab.md has an example below its heading', () => {
  const sections = docs.split(/^### /m).slice(1)
  for (const section of sections) {
    const keywords = [...(section.split('\n')[0] ?? '').matchAll(/`(\w+)/g)].map(([, keyword]) => keyword)
    const example = /^```\n(.*?)^```$/ms.exec(section)?.[1] ?? ''
    for (const keyword of keywords) assert.match(example, new RegExp(`^${keyword} `, 'm'), section.slice(0, 40))
  }
})

test('the fault that docs/lab.md shows is worded as faults are', () => {
  const [, line, shown] = /^```text\nline (\d+), (.*)\n```$/m.exec(docs) ?? []
  const text = `zone example.org\n${'\n'.repeat(Number(line) - 2)}attack strip-starttls mx.exmaple.org`
  const world = parseWorld(text)
  assert.ok(!world.ok)
  assert.equal(explainWorldFault(text, world), `line ${line}, ${shown}`)
})

const vocabulary: Readonly<Record<string, readonly string[]>> = {
  'options of zones': Object.keys(zoneReaders),
  'options of hosts': Object.keys(hostReaders),
  'options of policies': Object.keys(policyReaders).filter((key) => !(key in hostReaders)),
  'options of tests': Object.keys(testReaders),
  'dues of tests': words.dues,
  'options of messages': Object.keys(senderReaders),
  algorithms: Object.keys(algorithmNames),
  'kinds of certificates': kindNames,
  attacks: words.attackKinds,
  expectations: expectationWords,
  'reasons to skip': skipReasons,
  'manners of breaking lookups': words.manners,
  fates: words.fates,
  denials: words.denials,
  delegations: words.delegations,
  issuers: words.issuers,
  validities: words.validities,
  'what is sent': words.sendings,
  keys: words.keyKinds,
  'behaviours of STARTTLS': words.startTlsBehaviours,
  'oldest versions': words.oldestVersions,
  'manners towards clients without SNI': words.namelessManners,
  tempers: words.tempers,
  modes: words.modes,
  'forged certificates': words.forgedCertificates,
}
for (const [what, all] of Object.entries(vocabulary)) {
  test(`docs/lab.md names all ${what}`, () => {
    const unnamed = all.filter((word) => !new RegExp(`[\`=]${word}[\` =]`).test(docs))
    assert.deepEqual(unnamed, [])
  })
}
