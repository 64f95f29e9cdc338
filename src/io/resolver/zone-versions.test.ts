import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameOfText } from '../../../test/support/records.ts'
import { createZoneVersions } from './zone-versions.ts'

const at = { zone: nameOfText('a.example.'), address: '192.0.2.1' }

/** One who hears when the test says so, and counts who asks. */
function hearer(counts: { asked: number }, serial: number | undefined = 7) {
  const heard = Promise.withResolvers<number | undefined>()
  return {
    heard,
    ways: {
      async hear(tell: (serial: number | undefined) => void) {
        tell(await heard.promise)
        return 'finding'
      },
      async ask() {
        counts.asked++
        return serial
      },
    },
  }
}

test('what was told while a server is heard is not asked for', async () => {
  const versions = createZoneVersions()
  const counts = { asked: 0 }
  const [one, other] = [hearer(counts), hearer(counts)]
  const found = [versions.along(at, one.ways), versions.along(at, other.ways)]
  one.heard.resolve(undefined)
  await Promise.resolve()
  other.heard.resolve(3)
  const expected = { value: 'finding', serial: 3 }
  assert.deepEqual(await Promise.all(found), [expected, expected])
  assert.equal(counts.asked, 0)
})

test('where nobody is told, one asks for all of a server and a zone', async () => {
  const versions = createZoneVersions()
  const counts = { asked: 0 }
  const hearers = [hearer(counts), hearer(counts), hearer(counts)]
  const [one, other, elsewhere] = hearers
  assert.ok(one && other && elsewhere)
  const found = [
    versions.along(at, one.ways),
    versions.along(at, other.ways),
    versions.along({ ...at, address: '192.0.2.2' }, elsewhere.ways),
  ]
  for (const { heard } of hearers) heard.resolve(undefined)
  assert.deepEqual(
    (await Promise.all(found)).map(({ serial }) => serial),
    [7, 7, 7],
  )
  assert.equal(counts.asked, 2)
})

test('who comes later is told nothing of before', async () => {
  const versions = createZoneVersions()
  const counts = { asked: 0 }
  for (const serial of [1, undefined]) {
    const { heard, ways } = hearer(counts)
    heard.resolve(serial)
    assert.equal((await versions.along(at, ways)).serial, serial ?? 7)
  }
  assert.equal(counts.asked, 1)
})

test('one who fails is no hindrance to the others', async () => {
  const versions = createZoneVersions()
  const counts = { asked: 0 }
  const [one, other] = [hearer(counts), hearer(counts)]
  const [failing, found] = [versions.along(at, one.ways), versions.along(at, other.ways)]
  one.heard.reject(new Error('given up'))
  other.heard.resolve(undefined)
  await assert.rejects(failing, /given up/)
  assert.equal((await found).serial, 7)
})
