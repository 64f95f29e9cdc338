import { limits } from '../../../core/limits.ts'
import {
  type ArchivedPolicy,
  type ArchiveFault,
  isArchiveOf,
  openArchive,
  readArchive,
} from '../../../core/mtasts/archive.ts'
import { expiryTime, isAlive, refreshTime } from '../../../core/mtasts/cache.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import type { PolicyTable, StoredPolicy } from '../../../io/store/store.ts'
import { readOctets } from '../../config/read-file.ts'
import { readPublicKey } from '../archive-keys.ts'
import { type CommandContext, defineCommand, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { storeOptions, withStore } from '../override-command.ts'

export const importPolicies = defineCommand({
  name: 'import',
  summary: 'Take over MTA-STS policies that another machine exported',
  usage: ['import --public-key FILE POLICIES'],
  description: [
    'Believes the file only if it was signed with the key to this public key, and takes all of it or nothing. A policy ' +
      'lasts as long as it would where it was fetched, never longer; one that is over is left out, and one that was ' +
      'fetched later stays.',
  ],
  options: {
    'public-key': { type: 'string', value: 'FILE', description: 'what export --new-key printed' },
    ...storeOptions,
  },
  operands: { name: 'POLICIES', min: 1, max: 1 },
  examples: [{ line: 'waxseal import --public-key key.pub policies', does: 'warms a new machine' }],
  exitStatuses: [
    {
      status: EXIT.data,
      means: 'the file is none of ours, damaged, or not signed by that key: nothing was taken over',
    },
    { status: EXIT.cannotCreate, means: 'some policies could not be stored' },
  ],
  async run({ values, positionals: [path = ''] }, context) {
    if (values['public-key'] === undefined) throw new UsageError('give --public-key')
    const publicKey = readPublicKey(values['public-key'])
    const opened = openArchive(readOctets(path, limits.archive.octets))
    if (!opened.ok) return refuseArchive(path, opened, context)
    if (!isArchiveOf(opened.value, publicKey)) return refuseArchive(path, { fault: 'signature', at: 0 }, context)
    const read = readArchive(opened.value)
    if (!read.ok) return refuseArchive(path, read, context)
    return withStore(values, 'durable', context, async ({ policies }) => {
      const counts = await takeOver(read.value, policies, context.clock.now())
      const { taken, kept, over, lost } = counts
      context.out.line(
        `${taken} taken over, ${kept} here as late or later, ${over} over${lost > 0 ? `, ${lost} lost` : ''}`,
      )
      return lost > 0 ? EXIT.cannotCreate : EXIT.done
    })
  },
})

const faults: Readonly<Record<ArchiveFault, string>> = {
  'too-large': `is longer than ${limits.archive.octets} octets`,
  'no-archive': 'is no file of waxseal export, or not all of one',
  version: 'was written by a newer release',
  signature: 'was not signed by this key, or changed since',
  entry: 'has a line that is no policy',
}

function refuseArchive(
  path: string,
  { fault, at }: { fault: ArchiveFault; at: number },
  { out }: CommandContext,
): number {
  out.warn(`"${escapeText(path)}" ${faults[fault]}${fault === 'entry' ? `: line ${at}` : ''}`)
  return EXIT.data
}

interface Counts {
  taken: number
  kept: number
  over: number
  lost: number
}

/** Writes that wait for one commit together. */
const writesAtOnce = 1000

async function takeOver(all: readonly ArchivedPolicy[], table: PolicyTable, now: number): Promise<Counts> {
  const counts: Counts = { taken: 0, kept: 0, over: 0, lost: 0 }
  for (let start = 0; start < all.length; start += writesAtOnce) {
    const batch = all.slice(start, start + writesAtOnce).map((policy, at) => storedFrom(policy, now, start + at))
    const alive = batch.filter((policy) => isAlive(policy, now))
    counts.over += batch.length - alive.length
    for (const outcome of await Promise.all(alive.map((policy) => table.putIfNewer(policy)))) {
      counts[outcome === 'durable' ? 'taken' : outcome]++
    }
  }
  return counts
}

/** A fetch that our clock has not come to counts as one of now: nothing lasts longer by a clock that was ahead. */
function storedFrom(
  { domain, id, body, fetchedAt: claimed, policy }: ArchivedPolicy,
  now: number,
  at: number,
): StoredPolicy {
  const { mode, maxAge } = policy
  const fetchedAt = Math.min(claimed, now)
  const life = { fetchedAt, maxAge }
  return { domain, id, body, mode, maxAge, fetchedAt, refreshAt: refreshAfter(life, now, at) }
}

/** Those that are due already are spread over some hours, lest all policy hosts are asked at once. */
function refreshAfter(life: { readonly fetchedAt: number; readonly maxAge: number }, now: number, at: number): number {
  const due = refreshTime(life)
  const left = Math.min(limits.sts.refreshRetryMax * 1000, (expiryTime(life) - now) / 2)
  return due > now ? due : now + Math.floor(Math.max(0, left) * ((at % 997) / 997))
}
