'use strict'
// Runs the command line from a clone: installs what is missing, then starts it on a Node that is new enough.
// Old syntax on purpose: whatever Node the machine has must be able to read this file.
var childProcess = require('node:child_process')
var fs = require('node:fs')
var path = require('node:path')

var root = path.join(__dirname, '..')
var modules = path.join(root, 'node_modules')

function isInstalled() {
  try {
    var mark = fs.statSync(path.join(modules, '.package-lock.json')).mtimeMs
    return mark >= fs.statSync(path.join(root, 'package-lock.json')).mtimeMs
  } catch (_missing) {
    return false
  }
}

function install() {
  process.stderr.write('installing dependencies (once) ...\n')
  var done = childProcess.spawnSync('npm', ['ci', '--loglevel=error', '--no-progress'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (done.status === 0) return
  process.stderr.write('waxseal: npm ci failed; run it in ' + root + ' to see why\n')
  process.exit(75)
}

function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  var own = path.join(modules, '.bin', 'node')
  if (fs.existsSync(own)) return own
  process.stderr.write('waxseal needs Node 24 or newer; this is ' + process.version + '\n')
  process.exit(78)
}

if (!isInstalled()) install()
var child = childProcess.spawn(
  findNode(),
  [path.join(root, 'src', 'programs', 'cli', 'main.ts')].concat(process.argv.slice(2)),
  {
    stdio: 'inherit',
  },
)
// The terminal sends its signals to the child too: wait for what the child makes of them.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {
  child.kill('SIGTERM')
})
child.on('exit', (status, signal) => {
  if (signal) {
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  } else process.exit(status === null ? 70 : status)
})
