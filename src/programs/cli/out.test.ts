import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOut, type OutOptions, type Sink } from './out.ts'

function sink(traits: Partial<Sink> = {}): Sink & { readonly written: string[] } {
  const written: string[] = []
  return {
    written,
    write: (text) => {
      written.push(text)
      return true
    },
    once: () => undefined,
    ...traits,
  }
}

function outWith(environment: OutOptions['environment'], traits: Partial<Sink> = {}) {
  const stdout = sink(traits)
  const stderr = sink(traits)
  return { out: createOut({ stdout, stderr, environment }), stdout, stderr }
}

const colours: [why: string, environment: OutOptions['environment'], isTTY: boolean, colour: boolean][] = [
  ['on a terminal', {}, true, true],
  ['in a pipe', {}, false, false],
  ['on a terminal under NO_COLOR', { NO_COLOR: '1' }, true, false],
  ['on a terminal under an empty NO_COLOR', { NO_COLOR: '' }, true, true],
  ['on a terminal that is dumb', { TERM: 'dumb' }, true, false],
  ['in a pipe under FORCE_COLOR', { FORCE_COLOR: '1' }, false, true],
  ['on a terminal under FORCE_COLOR=0', { FORCE_COLOR: '0' }, true, false],
]
for (const [why, environment, isTTY, colour] of colours) {
  test(`style ${colour ? 'colours' : 'leaves'} text ${why}`, () => {
    assert.equal(outWith(environment, { isTTY }).out.style('red', 'no') !== 'no', colour)
  })
}

const locales: [environment: OutOptions['environment'], unicode: boolean][] = [
  [{}, false],
  [{ LANG: 'C' }, false],
  [{ LANG: 'en_GB.UTF-8' }, true],
  [{ LANG: 'en_GB.UTF-8', LC_ALL: 'C' }, false],
  [{ LANG: 'C', LC_CTYPE: 'C.utf8' }, true],
  [{ LANG: 'C.UTF-8', LC_ALL: '' }, true],
]
for (const [environment, unicode] of locales) {
  test(`unicode is ${unicode} in ${JSON.stringify(environment)}`, () => {
    assert.equal(outWith(environment).out.unicode, unicode)
  })
}

test('without UTF-8 in the locale what is not ASCII is escaped as in JSON, on both streams', () => {
  const { out, stdout, stderr } = outWith({ LANG: 'C' })
  out.line(JSON.stringify({ name: 'bücher', mark: '\u{1f512}' }))
  out.warn('bücher')
  assert.deepEqual(stdout.written, ['{"name":"b\\u00fccher","mark":"\\ud83d\\udd12"}\n'])
  assert.deepEqual(JSON.parse(stdout.written.join('')), { name: 'bücher', mark: '\u{1f512}' })
  assert.deepEqual(stderr.written, ['waxseal: b\\u00fccher\n'])
  const utf8 = outWith({ LANG: 'C.UTF-8' })
  utf8.out.line('bücher')
  assert.deepEqual(utf8.stdout.written, ['bücher\n'])
})

test('columns are those of the terminal, else COLUMNS, else 80', () => {
  assert.equal(outWith({ COLUMNS: '50' }, { isTTY: true, columns: 120 }).out.columns, 120)
  assert.equal(outWith({ COLUMNS: '50' }).out.columns, 50)
  assert.equal(outWith({ COLUMNS: '-1' }).out.columns, 80)
  assert.equal(outWith({}).out.columns, 80)
})

test('progress is one line that other output takes away, and nothing in a pipe', () => {
  const { out, stderr, stdout } = outWith({}, { isTTY: true, columns: 20 })
  out.progress('0123456789012345678901234')
  out.line('a result')
  assert.deepEqual(stderr.written, ['0123456789012345678', '\r\x1b[2K'])
  assert.deepEqual(stdout.written, ['a result\n'])
  const unknown = outWith({}, { isTTY: true, columns: 0 })
  unknown.out.progress('a terminal that does not say how wide it is')
  assert.deepEqual(unknown.stderr.written, ['a terminal that does not say how wide it is'])
  const piped = outWith({})
  piped.out.progress('anything')
  piped.out.warn('something')
  assert.deepEqual(piped.stderr.written, ['waxseal: something\n'])
})

test('drained waits for a full stream, however many wait at once, and for no other', async () => {
  const listeners: (() => void)[] = []
  const once = (_event: 'drain', listener: () => void) => listeners.push(listener)
  let drained = 0
  const { out } = outWith({}, { writableNeedDrain: true, once })
  const waiting = Array.from({ length: 20 }, async () => {
    await out.drained()
    drained += 1
  })
  await outWith({}).out.drained()
  assert.equal(drained, 0)
  assert.equal(listeners.length, 1)
  listeners[0]?.()
  await Promise.all(waiting)
  assert.equal(drained, 20)
  const again = out.drained()
  listeners[1]?.()
  await again
})
