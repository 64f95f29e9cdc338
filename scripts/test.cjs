'use strict'
// What `npm test` means: types, format, lint, then every test, each in its own process. Arguments name test files.
var childProcess = require('node:child_process')
var path = require('node:path')

var root = path.join(__dirname, '..')
var bin = path.join(root, 'node_modules', '.bin')

function run(program, args) {
  var done = childProcess.spawnSync(program, args, { cwd: root, stdio: 'inherit' })
  if (done.status !== 0) process.exit(done.status === null ? 70 : done.status)
}

function findNode() {
  return Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : path.join(bin, 'node')
}

var files = process.argv.slice(2)
if (files.length === 0) {
  run(path.join(bin, 'tsc'), ['--noEmit'])
  run(path.join(bin, 'biome'), ['check', '.'])
  run(path.join(bin, 'oxlint'), ['--type-aware', '--deny-warnings'])
}
run(
  findNode(),
  [
    '--test',
    '--test-reporter=dot',
    '--test-reporter-destination=stdout',
    '--test-reporter=./scripts/summary-reporter.mjs',
    '--test-reporter-destination=stdout',
  ].concat(files.length > 0 ? files : ['src/**/*.test.ts', 'test/*.test.ts', 'test/scenarios/**/*.test.ts']),
)
