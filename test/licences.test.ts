import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')

interface LockedPackage {
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly optional?: boolean
  readonly link?: boolean
  readonly license?: string
  readonly hasInstallScript?: boolean
}

const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  readonly packages: Record<string, LockedPackage>
}
const packages = Object.entries(lock.packages).filter(
  ([path, { link }]) => path.startsWith('node_modules/') && link !== true,
)

const accepted = new Set(['MIT', 'MIT-0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0'])

/** Used in tests alone and shipped with nothing, so that what its licence asks of who passes it on concerns nobody. */
const testedWith: Readonly<Record<string, string>> = { 'node_modules/axe-core': 'MPL-2.0' }

/** Whether one of the licences that an SPDX expression offers to choose from is accepted. */
function isAccepted(expression: string): boolean {
  return expression
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((licence) => accepted.has(licence))
}

test('every dependency names a permissive licence', () => {
  assert.ok(packages.length > 10)
  const wrong = packages.filter(([, { license }]) => license === undefined || !isAccepted(license))
  const known = wrong.filter(([path, { dev, license }]) => dev === true && testedWith[path] === license)
  assert.deepEqual(
    wrong.filter((one) => !known.includes(one)),
    [],
  )
  assert.equal(known.length, Object.keys(testedWith).length, 'an exception that nothing needs')
})

test('no dependency runs a script when it is installed', () => {
  assert.deepEqual(
    packages.filter(([, { hasInstallScript }]) => hasInstallScript === true),
    [],
  )
})

test('what a user of the package installs stays small', () => {
  const shipped = packages.filter(
    ([, entry]) => entry.dev !== true && entry.devOptional !== true && entry.optional !== true,
  )
  assert.ok(shipped.length <= 30, `${shipped.length} packages: ${shipped.map(([path]) => path).join(' ')}`)
})

test('every version is pinned exactly', () => {
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly dependencies: Record<string, string>
    readonly devDependencies: Record<string, string>
  }
  const loose = [own.dependencies, own.devDependencies]
    .flatMap((group) => Object.entries(group))
    .filter(([, version]) => !/^\d+\.\d+\.\d+$|^file:tools\//.test(version))
  assert.deepEqual(loose, [])
})
