import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')
const sources = globSync('src/**/*.ts', { cwd: root }).filter(
  (file) => /^src\/(?:core|io)\/|^src\/[^/]+\.ts$/.test(file) && !file.endsWith('.test.ts'),
)

/** What is no state, each with its reason. */
const harmless: Readonly<Record<string, string>> = {
  'src/core/dnssec/algorithms.ts: tested':
    'what the crypto library of this process can do, found out once: it comes out the same each time',
  'src/core/name/idna.ts: loaded': 'a package, loaded when the first name is not ASCII: it is the same each time',
}

const writes = 'set|add|delete|clear|push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin'

/** Names declared at the top of a module that may be declared anew, or that something there writes into. */
function stateIn(text: string): string[] {
  const names = [...text.matchAll(/^(?:export )?(let|var|const) (\w+)/gm)]
  return names.flatMap(([, how, name = '']) => {
    const isWritten = new RegExp(
      `(?<![\\w.])${name}(?:\\.(?:${writes})\\(|(?:\\.\\w+|\\[[^\\]\\n]+\\])+ (?:[-+*?|&]{0,2}=)(?![=>]))`,
    ).test(text)
    return how !== 'const' || isWritten ? [name] : []
  })
}

test('the walk sees state in all of its forms', () => {
  const forms = [
    'let one = 1',
    'const one = new Map()\none.set(1, 2)',
    'export const one: string[] = []\nfunction two() {\n  one.push("three")\n}',
    'const one = {}\none.two = 3',
    'const one = {}\none["two"] ??= 3',
    'const one = { two: 2 }\none.two += 3',
  ]
  for (const form of forms) assert.deepEqual(stateIn(form), ['one'], form)
  assert.deepEqual(stateIn('const one = new Map([[1, 2]])\nif (one.get(1) === two.one.set(3)) one.size >= 2'), [])
})

test('the library keeps no state at the top of its modules: resolvers are apart, in one thread as in several', () => {
  assert.ok(sources.length > 100, `${sources.length} sources found`)
  const found = sources.flatMap((file) =>
    stateIn(readFileSync(join(root, file), 'utf8')).map((name) => `${file}: ${name}`),
  )
  assert.deepEqual(found.sort(), Object.keys(harmless))
})
