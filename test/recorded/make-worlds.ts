import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Question, ResourceRecord } from '../../src/core/dns/message.ts'
import { formatRcode, formatType, parseType, TYPE } from '../../src/core/dns/types.ts'
import { formatRecord } from '../../src/core/dns/zone-text.ts'
import { isAtOrBelow } from '../../src/core/name/name.ts'
import { formatName } from '../../src/core/name/text.ts'
import type { Sections } from '../../src/programs/lab/dns/answer.ts'
import { start } from '../resolver/memory-resolver.ts'
import { engines, type SignedWorld, signedWorld } from '../resolver/signed-world.ts'
import { nameOfText } from '../support/records.ts'
import { type Expected, type World, worlds } from './worlds.ts'

/** Signs every world anew and writes it to `worlds/`: `node test/recorded/make-worlds.ts`. */
for (const world of worlds) {
  const path = fileURLToPath(new URL(`worlds/${world.name}.rpl`, import.meta.url))
  writeFileSync(path, await recordingOf(world))
}

async function recordingOf({ name, claim, zones, questions }: World): Promise<string> {
  const world = signedWorld(zones)
  const asked = await questionsOf(world, questions)
  const origins = [...world.zones.servers].sort(([one], [other]) => depthOf(one) - depthOf(other))
  return [
    `; ${claim}`,
    '; Made by test/recorded/make-worlds.ts.',
    `stub-addr: ${world.serverOf('.')}`,
    `val-override-timestamp: "${start / 1000}"`,
    ...world.zones.anchors
      .trim()
      .split('\n')
      .map((anchor) => `trust-anchor: "${anchor}"`),
    'CONFIG_END',
    `SCENARIO_BEGIN ${name}: ${claim}`,
    ...origins.flatMap(([origin, address]) => rangeOf(world, { origin, address, asked })),
    ...questions.flatMap(stepsOf),
    'SCENARIO_END',
    '',
  ].join('\n')
}

function depthOf(origin: string): number {
  return nameOfOrigin(origin).labelCount
}

function nameOfOrigin(origin: string) {
  return nameOfText(origin === '.' ? '.' : `${origin}.`)
}

/** All that either engine asks on the way. */
async function questionsOf(world: SignedWorld, questions: World['questions']): Promise<readonly Question[]> {
  const found = new Map<string, Question>()
  for (const engine of engines) {
    for (const [question] of questions) {
      const resolver = world.resolver(
        engine,
        (_, asked) => {
          found.set(asked.question, { name: asked.name, type: asked.type, class: 1 })
          return undefined
        },
        { minimise: false },
      )
      await resolver.ask(question)
      await resolver.close()
    }
  }
  return [...found.values()]
}

interface Served {
  readonly origin: string
  readonly address: string
  readonly asked: readonly Question[]
}

function rangeOf({ zones }: SignedWorld, { origin, address, asked }: Served): string[] {
  const apex = nameOfOrigin(origin)
  // DS records are the parent's: a child's answer would stand last, which is what a forwarder would give.
  const isFor = ({ name, type }: Question) => isAtOrBelow(name, apex) && !(type === TYPE.DS && name.key === apex.key)
  const entries = asked.filter(isFor).flatMap((question) => entryOf(question, zones.answer(origin, question, true)))
  return ['RANGE_BEGIN 0 1000', `ADDRESS ${address}`, ...entries, 'RANGE_END']
}

function entryOf({ name, type }: Question, sections: Sections): string[] {
  const { rcode, isAuthoritative, answer, authority, additional } = sections
  return [
    'ENTRY_BEGIN',
    'MATCH opcode qtype qname',
    'ADJUST copy_id',
    `REPLY QR ${isAuthoritative ? 'AA ' : ''}${formatRcode(rcode)}`,
    ...['SECTION QUESTION', `${formatName(name)} IN ${formatType(type)}`],
    ...[...sectionOf('ANSWER', answer), ...sectionOf('AUTHORITY', authority), ...sectionOf('ADDITIONAL', additional)],
    'ENTRY_END',
  ]
}

function sectionOf(title: string, records: readonly ResourceRecord[]): string[] {
  return records.length === 0 ? [] : [`SECTION ${title}`, ...records.map(formatRecord)]
}

/** The question, and what must come of it. */
function stepsOf([question, expected, days]: World['questions'][number], index: number): string[] {
  const [owner = '', type = ''] = question.split(' ')
  if (parseType(type) === undefined) throw new Error(`no type in "${question}"`)
  const asked = ['SECTION QUESTION', `${owner} IN ${type}`]
  const at = 10 * (index + 1)
  return [
    ...(days === undefined ? [] : [`STEP ${at} TIME_PASSES ELAPSE ${days * 86_400}`]),
    ...[`STEP ${at + 1} QUERY`, 'ENTRY_BEGIN', 'REPLY RD DO', ...asked, 'ENTRY_END'],
    ...[`STEP ${at + 2} CHECK_ANSWER`, 'ENTRY_BEGIN', 'MATCH flags rcode question answer'],
    ...[`REPLY QR RD RA ${wordsFor(expected)}`, ...asked],
    ...('answer' in expected
      ? ['SECTION ANSWER', ...expected.answer.map((data) => `${owner} IN ${type} ${data}`)]
      : []),
    'ENTRY_END',
  ]
}

function wordsFor(expected: Expected): string {
  if (expected.status === 'bogus') return 'DO SERVFAIL'
  const rcode = 'denial' in expected ? expected.denial : 'NOERROR'
  return `${expected.status === 'secure' ? 'AD ' : ''}DO ${rcode}`
}
