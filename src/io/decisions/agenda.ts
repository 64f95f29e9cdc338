/** What is to be done when, to the second: planning and taking cost the same however much there is. */
export interface Agenda<Item> {
  /** `at` in milliseconds since 1970. */
  plan(item: Item, at: number): void
  /** Takes out what was planned for up to `now`, in the order of its seconds. */
  takeDue(now: number): Item[]
}

export function createAgenda<Item>(): Agenda<Item> {
  const bySecond = new Map<number, Item[]>()
  let done: number | undefined

  /** One by one when time goes on; all that there are when a clock jumps. */
  function secondsUpTo(last: number): number[] {
    const first = (done ?? Number.NEGATIVE_INFINITY) + 1
    if (last - first < bySecond.size)
      return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at)
    return [...bySecond.keys()].filter((second) => second <= last).sort((one, other) => one - other)
  }

  return {
    plan(item, at) {
      const second = Math.max(Math.ceil(at / 1000), (done ?? Number.NEGATIVE_INFINITY) + 1)
      const items = bySecond.get(second)
      if (items === undefined) bySecond.set(second, [item])
      else items.push(item)
    },
    takeDue(now) {
      const last = Math.floor(now / 1000)
      const due = secondsUpTo(last).flatMap((second) => {
        const items = bySecond.get(second) ?? []
        bySecond.delete(second)
        return items
      })
      // Also back, where a clock is set back: what is planned then must not wait for the time that it showed before.
      done = last
      return due
    },
  }
}
