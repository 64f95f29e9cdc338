// Makes the Debian package, with its own Node: `node scripts/make-deb.ts [--out FOLDER] [--compression xz|gzip]`
// DEBFULLNAME and DEBEMAIL name its maintainer, as for Debian's own tools. Needs dpkg-deb and gzip; strip takes a quarter off the size where it is. The same sources make the same package.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { parseArgs } from 'node:util'

const root = join(import.meta.dirname, '..')
const templates = join(root, 'packaging', 'debian')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string } // our own file
const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' }

const { DEBFULLNAME = 'The Waxseal authors', DEBEMAIL = 'waxseal@localhost' } = process.env
const maintainer = `${DEBFULLNAME} <${DEBEMAIL}>`

const { values } = parseArgs({
  options: { out: { type: 'string', default: root }, compression: { type: 'string', default: 'xz' } },
})

function run(program: string, args: readonly string[], cwd = root): string {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

/** When the sources are from: everything in the package has this time. */
function sourceDate(): number {
  const given = process.env.SOURCE_DATE_EPOCH ?? run('git', ['log', '-1', '--format=%ct']).trim()
  return Number(given)
}

function put(file: string, text: string | Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  chmodSync(file, mode)
}

function zipped(file: string, text: string | Uint8Array): void {
  put(`${file}.gz`, execFileSync('gzip', ['-9nc'], { input: text }))
}

/** Folders of the packages that run in production. */
function modules(): string[] {
  const listed = run('npm', ['ls', '--omit=dev', '--all', '--parseable']).trim().split('\n')
  return listed.map((path) => relative(root, path)).filter((path) => path.startsWith('node_modules/'))
}

/** Node, the service compiled, and the packages that it needs: of those only what runs. */
function putProgram(tree: string): void {
  const place = join(tree, 'usr/lib/waxseal')
  run(join(root, 'node_modules/.bin/tsc'), [
    '-p',
    'tsconfig.build.json',
    '--outDir',
    join(place, 'dist'),
    '--declaration',
    'false',
    '--sourceMap',
    'false',
  ])
  const runs = (path: string) => lstatSync(path).isDirectory() || /\.(?:js|cjs|mjs|json)$/.test(path)
  for (const module of modules()) {
    const isNested = (path: string) => relative(join(root, module), path).startsWith('node_modules')
    cpSync(join(root, module), join(place, module), {
      recursive: true,
      filter: (path) => runs(path) && !isNested(path) && !path.endsWith('.map'),
    })
  }
  // It is run by our own Node only.
  put(join(place, 'bin/waxseal.cjs'), readFileSync(join(root, 'bin/waxseal.cjs'), 'utf8').replace(/^#!.*\n/, ''))
  put(join(place, 'package.json'), readFileSync(join(root, 'package.json')))
  cpSync(join(root, 'worlds'), join(place, 'worlds'), { recursive: true })
  // The checker's page shows them.
  cpSync(join(root, 'docs/findings'), join(place, 'docs/findings'), { recursive: true })
  const node = join(place, 'bin/node')
  put(node, readFileSync(process.execPath), 0o755)
  if (
    spawnSync('strip', ['--strip-unneeded', '--remove-section=.comment', '--remove-section=.note', node]).status !== 0
  ) {
    put(node, readFileSync(process.execPath), 0o755)
  }
  put(
    join(tree, 'usr/bin/waxseal'),
    '#!/bin/sh\nexec /usr/lib/waxseal/bin/node /usr/lib/waxseal/bin/waxseal.cjs "$@"\n',
    0o755,
  )
}

function putDocuments(tree: string, date: number): void {
  const place = join(tree, 'usr/share/doc/waxseal')
  for (const page of readdirSync(join(root, 'docs/man'))) {
    zipped(join(tree, 'usr/share/man/man1', page), readFileSync(join(root, 'docs/man', page)))
  }
  for (const file of readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))) {
    put(join(place, 'docs', file), readFileSync(join(root, 'docs', file)))
  }
  const day = new Date(date * 1000).toUTCString().replace('GMT', '+0000')
  const entry = `waxseal (${version}) unstable; urgency=medium\n\n  * See NEWS.md.gz.\n\n -- ${maintainer}  ${day}\n`
  zipped(join(place, 'changelog'), entry)
  zipped(join(place, 'NEWS.md'), readFileSync(join(root, 'CHANGELOG.md')))
  put(join(place, 'copyright'), readFileSync(join(templates, 'copyright')))
  put(join(place, 'licences-of-others.txt'), licences())
  put(join(tree, 'usr/share/lintian/overrides/waxseal'), readFileSync(join(templates, 'lintian-overrides')))
}

/** Word for word, of everything that comes along. */
function licences(): string {
  const folders = [...modules(), `node_modules/node-linux-${process.arch}`]
  const texts = folders.sort().flatMap((folder) => {
    const names = readdirSync(join(root, folder)).filter((name) => /^(?:licen[cs]e|copying)/i.test(name))
    return names.map(
      (name) => `==== ${folder.replace('node_modules/', '')}\n\n${readFileSync(join(root, folder, name), 'utf8')}`,
    )
  })
  return texts.join('\n')
}

function putSettings(tree: string): void {
  put(join(tree, 'etc/waxseal/waxseal.toml'), readFileSync(join(root, 'packaging/waxseal.toml')))
  const units = readdirSync(join(root, 'share/systemd'))
  for (const unit of units) {
    put(join(tree, 'lib/systemd/system', unit), readFileSync(join(root, 'share/systemd', unit)))
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .sort()
}

function putControl(tree: string): void {
  const files = filesIn(tree)
  const kilobytes = files.reduce((sum, file) => sum + Math.ceil(lstatSync(file).size / 1024), 0)
  const architecture = architectures[process.arch]
  if (architecture === undefined) throw new Error(`no package for ${process.arch}`)
  const filled = readFileSync(join(templates, 'control'), 'utf8')
    .replace('@MAINTAINER@', maintainer)
    .replace('@VERSION@', version)
    .replace('@ARCHITECTURE@', architecture)
    .replace('@SIZE@', String(kilobytes))
  put(join(tree, 'DEBIAN/control'), filled)
  put(join(tree, 'DEBIAN/conffiles'), readFileSync(join(templates, 'conffiles')))
  for (const script of ['postinst', 'prerm', 'postrm']) {
    put(join(tree, 'DEBIAN', script), readFileSync(join(templates, script)), 0o755)
  }
  const sums = files.filter((file) => lstatSync(file).isFile()).map((file) => relative(tree, file))
  put(
    join(tree, 'DEBIAN/md5sums'),
    run(
      'md5sum',
      sums.filter((file) => !file.startsWith('etc/')),
      tree,
    ),
  )
}

const tree = mkdtempSync(join(tmpdir(), 'waxseal-deb-'))
try {
  const date = sourceDate()
  chmodSync(tree, 0o755)
  putProgram(tree)
  putDocuments(tree, date)
  putSettings(tree)
  putControl(tree)
  for (const path of [tree, ...filesIn(tree)]) {
    if (lstatSync(path).isDirectory()) chmodSync(path, 0o755)
    lutimesSync(path, date, date)
  }
  process.env.SOURCE_DATE_EPOCH = String(date)
  const out = join(values.out, `waxseal_${version}_${architectures[process.arch]}.deb`)
  run('dpkg-deb', ['--root-owner-group', `-Z${values.compression}`, '--build', tree, out])
  process.stdout.write(`${out}\n`)
} finally {
  rmSync(tree, { recursive: true })
}
