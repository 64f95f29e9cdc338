/** Does `work` for every item, `width` at a time, and yields the results in the order of the items. */
export async function mapPooled<Item, Value>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Value>,
): Promise<Value[]> {
  const values = new Array<Value>(items.length)
  const queue = items.entries()
  const worker = async () => {
    for (const [place, item] of queue) values[place] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  return values
}
