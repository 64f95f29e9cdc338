'use strict'
// Runs the command line from a clone: installs what is missing, then starts it on a Node that is new enough.
// Whatever Node the machine has must be able to read this file, so its syntax is plain.
const childProcess = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')
const modules = path.join(root, 'node_modules')

function isInstalled() {
  try {
    const mark = fs.statSync(path.join(modules, '.package-lock.json')).mtimeMs
    return mark >= fs.statSync(path.join(root, 'package-lock.json')).mtimeMs
  } catch (_missing) {
    return false
  }
}

function install() {
  process.stderr.write('installing dependencies (once) ...\n')
  const options = { cwd: root, stdio: ['ignore', 2, 2] }
  const done = childProcess.spawnSync('npm', ['ci', '--loglevel=error', '--no-progress'], options)
  if (done.status === 0) return
  process.stderr.write(`waxseal: npm ci failed; run it in ${root} to see why\n`)
  process.exit(75)
}

function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  const own = path.join(modules, '.bin', 'node')
  if (fs.existsSync(own)) return own
  process.stderr.write(`waxseal needs Node 24 or newer; this is ${process.version}\n`)
  process.exit(78)
}

if (!isInstalled()) install()
const main = path.join(root, 'src', 'programs', 'cli', 'main.ts')
// Node keeps what it made of the TypeScript: doing it anew is most of what a start costs.
const env = Object.assign({ NODE_COMPILE_CACHE: path.join(modules, '.cache', 'waxseal') }, process.env)
const child = childProcess.spawn(findNode(), [main].concat(process.argv.slice(2)), { stdio: 'inherit', env: env })
// The terminal sends its signals to the child too: what the child makes of them is what we end with.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (status, signal) => {
  if (signal === null) process.exit(status)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
})
