import type { ChainLink } from '../../core/dnssec/resolution.ts'
import { formatName } from '../../core/name/text.ts'
import { algorithmName, digestName, linkWords } from './dnssec-words.ts'
import type { Out } from './out.ts'
import type { TreeNode } from './tree.ts'

/** A chain of trust as one branch, each zone below its parent, with what stands at its end. */
export function chainTree(chain: readonly ChainLink[], ends: readonly TreeNode[], out: Pick<Out, 'style'>): TreeNode[] {
  return chain.reduceRight<readonly TreeNode[]>(
    (children, link) => [{ text: linkText(link, out), children }],
    ends,
  ) as TreeNode[] // reduceRight starts from a list and makes lists
}

function linkText({ zone, status, by, ds, key }: ChainLink, out: Pick<Out, 'style'>): string {
  const name = out.style('bold', formatName(zone))
  const colour = status === 'secure' ? 'green' : 'yellow'
  const records = ds.map(
    (record) => `DS ${record.keyTag} ${algorithmName(record.algorithm)} ${digestName(record.digestType)}`,
  )
  const keys = key === undefined ? [] : [`key ${key.keyTag} ${algorithmName(key.algorithm)}`]
  const why = status === 'secure' && by === 'ds' ? [] : [linkWords[by]]
  return `${name} ${out.style(colour, status)}: ${[...why, ...records, ...keys].join(', ')}`
}
