import { limits } from '../limits.ts'
import { labelsOf, type Name, withoutLabels } from './name.ts'

/**
 * The name to show next on the way down to `name`, when `shown` of its labels, from the root, are known to the servers
 * asked: they learn no more than they need. The name itself when nothing is left to hide. RFC 9156 §2.3
 *
 * Deep names are shown in bigger steps, and labels that begin with `_` all at once: no zone begins there as a rule.
 */
export function nextShown(name: Name, shown: number): Name {
  let count = nextCount(name.labelCount, shown)
  if (count === name.labelCount) return name
  const labels = labelsOf(name)
  const isUnderscored = (nth: number) => labels[labels.length - nth]?.startsWith('_') === true
  while (isUnderscored(count) && isUnderscored(count + 1)) count++
  return withoutLabels(name, labels.length - count)
}

/** Of 18 labels one more is shown four times, then two four times, then three twice. */
function nextCount(total: number, shown: number): number {
  const { minimiseCount, minimiseOneLabel } = limits.resolver
  const steps = minimiseCount - minimiseOneLabel
  const deep = Math.max(0, total - minimiseOneLabel)
  let count = 0
  for (let step = 0; count <= shown && count < total; step++) {
    const isLate = step >= minimiseCount - (deep % steps)
    count += step < minimiseOneLabel ? 1 : Math.max(1, Math.floor(deep / steps) + (isLate ? 1 : 0))
  }
  return Math.min(count, total)
}
