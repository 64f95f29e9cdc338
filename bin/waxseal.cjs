#!/usr/bin/env node
'use strict'
// Any Node must be able to read this file, so that an old one can say what is wrong: its syntax is plain, and the
// command line is required rather than imported.
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')

function version() {
  return JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).version
}

function complain() {
  const advice = 'install one from https://nodejs.org, or in a clone run "npm start -- COMMAND"'
  process.stderr.write(`waxseal: needs Node 24 or newer, and this is ${process.version}; ${advice}\n`)
  process.exitCode = 78
}

function writeVersion() {
  process.stdout.on('error', (error) => {
    if (error.code === 'EPIPE') process.exit(141)
    process.stderr.write(`waxseal: cannot write the output: ${error.message}\n`)
    process.exit(73)
  })
  process.stdout.write(`waxseal ${version()}\n`)
}

function findMain() {
  const built = path.join(root, 'dist', 'programs', 'cli', 'main.js')
  if (fs.existsSync(built)) return built
  // Node keeps what it made of the TypeScript: doing it anew is most of what a start costs.
  require('node:module').enableCompileCache(path.join(root, 'node_modules', '.cache', 'waxseal'))
  return path.join(root, 'src', 'programs', 'cli', 'main.ts')
}

if (process.argv[2] === '--version' || process.argv[2] === '-V') writeVersion()
else if (Number(process.versions.node.split('.')[0]) < 24) complain()
else require(findMain())
