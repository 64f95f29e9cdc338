import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')

interface Import {
  readonly from: string
  readonly to: string
}

const sources = globSync('src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'))
const imports = sources.flatMap(importsOf)

function importsOf(from: string): Import[] {
  const text = readFileSync(join(root, from), 'utf8')
  // The formatter leaves one way to write each kind: `from '…'`, a bare import, and a lazy one.
  const specifiers = text.matchAll(
    /^(?:import|export|\}) .*?from '([^']+)'$|^import '([^']+)'$|\bimport\(['"`]([^'"`]+)['"`]\)/gm,
  )
  return [...specifiers].map(([, named, bare, lazy]) => {
    const to = (named ?? bare ?? lazy) as string
    return { from, to: to.startsWith('.') ? normalize(join(dirname(from), to)) : to }
  })
}

function violations(rule: (edge: Import) => boolean): string[] {
  return imports.filter(rule).map(({ from, to }) => `${from} imports ${to}`)
}

test('the walk sees imports at all', () => {
  assert.ok(imports.length > 10, `${imports.length} imports found`)
})

test('no import hides from the walk: each names its module, and nothing else loads one', () => {
  const hidden = /\bimport\((?!['"`][^'"`$]+['"`]\))|\bgetBuiltinModule\b|\bcreateRequire\(/
  const wrong = sources.filter((file) => hidden.test(readFileSync(join(root, file), 'utf8')))
  // tr46 has no ES module of its own; the other says itself why.
  assert.deepEqual(wrong.toSorted(), ['src/core/name/idna.ts', 'src/io/node-http.ts'])
})

test('core imports only core, and of Node only what computes', () => {
  // node:module loads the one package that has no ES module of its own.
  const mayUse = new Set(['node:crypto', 'node:buffer', 'node:module'])
  const mayUseOfPackages = new Set(['tr46'])
  const wrong = violations(
    ({ from, to }) =>
      from.startsWith('src/core/') && !to.startsWith('src/core/') && !mayUse.has(to) && !mayUseOfPackages.has(to),
  )
  assert.deepEqual(wrong, [])
})

test('io never imports programs', () => {
  assert.deepEqual(
    violations(
      ({ from, to }) => from.startsWith('src/io/') && (to.startsWith('src/programs/') || to === 'src/index.ts'),
    ),
    [],
  )
})

/** Each folder of core, and the folders of core that it may import. */
const allowed: Record<string, readonly string[]> = {
  name: [],
  dns: ['name'],
  address: ['dns', 'name'],
  dnssec: ['dns', 'name'],
  x509: ['dns', 'name'],
  dane: ['x509', 'dnssec', 'dns', 'name'],
  mtasts: ['x509', 'dnssec', 'dns', 'name'],
  smtp: ['name'],
  tlsrpt: ['smtp', 'dns', 'name'],
  decision: ['dane', 'mtasts', 'x509', 'dnssec', 'dns', 'name', 'smtp'],
  postfix: ['decision', 'mtasts', 'dns', 'name'],
  lines: ['postfix', 'decision', 'dns', 'name'],
  tls: ['x509'],
  publish: ['check', 'decision', 'dane', 'mtasts', 'tlsrpt', 'tls', 'x509', 'dnssec', 'dns', 'name', 'smtp', 'address'],
  acme: ['x509', 'dns', 'name', 'smtp'],
  check: ['decision', 'dane', 'mtasts', 'tlsrpt', 'tls', 'address', 'x509', 'dnssec', 'dns', 'name', 'smtp'],
}

for (const [folder, below] of Object.entries(allowed)) {
  test(`core/${folder} imports only what stands below it`, () => {
    const wrong = violations(({ from, to }) => {
      if (!from.startsWith(`src/core/${folder}/`)) return false
      const target = /^src\/core\/([^/]+)\//.exec(to)?.[1]
      return target !== undefined && target !== folder && !below.includes(target)
    })
    assert.deepEqual(wrong, [])
  })
}

test('every folder of core has its place in the order', () => {
  const folders = new Set(sources.flatMap((file) => /^src\/core\/([^/]+)\//.exec(file)?.[1] ?? []))
  assert.deepEqual(
    [...folders].filter((folder) => !Object.hasOwn(allowed, folder)),
    [],
  )
})

test('core reads no clock, environment or randomness', () => {
  const world =
    /\bDate\.now\(|\bnew Date\(\)|\bprocess\.|\bMath\.random\(|\bperformance\.|\brandom(Bytes|Int|UUID|Fill)\w*\(/
  const wrong = sources
    .filter((file) => file.startsWith('src/core/'))
    .filter((file) => world.test(readFileSync(join(root, file), 'utf8')))
  assert.deepEqual(wrong, [])
})

test('the lab is reached only by programs that are its own, lazily', () => {
  const wrong = violations(
    ({ from, to }) =>
      to.startsWith('src/programs/lab/') && !/^src\/programs\/(?:lab|demo|sender-test)\/|\/commands\//.test(from),
  )
  assert.deepEqual(wrong, [])
})
