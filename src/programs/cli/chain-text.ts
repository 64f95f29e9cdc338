import { hex } from '../../core/dns/octets.ts'
import type { ChainLink } from '../../core/dnssec/resolution.ts'
import { formatName } from '../../core/name/text.ts'
import { algorithmName, digestName, linkWords } from './dnssec-words.ts'
import { formatMoment } from './durations.ts'
import type { Out } from './out.ts'
import type { TreeNode } from './tree.ts'

/** A chain of trust as one branch, each zone below its parent, with what stands at its end. */
export function chainTree(chain: readonly ChainLink[], end: TreeNode, out: Pick<Out, 'style'>): TreeNode[] {
  return chain.reduceRight<TreeNode[]>((children, link) => [linkNode(link, children, out)], [end])
}

function linkNode(link: ChainLink, children: TreeNode[], out: Pick<Out, 'style'>): TreeNode {
  const { zone, status, by, ds, key, expiration } = link
  const name = out.style('bold', formatName(zone))
  const colour = status === 'secure' ? 'green' : 'yellow'
  const why = status === 'secure' && by === 'ds' ? '' : `: ${linkWords[by]}`
  const keys = key === undefined ? [] : [`key ${key.keyTag} ${algorithmName(key.algorithm)}${untilText(expiration)}`]
  return { text: `${name} ${out.style(colour, status)}${why}`, notes: [...ds.map(dsText), ...keys], children }
}

/** A DS record in few words, its digest cut short. */
export function dsText({ keyTag, algorithm, digestType, digest }: ChainLink['ds'][number]): string {
  const octets = digest === undefined ? '' : ` ${hex(digest.subarray(0, 8))}${digest.length > 8 ? '...' : ''}`
  return `DS ${keyTag} ${algorithmName(algorithm)} ${digestName(digestType)}${octets}`
}

/** `, signed until 2026-12-01 04:00 UTC`, or nothing when the engine does not know. */
export function untilText(expiration: number | undefined): string {
  return expiration === undefined ? '' : `, signed until ${formatMoment(expiration * 1000)}`
}
