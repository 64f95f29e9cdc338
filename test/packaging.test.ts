import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseConfigFile } from '../src/programs/config/config-file.ts'
import { checkInputs } from '../src/programs/config/inputs.ts'
import { settingsFromFile } from '../src/programs/config/resolve-settings.ts'
import { type SettingName, settings, valuesOf } from '../src/programs/config/settings.ts'

const root = join(import.meta.dirname, '..')
const containerfile = readFileSync(join(root, 'packaging', 'Containerfile'), 'utf8')
const config = readFileSync(join(root, 'packaging', 'waxseal.toml'), 'utf8')
const unit = readFileSync(join(root, 'share', 'systemd', 'waxseal.service'), 'utf8')

interface Instruction {
  readonly name: string
  readonly words: readonly string[]
}

/** Instructions with their continuation lines. */
function instructions(): Instruction[] {
  const lines = containerfile.replace(/\\\n/g, ' ').split('\n')
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', ...words] = line.split(/ +/)
      return { name, words }
    })
}

test('the container recipe has only instructions that builders know, and copies what is there', () => {
  const known = 'ARG FROM WORKDIR COPY RUN ENV USER VOLUME EXPOSE ENTRYPOINT CMD HEALTHCHECK'.split(' ')
  for (const { name, words } of instructions()) {
    assert.ok(known.includes(name), name)
    if (name !== 'COPY' || words[0]?.startsWith('--from')) continue
    for (const source of words.slice(0, -1))
      assert.ok(existsSync(join(root, source)), `${source} is not in the sources`)
  }
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] } // our own file
  const carried = instructions().flatMap(({ name, words }) => (name === 'COPY' ? words.slice(1, 2) : []))
  for (const needed of ['bin', 'dist', 'worlds']) {
    assert.ok(files.includes(needed) && carried.includes(`/build/${needed}`), needed)
  }
})

test('the container runs on the Node that package.json asks for, as nobody who may do anything', () => {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { engines: { node: string } } // ours
  const least = Number(/\d+/.exec(engines.node)?.[0])
  const [base] = instructions()
  assert.deepEqual([base?.name, Number(/^BASE=.*node:(\d+)/.exec(base?.words[0] ?? '')?.[1])], ['ARG', least])
  for (const { words } of instructions().filter(({ name }) => name === 'FROM')) assert.equal(words[0], '\x24{BASE}')
  const order = instructions().map(({ name }) => name)
  assert.ok(order.indexOf('USER') < order.indexOf('ENTRYPOINT') && order.includes('USER'))
})

test('commands in the container recipe are JSON', () => {
  for (const match of containerfile.matchAll(/(?:ENTRYPOINT|CMD) (\[.*)$/gm)) JSON.parse(match[1] ?? '')
})

test('the configuration that packages bring can be used, with what it has as comments too', async () => {
  const found = settingsFromFile(await parseConfigFile(config, 'waxseal.toml'))
  assert.equal(valuesOf(found).store, '/var/lib/waxseal/waxseal.sqlite')
  const shown = config.replace(/^# (?=[a-z-]+ = )/gm, '')
  const all = settingsFromFile(await parseConfigFile(shown, 'waxseal.toml'))
  await checkInputs({ ...valuesOf(all), store: ':memory:' }, Date.UTC(2026, 5, 1))
  const defaults: SettingName[] = ['engine', 'socketmap', 'log-format']
  for (const name of defaults) assert.deepEqual(all[name].value, settings[name].fallback, name)
})

test('the unit gives the service as long to end as it takes, and as many descriptors as it may need', async () => {
  const { limits } = await import('../src/core/limits.ts')
  const { findCommand } = await import('../src/programs/cli/registry.ts')
  const numberOf = (key: string) => Number(new RegExp(`^${key}=(\\d+)`, 'm').exec(unit)?.[1])
  assert.ok(numberOf('TimeoutStopSec') * 1000 > (findCommand(['serve'])?.command.graceMs ?? Number.NaN))
  assert.ok(numberOf('LimitNOFILE') > limits.postfix.connections + 2 * limits.resolver.openSockets)
})
