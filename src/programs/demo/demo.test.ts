import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import type { CommandContext } from '../cli/command.ts'
import { demo } from '../cli/commands/demo.ts'
import { createOut, type Out } from '../cli/out.ts'
import { widthOf } from '../cli/wrap.ts'
import { startLab } from '../lab/lab.ts'
import { createSenders } from '../lab/play/sender.ts'
import { explainWorldFault } from '../lab/world/fault.ts'
import { parseWorld } from '../lab/world/parse.ts'
import { attackKinds } from '../lab/world/world.ts'
import { writeDemo } from './demo-text.ts'
import { type DemoStory, playDemo } from './play-demo.ts'

const root = join(import.meta.dirname, '../../..')
const text = readFileSync(join(root, 'worlds/demo.txt'), 'utf8')

/** Where a command writes in a test, and what it wrote. */
function recorder(traits: { columns?: number; environment?: Record<string, string>; isTTY?: boolean } = {}) {
  const written = { stdout: '', stderr: '' }
  const { columns = 80, environment = {}, isTTY = false } = traits
  const sink = (name: keyof typeof written) => ({
    ...{ isTTY, columns, once: () => undefined },
    write: (more: string) => {
      written[name] += more
      return true
    },
  })
  const options = { stdout: sink('stdout'), stderr: sink('stderr') }
  return { written, out: createOut({ ...options, environment: { COLUMNS: String(columns), ...environment } }) }
}

let story: DemoStory

before(async () => {
  const lab = await startLab(text)
  const senders = createSenders(lab)
  try {
    story = await playDemo(lab, senders.send, { signal: new AbortController().signal })
  } finally {
    await senders.close()
    await lab.close()
  }
})

const fates: [domain: string, opportunistic: string, enforced: string, row: string][] = [
  ['friends', 'arrived', 'arrived', '1d/8'],
  ['bakery', 'arrived', 'arrived', '1d/21'],
  ['clinic', 'read', 'held', '1d/2'],
  ['bank', 'read', 'held', '1d/4'],
  ['court', 'read', 'held', '1a/M1'],
  ['embassy', 'read', 'held', '1a/M1'],
  ['press', 'read', 'held', '1d/1'],
  ['choir', 'read', 'held', '1d/2'],
  ['lawyers', 'read', 'held', '1d/19'],
  ['school', 'read', 'held', '1d/17'],
  ['insurer', 'read', 'held', '1d/20'],
  ['hospital', 'read', 'held', '1d/20'],
  ['library', 'bounced', 'held', '1a/M1'],
  ['postcard', 'read', 'read', '1d/25'],
]

test('the demo comes as its table says: what is protected is never read, and arrives afterwards', () => {
  const rows = new Map(fates.map(([domain, , , row]) => [`${domain}.example`, row]))
  assert.deepEqual(
    story.domains.map(({ domain, opportunistic, enforced }) => [
      domain.replace(/\.example$/, ''),
      opportunistic.fate,
      enforced.fate,
      [...enforced.sent.rows].find((row) => row === rows.get(domain)),
    ]),
    fates,
  )
  assert.deepEqual(story.calm, { sent: 28, arrived: 28 })
  assert.deepEqual(story.after, { sent: 11, arrived: 11 })
})

test('the demo makes every attack that shows something of its own', () => {
  const world = parseWorld(text)
  assert.ok(world.ok, world.ok ? '' : explainWorldFault(text, world))
  const made = new Set(world.value.events.flatMap((event) => (event.kind === 'attack' ? [event.attack.kind] : [])))
  // Refusing STARTTLS looks like hiding it, and from a server that nobody reaches nobody learns anything.
  assert.deepEqual(
    attackKinds.filter((kind) => !made.has(kind)),
    ['refuse-starttls', 'block-host'],
  )
})

function shown(traits: Parameters<typeof recorder>[0]): string {
  const { written, out } = recorder(traits)
  writeDemo(story, 2.5, out)
  return written.stdout
}

for (const columns of [60, 80, 120]) {
  test(`in ${columns} columns no line is longer, and each cell is whole`, () => {
    const lines = shown({ columns, environment: { LANG: 'C.UTF-8' } }).split('\n')
    assert.deepEqual(
      lines.filter((line) => widthOf(line) > columns),
      [],
    )
    const table = lines.join(' ').replace(/\s+/g, ' ')
    for (const [domain] of fates) assert.ok(table.includes(` ${domain} `), domain)
    assert.match(table, / Attackers read 11 of 14 messages of the usual sender, and 1 of Waxseal’s /)
  })
}

test('colour adds nothing that the words do not say, and is nowhere but on terminals', () => {
  const plain = shown({ environment: { LANG: 'C.UTF-8' } })
  assert.equal(stripVTControlCharacters(plain), plain)
  const coloured = shown({ isTTY: true, environment: { LANG: 'C.UTF-8' } })
  assert.notEqual(coloured, plain)
  assert.equal(stripVTControlCharacters(coloured), plain)
  assert.equal(shown({ isTTY: true, environment: { LANG: 'C.UTF-8', NO_COLOR: '1' } }), plain)
})

test('where the locale has ASCII alone, so has the demo', () => assert.match(shown({}), /^[\n -~]*$/))

test('what README.md shows of the demo is what it shows', () => {
  const block = /^\$ npm start -- demo\n(.*?)^```$/ms.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? ''
  const output = shown({ environment: { LANG: 'C.UTF-8' } })
  const parts = block.split('[...]\n').map((part) => part.trimEnd())
  assert.ok(parts.length > 1)
  for (const part of parts) assert.ok(output.includes(part), part)
})

function contextFor(out: Out, signal: AbortSignal): CommandContext {
  const unused = () => assert.fail('the demo needs neither input nor resolver')
  return { out, signal, clock: { now: () => Date.now() }, environment: {}, openInput: unused, openWorld: unused }
}

/** Sockets that are not closed; those that are stay on Node's list for some turns of its loop. */
async function stillOpen(): Promise<string[]> {
  const open = () => process.getActiveResourcesInfo().filter((kind) => /TCP|UDP/.test(kind))
  for (let turns = 0; turns < 1000 && open().length > 0; turns++) await setImmediate()
  return open()
}

const moments = ['starting', 'calm: wrote to 0', 'calm: wrote to 5', 'calm: wrote to 14', 'under attack: wrote to 3']

for (const moment of moments) {
  test(`interrupted at "${moment}", the demo ends at once, without a word, and leaves nothing open`, async () => {
    const stopping = new AbortController()
    const { written, out } = recorder({ isTTY: true })
    const watching: Out = {
      ...out,
      progress: (line) => {
        out.progress(line)
        if (line?.startsWith(moment)) stopping.abort()
      },
    }
    const status = await demo.run(
      { values: { json: undefined }, positionals: [] },
      contextFor(watching, stopping.signal),
    )
    assert.equal(status, 130)
    assert.ok(stopping.signal.aborted)
    assert.equal(written.stdout, '')
    assert.deepEqual(await stillOpen(), [])
  })
}

test('the demo as a process needs no home, writes no file, and says nothing but its table', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-demo-'))
  try {
    const { status, stdout, stderr } = runDemo(process.execPath, [main, 'demo', '--json'], folder)
    assert.deepEqual([status, stderr], [0, ''])
    const { schema, domains } = JSON.parse(stdout) as { schema: string; domains: { enforced: string }[] }
    assert.deepEqual([schema, domains.length], ['waxseal.demo/1', 14])
    assert.deepEqual(readdirSync(folder), [])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('where not even loopback is reached, the demo says so instead of a table', (context) => {
  if (spawnSync('unshare', ['-rn', 'true']).status !== 0) return context.skip('unshare -rn does not work here')
  const { status, stdout, stderr } = runDemo('unshare', ['-rn', process.execPath, main, 'demo'], tmpdir())
  assert.deepEqual([status, stdout], [78, ''])
  return assert.match(stderr, /^waxseal: nothing on this machine can reach 127\.0\.0\.1,.*\n$/)
})

const main = join(root, 'src/programs/cli/main.ts')

function runDemo(program: string, args: readonly string[], folder: string) {
  const env = { PATH: process.env.PATH, TMPDIR: folder, HOME: '/nonexistent' }
  return spawnSync(program, args, { cwd: folder, env, encoding: 'utf8', timeout: 60_000 })
}
