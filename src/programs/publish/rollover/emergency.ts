import { deployableFrom, type Situation } from '../../../core/publish/rollover/decide.ts'
import { waitOf } from '../../../core/publish/rollover/history.ts'
import { formatMoment, formatSeconds } from '../../cli/durations.ts'
import { keyWords } from './words.ts'

/**
 * What can be done about a key that somebody else has while it is still presented, a paragraph each: DANE-EE knows no
 * revocation, so that what counts is how soon its record is out of every cache. RFC 7671 §5.1
 */
export function emergencyChoices(situation: Situation): string[] {
  const { rollover, now } = situation
  const { keys, history } = rollover
  const lasting = formatSeconds(waitOf(history) / 2000)
  return keys.flatMap((key) => {
    if (!key.isCompromised || key.role !== 'current') return []
    const next = keys.find(({ role, kind }) => role === 'next' && kind === key.kind)
    const danger = `${keyWords(key)}: who has it can pose as this host until its record is gone from caches, up to ${lasting} after it is taken out.`
    if (next === undefined) {
      return [
        danger,
        'There is no next key: make one, have a certificate for it, and name it with --next. It is published at once.',
      ]
    }
    const from = deployableFrom(situation, next)
    if (from !== undefined && from <= now) {
      return [
        danger,
        `Deploy ${keyWords(next)} now: every sender knows it. The record of the other goes with the next "waxseal tlsa apply".`,
      ]
    }
    const known = from === undefined ? 'when every name server has its record and the wait is over' : formatMoment(from)
    return [
      danger,
      `First choice: wait with ${keyWords(next)} until it is known everywhere, ${known}. No mail waits; who has the old key can use it until then and ${lasting} longer.`,
      `Second choice: deploy it at once. Who has the old key can use it ${lasting} longer and no more, on the way of senders with old answers alone; those senders hold mail back meanwhile, for up to ${lasting} after every name server has the new record, and deliver it then.`,
    ]
  })
}
