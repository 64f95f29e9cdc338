// The Debian package: made, looked at by lintian, and installed, run, upgraded and purged by dpkg on layers over this
// machine's folders that are gone afterwards.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'

const root = join(import.meta.dirname, '..', '..')
const place = mkdtempSync(join(tmpdir(), 'deb-'))
let archive = ''

before(() => {
  const env = { ...process.env, DEBFULLNAME: 'The Waxseal authors', DEBEMAIL: 'packages@waxseal.net' }
  // For npm, which runs on any Node.
  const args = [join(root, 'scripts/make-deb.ts'), '--out', place, '--compression', 'gzip']
  archive = execFileSync(process.execPath, args, { env, encoding: 'utf8' }).trim()
})

test('lintian finds no error and nothing to warn of', () => {
  execFileSync('lintian', ['--fail-on', 'error,warning', '--allow-root', archive], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
})

/** Asks the service as Postfix does, and prints the reply. */
const ask = `
const socket = require('node:net').connect(8461, '127.0.0.1', () => socket.write('14:QUERY .example,'))
socket.on('error', () => setTimeout(() => process.exit(1), 50))
socket.on('data', (octets) => { console.log(octets.toString()); process.exit(0) })`

const script = `
set -e
mkdir "$PLACE/layers"
mount -t tmpfs tmpfs "$PLACE/layers"
cd /
for folder in usr etc var; do
  mkdir -p "$PLACE/layers/$folder/new" "$PLACE/layers/$folder/work"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$PLACE/layers/$folder/new,workdir=$PLACE/layers/$folder/work" "/$folder"
done
quietly() { "$@" > "$PLACE/output" 2>&1 || { cat "$PLACE/output"; exit 1; }; }
as_waxseal='setpriv --reuid waxseal --regid waxseal --clear-groups env -i PATH=/usr/bin:/bin XDG_STATE_HOME=/var/lib'
quietly dpkg -i "$ARCHIVE"
waxseal --version
stat -c 'state %U %a' /var/lib/waxseal
$as_waxseal waxseal config check | head -n 1
$as_waxseal waxseal serve --engine iterate > "$PLACE/log" 2>&1 &
until $as_waxseal /usr/lib/waxseal/bin/node -e "$ASK"; do kill -0 $!; done
kill -TERM $!
wait $! && echo "ended well"
man --where waxseal-serve > /dev/null && echo "has a manual"
echo '# mine' >> /etc/waxseal/waxseal.toml
quietly dpkg -i "$ARCHIVE"
tail -n 1 /etc/waxseal/waxseal.toml
quietly dpkg --remove waxseal
test -e /var/lib/waxseal/waxseal.sqlite && test -e /etc/waxseal/waxseal.toml && echo "removed, policies kept"
quietly dpkg --purge waxseal
ls -d /usr/lib/waxseal /etc/waxseal /var/lib/waxseal 2> /dev/null || echo "purged"
`

test('the package is installed, runs as its own user, and is upgraded, removed and purged', () => {
  const file = join(place, 'script')
  writeFileSync(file, script)
  const env = { ...process.env, ARCHIVE: archive, PLACE: place, ASK: ask, DEBIAN_FRONTEND: 'noninteractive' }
  const args = ['--mount', '--propagation', 'private', 'sh', file]
  const output = execFileSync('unshare', args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  assert.deepEqual(output.trim().split('\n'), [
    'waxseal 0.1.0',
    'state waxseal 700',
    '/etc/waxseal/waxseal.toml can be used.',
    '9:NOTFOUND ,',
    'ended well',
    'has a manual',
    '# mine',
    'removed, policies kept',
    'purged',
  ])
})
