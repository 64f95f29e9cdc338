import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS, formatClass, formatRcode, formatType, parseClass, parseType, RCODE, TYPE } from './types.ts'

test('WIRE-29: every type comes back from its text, known or not, in any case', () => {
  for (let type = 0; type < 65536; type++) {
    assert.equal(parseType(formatType(type)), type)
    assert.equal(parseType(`type${type}`), type)
  }
  assert.equal(parseType('nsec3Param'), TYPE.NSEC3PARAM)
})

test('WIRE-29: every class comes back from its text', () => {
  for (const klass of [0, CLASS.IN, CLASS.CH, 4, CLASS.ANY, 65535]) assert.equal(parseClass(formatClass(klass)), klass)
  assert.deepEqual([formatClass(1), formatClass(3), formatClass(255)], ['IN', 'CH', 'CLASS255'])
  assert.equal(parseClass('class1'), CLASS.IN)
})

for (const text of [
  '',
  'TYPE',
  'TYPE65536',
  'TYPE-1',
  'TYPE1.0',
  'TYPE 1',
  'constructor',
  'NONSENSE',
  'ſoa',
  'dſ',
  'ıxfr',
]) {
  test(`parseType refuses ${JSON.stringify(text)}`, () => assert.equal(parseType(text), undefined))
}

for (const text of ['', 'CLASS', 'CLASS65536', 'HS', 'ıN', 'toString']) {
  test(`parseClass refuses ${JSON.stringify(text)}`, () => assert.equal(parseClass(text), undefined))
}

test('WIRE-08: response codes have the names of their registry', () => {
  assert.deepEqual([0, 2, 3, 5, 16, 23, 11].map(formatRcode), [
    'NOERROR',
    'SERVFAIL',
    'NXDOMAIN',
    'REFUSED',
    'BADVERS',
    'BADCOOKIE',
    'RCODE11',
  ])
  assert.equal(RCODE.YXDOMAIN, 6)
})
