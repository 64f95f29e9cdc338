/**
 * Does `work` for every item, up to `jobs` at once, and takes an item from its source only when there is a free hand:
 * memory does not grow with the list. Stops taking items once `signal` aborts. Rejects with the first error of `work`
 * or of the source, after what is under way has ended.
 */
export async function workThrough<Item>(
  items: AsyncIterable<Item>,
  work: (item: Item) => Promise<void>,
  { jobs, signal }: { readonly jobs: number; readonly signal: AbortSignal },
): Promise<void> {
  const source = items[Symbol.asyncIterator]()
  let failed: { readonly error: unknown } | undefined
  const hand = async () => {
    while (failed === undefined && !signal.aborted) {
      const next = await source.next()
      if (next.done === true) return
      await work(next.value)
    }
  }
  const guarded = async () => {
    try {
      await hand()
    } catch (error) {
      failed ??= { error }
    }
  }
  await Promise.all(Array.from({ length: jobs }, guarded))
  await source.return?.()
  if (failed !== undefined) throw failed.error
}
