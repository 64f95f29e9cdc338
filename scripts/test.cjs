'use strict'
// What `npm test` means: types, format, lint, then every test, each file in its own process.
// Arguments name test files, and then only those run.
const childProcess = require('node:child_process')
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
if (named.length === 0) {
  run(path.join(bin, 'tsc'), ['--noEmit'])
  run(path.join(bin, 'biome'), ['check', '--error-on-warnings', '.'])
  run(path.join(bin, 'oxlint'), ['--type-aware', '--deny-warnings'])
}
const own = [
  'src/**/*.test.ts',
  'test/*.test.ts',
  'test/{adapters,commands,fuzz,recorded,resolver,scenarios,support}/**/*.test.ts',
]
const files = named.length > 0 ? named : own
run(findNode(), ['--test', '--test-timeout=120000', '--test-reporter=./scripts/summary-reporter.mjs'].concat(files))
