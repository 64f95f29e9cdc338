import { limits } from '../../../core/limits.ts'
import { createArchiveWriter } from '../../../core/mtasts/archive.ts'
import { isAlive } from '../../../core/mtasts/cache.ts'
import { readStored } from '../../../io/mtasts/policy-cache.ts'
import type { PolicyTable, StoredPolicy } from '../../../io/store/store.ts'
import { makeKey, readPrivateKey } from '../archive-keys.ts'
import { type CommandContext, defineCommand, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { storeOptions, withStore } from '../override-command.ts'

export const exportPolicies = defineCommand({
  name: 'export',
  summary: 'Write the MTA-STS policies in force to a signed file, for another machine',
  usage: ['export --key FILE >POLICIES', 'export --new-key FILE >PUBLIC-KEY'],
  description: [
    'Prints every policy that is remembered and in force, with when it was fetched, and signs all of them (Ed25519). A ' +
      'machine that imports them is protected from the first message on, where it would else have to trust its first ' +
      'contact with each domain. Nothing else of the store is in the file, and nothing secret.',
    '--new-key makes the key to sign with, in a file for its owner alone, and prints the public key that importing needs.',
  ],
  options: {
    key: { type: 'string', value: 'FILE', description: 'private key to sign with, as --new-key made it' },
    'new-key': { type: 'string', value: 'FILE', description: 'make such a key, and print the public one' },
    ...storeOptions,
  },
  examples: [
    { line: 'waxseal export --new-key key.pem >key.pub', does: 'makes a key, once' },
    { line: 'waxseal export --key key.pem >policies', does: 'writes the policies of this machine' },
  ],
  exitStatuses: [{ status: EXIT.unavailable, means: 'there are more policies than a file may hold; it is incomplete' }],
  async run({ values }, context) {
    const { key, 'new-key': newKey } = values
    if ((key === undefined) === (newKey === undefined)) throw new UsageError('give either --key or --new-key')
    if (newKey !== undefined) {
      context.out.write(makeKey(newKey))
      return EXIT.done
    }
    const privateKey = readPrivateKey(key ?? '')
    return withStore(values, 'existing', context, async ({ policies }) => {
      const writer = createArchiveWriter()
      const { octets, isWhole } = await writePolicies(policies, { writer, start: writer.start }, context)
      if (!isWhole) return octets > limits.archive.octets ? EXIT.unavailable : EXIT.interrupted
      context.out.write(writer.finish(privateKey))
      return EXIT.done
    })
  },
})

const policiesAtOnce = 500
/** The line of the signature. */
const endOctets = 128

async function writePolicies(
  table: PolicyTable,
  { writer, start }: { readonly writer: ReturnType<typeof createArchiveWriter>; readonly start: string },
  { out, clock, signal }: CommandContext,
): Promise<{ readonly octets: number; readonly isWhole: boolean }> {
  let octets = start.length + endOctets
  out.write(start)
  for await (const policy of all(table)) {
    if (signal.aborted) return { octets, isWhole: false }
    if (!isAlive(policy, clock.now()) || readStored(policy) === undefined) continue
    const line = writer.add(policy)
    octets += Buffer.byteLength(line)
    if (octets > limits.archive.octets) {
      out.warn(
        `more policies than ${limits.archive.octets} octets hold: the file is incomplete, and cannot be imported`,
      )
      return { octets, isWhole: false }
    }
    out.write(line)
    await out.drained()
  }
  return { octets, isWhole: true }
}

async function* all(table: PolicyTable): AsyncGenerator<StoredPolicy> {
  for (let after = ''; ; ) {
    const some = await table.list(policiesAtOnce, after)
    yield* some
    const last = some.at(-1)
    if (last === undefined) return
    after = last.domain
  }
}
