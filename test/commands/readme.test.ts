// What README.md shows is what commands print.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { parseWorld } from '../../src/programs/lab/world/parse.ts'
import { commandsIn } from '../support/lab-commands.ts'

const root = join(import.meta.dirname, '..', '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** What the README shows under a command line. */
function shownUnder(line: string): string {
  const start = readme.indexOf(`\n$ ${line}\n`)
  assert.notEqual(start, -1, `README.md shows no "${line}"`)
  return readme.slice(start + line.length + 4).split(/\n(?:```|\$ )/, 1)[0] ?? ''
}

/** Digests, and moments that depend on the day. */
function mask(text: string): string {
  return text
    .trimEnd()
    .replace(/\b[0-9a-f]{64}\b/g, 'DIGEST')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, 'MOMENT')
}

/** Runs something in the demo's Internet, in calm or under the attack of this line. */
async function inDemoWorld(attack: string, use: (lab: Lab) => Promise<void>): Promise<void> {
  const text = readFileSync(join(root, 'worlds', 'demo.txt'), 'utf8')
  const lab = await startLab(text)
  try {
    if (attack !== '') {
      const world = parseWorld(`${text}\n${attack}\n`)
      const event = world.ok ? world.value.events.at(-1) : undefined
      assert.ok(event?.kind === 'attack')
      await lab.attack(event.attack)
    }
    await use(lab)
  } finally {
    await lab.close()
  }
}

test('README.md shows what demo prints, with gaps only where it says so', () =>
  inDemoWorld('', async (lab) => {
    const commands = commandsIn(lab)
    try {
      const { status, stdout } = await commands.run(['demo'])
      assert.equal(status, 0)
      let from = 0
      for (const part of shownUnder('npm start -- demo').split('\n[...]\n')) {
        const at = stdout.indexOf(part, from)
        assert.notEqual(at, -1, `demo does not print\n${part}\nbut\n${stdout}`)
        from = at + part.length
      }
    } finally {
      commands.close()
    }
  }))

test('README.md shows what explain prints in the demo’s Internet', () =>
  inDemoWorld('', async (lab) => {
    const commands = commandsIn(lab)
    try {
      const { stdout } = await commands.run(['explain', ...commands.iterate, 'clinic.example'])
      assert.equal(mask(shownUnder('waxseal explain clinic.example')), mask(stdout))
    } finally {
      commands.close()
    }
  }))

test('README.md shows what send prints there, under attack, and its exit status', () =>
  inDemoWorld('attack strip-starttls mx.clinic.example', async (lab) => {
    const commands = commandsIn(lab)
    try {
      const options = [...commands.iterate, '--store', ':memory:']
      const args = ['send', ...options, '-f', 'me@example.net', 'info@clinic.example']
      const { status, stdout } = await commands.run(args, { input: 'Subject: hello\n\nhello\n' })
      assert.equal(shownUnder('waxseal send -f me@example.net info@clinic.example <message.eml'), stdout.trimEnd())
      assert.equal(shownUnder('echo $?'), String(status))
    } finally {
      commands.close()
    }
  }))

test('links between documents lead to files that are there', () => {
  const documents = globSync(['*.md', 'docs/*.md'], { cwd: root })
  const links = documents.flatMap((from) =>
    [...readFileSync(join(root, from), 'utf8').matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, to = '']) => ({
      from,
      to,
    })),
  )
  assert.ok(links.length > 20)
  assert.deepEqual(
    links.filter(({ from, to }) => !existsSync(join(root, dirname(from), to))),
    [],
  )
})

test('README.md shows what setup prints there, with gaps only where it says so', () =>
  inDemoWorld('', async (lab) => {
    const commands = commandsIn(lab)
    try {
      const line = ['setup', '--no-sts', ...commands.iterate, '--store', ':memory:', 'library.example']
      const { status, stdout } = await commands.run(line)
      assert.equal(status, 1)
      const printed = mask(stdout)
      let from = 0
      for (const part of mask(shownUnder('waxseal setup --no-sts library.example')).split('\n[...]')) {
        const at = printed.indexOf(part.trim(), from)
        assert.notEqual(at, -1, `setup does not print\n${part}\nbut\n${printed}`)
        from = at + part.trim().length
      }
    } finally {
      commands.close()
    }
  }))
