import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, test } from 'node:test'

const root = join(import.meta.dirname, '..', '..')
const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version

// npm's scripts and the package's own must run on the Node that runs this test, not on the machine's.
const environment = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}` }

function run(program: string, args: readonly string[], folder: string): string {
  return execFileSync(program, args, {
    cwd: folder,
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

let elsewhere: string
let archive: string

before(() => {
  elsewhere = mkdtempSync(join(tmpdir(), 'waxseal-package-'))
  const packed = run('npm', ['pack', '--json', '--silent', '--pack-destination', elsewhere], root)
  const [{ filename }] = JSON.parse(packed.slice(packed.indexOf('['))) as [{ filename: string }]
  archive = join(elsewhere, filename)
  writeFileSync(
    join(elsewhere, 'package.json'),
    JSON.stringify({ name: 'user', version: '1.0.0', type: 'module', private: true }),
  )
  run('npm', ['install', '--silent', '--prefer-offline', archive], elsewhere)
})

after(() => rmSync(elsewhere, { recursive: true, force: true }))

test('the packed package runs elsewhere through npx', () => {
  assert.equal(run('npx', ['waxseal', '--version'], elsewhere).trim(), `waxseal ${version}`)
})

test('the packed package brings no Node of its own', () => {
  const tree = run('npm', ['ls', '--all', '--parseable'], elsewhere)
  assert.doesNotMatch(tree, /node-linux/)
})

test('an installation for everybody brings the manual pages, from a folder with a space in its name', () => {
  const prefix = join(elsewhere, 'of everybody')
  run('npm', ['install', '--global', '--silent', '--prefer-offline', '--prefix', prefix, archive], elsewhere)
  assert.equal(run(join(prefix, 'bin', 'waxseal'), ['--version'], elsewhere).trim(), `waxseal ${version}`)
  assert.match(readFileSync(join(prefix, 'share', 'man', 'man1', 'waxseal-explain.1'), 'utf8'), /^\.TH WAXSEAL/)
})

test('the demo runs from the packed package', () => {
  const output = run('npx', ['waxseal', 'demo'], elsewhere)
  assert.match(output, /held back/)
})

test('the library is imported with its types', () => {
  writeFileSync(
    join(elsewhere, 'user.ts'),
    `import { createWaxseal } from 'waxseal'\nconst mail = createWaxseal({ engine: 'iterate' })\nconst closed: Promise<void> = mail.close()\nawait closed\nconsole.log(typeof mail.explain)\n`,
  )
  const compiler = join(root, 'node_modules', '.bin', 'tsc')
  const options = [
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--skipLibCheck',
    'false',
    '--types',
    'node',
  ]
  const types = join(root, 'node_modules', '@types')
  run(compiler, [...options, '--typeRoots', types, 'user.ts'], elsewhere)
  assert.equal(run(process.execPath, ['user.js'], elsewhere).trim(), 'function')
})

test('the transport for nodemailer is imported from the packed package, and asks for no nodemailer', () => {
  const program =
    "import { createWaxsealTransport } from 'waxseal/nodemailer'; const t = createWaxsealTransport(); console.log(t.name); t.close()"
  assert.equal(run(process.execPath, ['--input-type=module', '-e', program], elsewhere).trim(), 'Waxseal')
})

test('nodemailer as it comes from npm takes the transport, and its types fit', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>
  }
  run('npm', ['install', '--silent', '--prefer-offline', `nodemailer@${devDependencies.nodemailer}`], elsewhere)
  writeFileSync(
    join(elsewhere, 'sender.ts'),
    `import { createTransport } from 'nodemailer'
import { createWaxsealTransport, WaxsealTransportError } from 'waxseal/nodemailer'
const nowhere = createWaxsealTransport({ engine: 'forward', servers: [{ address: '127.0.0.1', port: 1 }] })
const transporter = createTransport(nowhere)
try {
  const info = await transporter.sendMail({ from: 'me@example.org', to: ['anna@example.com'], text: 'Hello.' })
  const accepted: readonly string[] = info.accepted
  console.log(accepted, info.pending, info.report, info.messageId)
} catch (error) {
  if (!(error instanceof WaxsealTransportError)) throw error
  console.log(error.code, error.pending.join())
}
transporter.close()
`,
  )
  const types = join(root, 'node_modules', '@types')
  const options = ['--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext', '--target', 'es2024']
  run(
    join(root, 'node_modules', '.bin', 'tsc'),
    [...options, '--skipLibCheck', 'false', '--types', 'node', '--typeRoots', types, 'sender.ts'],
    elsewhere,
  )
  assert.equal(run(process.execPath, ['sender.js'], elsewhere).trim(), 'EDEFERRED anna@example.com')
})

test('publint finds nothing', () => {
  assert.match(run(join(root, 'node_modules', '.bin', 'publint'), ['--strict'], root), /All good/)
})
