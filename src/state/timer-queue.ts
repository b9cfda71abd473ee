import type { CanonicalKey } from '../kit/key.js'
import type { Captures } from './captures.js'

/** A processing-time timer. Equal (key, at, tag) are one. */
export interface Timer {
  /** Index of its key group in the range of its subtask. */
  readonly group: number
  readonly key: CanonicalKey
  /** Milliseconds since 1970. */
  readonly at: number
  readonly tag: string | undefined
}

export interface Queued extends Timer {
  /** Of equal times the one set first comes first. */
  readonly order: number
  isLive: boolean
  /** No capture up to this number needs it (`captures.ts`). */
  settledFor: number
}

/**
 * The timers of an operator, earliest first, and by key group for snapshots. A heap gives the order; the groups say
 * which timers live. A cancelled one stays in the heap until it comes up, or until more are dead than alive.
 */
export class TimerQueue {
  readonly #captures: Captures
  readonly #heap: Queued[] = []
  readonly #groups: (Map<CanonicalKey, Map<string, Queued>> | undefined)[] = []
  #order = 0
  #live = 0

  constructor(captures: Captures) {
    this.#captures = captures
  }

  get nextAt(): number | undefined {
    this.#dropDead()
    return this.#heap[0]?.at
  }

  hasAny(group: number): boolean {
    return this.#groups[group] !== undefined
  }

  /** The timers of a group, by key. Goes on over changes: what is cancelled is not met any more, new keys come last. */
  *timersOf(group: number): Generator<Queued> {
    for (const timers of this.#groups[group]?.values() ?? []) yield* timers.values()
  }

  set({ group, key, at, tag }: Timer): void {
    const keys = this.#groups[group] ?? new Map<CanonicalKey, Map<string, Queued>>()
    this.#groups[group] = keys
    const timers = keys.get(key) ?? new Map<string, Queued>()
    keys.set(key, timers)
    const name = nameOf(at, tag)
    if (timers.has(name)) return
    const settledFor = this.#captures.newest
    const queued: Queued = { group, key, at, tag, order: this.#order++, isLive: true, settledFor }
    timers.set(name, queued)
    this.#live += 1
    this.#push(queued)
  }

  cancel({ group, key, at, tag }: Timer): void {
    const timer = this.#groups[group]?.get(key)?.get(nameOf(at, tag))
    if (timer === undefined) return
    this.#forget(timer)
    if (this.#heap.length > 64 && this.#live * 2 < this.#heap.length) this.#rebuild()
  }

  /** The earliest timer if it is due, still in the queue. */
  due(now: number): Timer | undefined {
    this.#dropDead()
    const first = this.#heap[0]
    return first !== undefined && first.at <= now ? first : undefined
  }

  #forget(timer: Queued): void {
    if (timer.settledFor < this.#captures.newest) this.#captures.keepTimer(timer.settledFor, timer)
    timer.isLive = false
    this.#live -= 1
    const keys = this.#groups[timer.group]
    const timers = keys?.get(timer.key)
    timers?.delete(nameOf(timer.at, timer.tag))
    if (timers?.size === 0) keys?.delete(timer.key)
    if (keys?.size === 0) this.#groups[timer.group] = undefined
  }

  #dropDead(): void {
    while (this.#heap[0]?.isLive === false) this.#pop()
  }

  #rebuild(): void {
    const live = this.#heap.filter(({ isLive }) => isLive)
    this.#heap.length = 0
    for (const timer of live) this.#push(timer)
  }

  #push(timer: Queued): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(timer)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!isBefore(timer, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: Queued, b: Queued): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

function nameOf(at: number, tag: string | undefined): string {
  return tag === undefined ? `${at}` : `${at} ${tag}`
}
