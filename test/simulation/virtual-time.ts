/**
 * Time that passes only from event to event. `Date` shows it while a simulation runs, in the handlers too. Between two
 * events everything that can run without I/O runs to its end.
 */
export interface VirtualTime {
  /** Unix milliseconds. */
  now(): number
  /** Runs `event` in so many milliseconds. Events of the same time run in the order in which they were planned. */
  after(milliseconds: number, event: () => void): void
  /** Runs all events up to a time. */
  runUntil(end: number): Promise<void>
  /** Gives `Date` back to the real clock. */
  stop(): void
}

interface Planned {
  time: number
  order: number
  event: () => void
}

const RealDate = globalThis.Date
const drain = () => new Promise((resolve) => setImmediate(resolve))

export function startVirtualTime(start: number): VirtualTime {
  let now = start
  let order = 0
  const heap: Planned[] = []
  globalThis.Date = dateOf(() => now)
  return {
    now: () => now,
    after: (milliseconds, event) => {
      push(heap, { time: now + Math.max(0, milliseconds), order: order++, event })
    },
    async runUntil(end) {
      // What was started outside of an event.
      await drain()
      for (let next = heap[0]; next && next.time <= end; next = heap[0]) {
        pop(heap)
        now = next.time
        next.event()
        await drain()
      }
      now = Math.max(now, end)
    },
    stop: () => {
      globalThis.Date = RealDate
    },
  }
}

function dateOf(now: () => number): DateConstructor {
  return class extends RealDate {
    constructor(...given: [] | [number | string | Date]) {
      super(given.length === 0 ? now() : given[0])
    }

    static override now = now
  } as DateConstructor
}

const isBefore = (a: Planned, b: Planned) => a.time < b.time || (a.time === b.time && a.order < b.order)

function push(heap: Planned[], planned: Planned): void {
  let index = heap.push(planned) - 1
  while (index > 0) {
    const parent = (index - 1) >> 1
    const above = heap[parent]
    if (!above || isBefore(above, planned)) break
    heap[index] = above
    index = parent
  }
  heap[index] = planned
}

function pop(heap: Planned[]): void {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  let index = 0
  for (;;) {
    const [left, right] = [heap[2 * index + 1], heap[2 * index + 2]]
    const [child, least] = right && left && isBefore(right, left) ? [2, right] : [1, left]
    if (!least || isBefore(last, least)) break
    heap[index] = least
    index = 2 * index + child
  }
  heap[index] = last
}
