import type { CanonicalKey } from '#src/kit/key.js'
import { Captures } from '#src/state/captures.js'
import { TimerQueue } from '#src/state/timer-queue.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { contendersOf, type Run } from './contenders.js'
import { type Round, steadyState } from './steady-state.js'

/** Timers that wait at any time; each that fires is set again, and one of two is moved before it fires. */
const TIMERS = 100_000
const PERIOD_MS = 10_000

export const timers: Benchmark = {
  name: 'timers',
  question: 'How many timers a second are set, moved and fired, with a hundred thousand waiting?',
  unit: 'timers',
  async prepare(scale) {
    return {
      configuration: { timers: TIMERS, periodMs: PERIOD_MS },
      contenders: contendersOf(import.meta.url, Object.keys(ROUNDS), scale),
      targets: [{ kind: 'ratio', of: 'retake', over: 'bare Map by time', aim: 0.3, floor: 0.04 }],
    }
  },
}

interface Timers {
  set(key: string, at: number): void
  move(key: string, from: number, to: number): void
  /** Takes all that are due. */
  fire(now: number, onDue: (key: string) => void): void
}

const ROUNDS: Readonly<Record<string, () => Round>> = {
  retake() {
    const queue = new TimerQueue(new Captures())
    const timerOf = (key: string, at: number) => ({ group: 0, key: key as CanonicalKey, at, tag: undefined })
    return ticking({
      set: (key, at) => queue.set(timerOf(key, at)),
      move(key, from, to) {
        queue.cancel(timerOf(key, from))
        queue.set(timerOf(key, to))
      },
      fire(now, onDue) {
        for (let due = queue.due(now); due !== undefined; due = queue.due(now)) {
          queue.cancel(due)
          onDue(due.key as string)
        }
      },
    })
  },
  /** A list for each millisecond: as fast as can be, but it cannot tell what is due next, nor what a key waits for. */
  'bare Map by time'() {
    const due = new Map<number, Set<string>>()
    const set = (key: string, at: number) => {
      const keys = due.get(at)
      if (keys === undefined) due.set(at, new Set([key]))
      else keys.add(key)
    }
    return ticking({
      set,
      move(key, from, to) {
        due.get(from)?.delete(key)
        set(key, to)
      },
      fire(now, onDue) {
        const keys = due.get(now)
        due.delete(now)
        for (const key of keys ?? []) onDue(key)
      },
    })
  },
}

export function measure({ contender, seconds }: Run): Promise<Sample> {
  return steadyState(seconds, ROUNDS[contender]!())
}

/** Goes on by a hundred milliseconds a round. */
function ticking(timers: Timers): Round {
  let now = 0
  const names = Array.from({ length: TIMERS }, (_, i) => `user-${i}`)
  for (const [i, name] of names.entries()) timers.set(name, 1 + (i % PERIOD_MS))
  let fired = 0
  const onDue = (key: string) => {
    fired++
    const at = now + PERIOD_MS / 2
    timers.set(key, at)
    if (fired % 2 === 1) timers.move(key, at, at + PERIOD_MS / 2)
  }
  return () => {
    fired = 0
    for (let tick = 0; tick < 100; tick++) timers.fire(++now, onDue)
    return fired
  }
}
