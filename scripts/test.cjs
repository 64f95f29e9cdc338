'use strict'
// What `npm test` means: types, format, lint, then every test, each file in its own process.
// Arguments name test files, and then only those run.
const childProcess = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')
const bin = path.join(root, 'node_modules', '.bin')

function run(program, args) {
  const done = childProcess.spawnSync(program, args, { cwd: root, stdio: 'inherit' })
  if (done.status !== 0) process.exit(done.status === null ? 70 : done.status)
}

function findNode() {
  return Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : path.join(bin, 'node')
}

const named = process.argv.slice(2)
// They give this machine's loopback addresses, unless they have a namespace of their own.
if (named.some((file) => path.resolve(file).startsWith(path.join(root, 'test', 'interop') + path.sep))) {
  process.stderr.write('tests against real servers are run by `npm run interop -- FILES`\n')
  process.exit(64)
}
if (named.length === 0) {
  run(path.join(bin, 'tsc'), ['--noEmit'])
  run(path.join(bin, 'biome'), ['check', '--error-on-warnings', '.'])
  run(path.join(bin, 'oxlint'), ['--type-aware', '--deny-warnings'])
}
/** All but the tests against real servers: a folder that somebody adds must not be forgotten here. */
function ownTests() {
  const tests = fs.readdirSync(path.join(root, 'test'), { recursive: true }).map(String)
  const folders = new Set(tests.filter((file) => file.endsWith('.test.ts')).map((file) => path.dirname(file)))
  const own = [...folders].filter((folder) => folder.split(path.sep)[0] !== 'interop')
  return ['src/**/*.test.ts', ...own.map((folder) => path.posix.join('test', folder, '*.test.ts'))]
}

const files = named.length > 0 ? named : ownTests()
run(findNode(), ['--test', '--test-timeout=120000', '--test-reporter=./scripts/summary-reporter.mjs'].concat(files))
