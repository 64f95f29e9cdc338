import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { chooseStorePath, usualStorePath } from './store-path.ts'

test('the usual place is in XDG_STATE_HOME, else below HOME, else nowhere', () => {
  assert.equal(usualStorePath({ XDG_STATE_HOME: '/x', HOME: '/h' }), '/x/waxseal/waxseal.sqlite')
  assert.equal(usualStorePath({ XDG_STATE_HOME: 'x', HOME: '/h' }), '/h/.local/state/waxseal/waxseal.sqlite')
  assert.equal(usualStorePath({}), undefined)
})

test('a command that can do without a store gets one that is there, and makes none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-state-'))
  try {
    const named = join(folder, 'named.sqlite')
    assert.equal(chooseStorePath(named, 'optional', {}), ':memory:')
    assert.equal(chooseStorePath(named, 'existing', {}), named)
    writeFileSync(named, '')
    assert.equal(chooseStorePath(named, 'optional', {}), named)
    assert.equal(chooseStorePath(undefined, 'optional', {}), ':memory:')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a durable store without a home must be named', () => {
  assert.equal(chooseStorePath('/named', 'durable', {}), '/named')
  assert.throws(() => chooseStorePath(undefined, 'durable', {}), { name: 'ConfigError' })
})

test('looking makes no folder, and uses a store that is there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-state-'))
  try {
    const environment = { XDG_STATE_HOME: join(folder, 'state') }
    const usual = join(folder, 'state', 'waxseal', 'waxseal.sqlite')
    assert.equal(chooseStorePath(undefined, 'existing', environment), ':memory:')
    assert.ok(!existsSync(environment.XDG_STATE_HOME))
    assert.equal(chooseStorePath(undefined, 'durable', environment), usual)
    assert.ok(existsSync(dirname(usual)))
    writeFileSync(usual, '')
    assert.equal(chooseStorePath(undefined, 'existing', environment), usual)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a place where no folder can be made is refused by name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-state-'))
  try {
    mkdirSync(join(folder, 'state'))
    writeFileSync(join(folder, 'state', 'waxseal'), 'a file')
    assert.throws(() => chooseStorePath(undefined, 'durable', { XDG_STATE_HOME: join(folder, 'state') }), {
      name: 'ConfigError',
      message: new RegExp(`^cannot make "${folder}/state/waxseal" for the store: EEXIST`),
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
