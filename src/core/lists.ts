/** What becomes of each that something becomes of, in order. Lists within lists, as `flatMap` wants them, cost more. */
export function mapKnown<Item, Value>(items: readonly Item[], of: (item: Item) => Value | undefined): Value[] {
  const values: Value[] = []
  for (const item of items) {
    const value = of(item)
    if (value !== undefined) values.push(value)
  }
  return values
}
