import { widthOf, wrap } from './wrap.ts'

export interface TreeNode {
  /** One or more lines' worth of text, wrapped where it is too long. */
  readonly text: string
  /** Lines of their own between the text and the children, on no branch. */
  readonly notes?: readonly string[]
  readonly children?: readonly TreeNode[]
}

export interface TreeLayout {
  readonly columns: number
  /** Whether lines may be drawn with box characters. */
  readonly unicode: boolean
}

interface Strokes {
  readonly branch: string
  readonly last: string
  readonly trunk: string
}

const boxes: Strokes = { branch: '├─ ', last: '└─ ', trunk: '│  ' }
const ascii: Strokes = { branch: '|- ', last: '`- ', trunk: '|  ' }
const gap = '   '

/** The nodes as lines, roots at the left edge and children on branches below them. */
export function formatTree(nodes: readonly TreeNode[], layout: TreeLayout): string[] {
  return nodes.flatMap((node) => linesOf(node, { ...layout, first: '', next: '' }))
}

function linesOf(
  { text, notes = [], children = [] }: TreeNode,
  layout: TreeLayout & { readonly first: string; readonly next: string },
): string[] {
  const { columns, unicode, first, next } = layout
  const { branch, last, trunk } = unicode ? boxes : ascii
  const stem = next + (children.length > 0 ? trunk : notes.length > 0 ? gap : '')
  const room = Math.max(20, columns - widthOf(stem))
  const own = [text, ...notes]
    .flatMap((part) => wrap(part, room))
    .map((line, index) => (index > 0 ? stem : first) + line)
  const below = children.flatMap((child, index) => {
    const ends = index === children.length - 1
    return linesOf(child, { columns, unicode, first: next + (ends ? last : branch), next: next + (ends ? gap : trunk) })
  })
  return [...own, ...below]
}
