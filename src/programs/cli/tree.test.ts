import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatTree, type TreeNode } from './tree.ts'
import { widthOf } from './wrap.ts'

const forest: TreeNode[] = [
  { text: 'one', children: [{ text: 'a', children: [{ text: 'deep' }] }, { text: 'b' }] },
  { text: 'two' },
]

test('formatTree draws branches with box characters', () => {
  assert.deepEqual(formatTree(forest, { columns: 80, unicode: true }), ['one', '├─ a', '│  └─ deep', '└─ b', 'two'])
})

test('formatTree draws branches in ASCII where the locale has no more', () => {
  assert.deepEqual(formatTree(forest, { columns: 80, unicode: false }), ['one', '|- a', '|  `- deep', '`- b', 'two'])
})

test('formatTree hangs wrapped text below its own branch', () => {
  const nodes = [{ text: 'root', children: [{ text: 'first words and more words', children: [{ text: 'x' }] }] }]
  assert.deepEqual(formatTree(nodes, { columns: 23, unicode: true }), [
    'root',
    '└─ first words and more',
    '   │  words',
    '   └─ x',
  ])
})

test('formatTree puts notes between a text and its children', () => {
  const nodes = [{ text: 'root', children: [{ text: 'a', notes: ['n'], children: [{ text: 'b', notes: ['m'] }] }] }]
  assert.deepEqual(formatTree(nodes, { columns: 40, unicode: true }), [
    'root',
    '└─ a',
    '   │  n',
    '   └─ b',
    '         m',
  ])
})

function trees(depth: number): fc.Arbitrary<TreeNode> {
  const word = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom('a', 'é', '漢') })
  const text = fc.array(word, { minLength: 1 }).map((words) => words.join(' '))
  const children = depth === 0 ? fc.constant([]) : fc.array(trees(depth - 1), { maxLength: 3 })
  return fc.record({ text, children })
}

test('formatTree keeps to the columns it is given', () => {
  fc.assert(
    fc.property(trees(4), fc.integer({ min: 40, max: 120 }), (node, columns) => {
      for (const line of formatTree([node], { columns, unicode: true })) assert.ok(widthOf(line) <= columns, line)
    }),
  )
})
