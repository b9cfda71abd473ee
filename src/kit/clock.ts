import { performance } from 'node:perf_hooks' // the global of that name is a getter, which costs a seventh of a reading

/**
 * Time, injected everywhere: this file alone touches the process's clocks and timers, so that the whole cluster can
 * run on virtual time (`virtual-clock.ts`).
 */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary origin: for every time-out and rate. */
  now(): number
  /** Milliseconds since 1970: for display and for what users asked of the wall clock, never for safety. */
  wallTime(): number
  /** Calls `callback` once, not before `delayMs` have passed. */
  after(delayMs: number, callback: () => void): Cancel
  /** Calls `callback` in a turn of its own, after sockets and due timers had theirs. */
  soon(callback: () => void): void
}

/** Takes back what it was returned for; does nothing the second time, or when that has happened already. */
export type Cancel = () => void

/** What one timer of Node can wait; a longer one would go off at once. */
const LONGEST_MS = 2 ** 31 - 1

/** The clock and the timers of this process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(delayMs, callback) {
    let timer: NodeJS.Timeout
    const wait = (leftMs: number) => {
      const part = Math.min(leftMs, LONGEST_MS)
      // Node cuts off the fraction, and would call too early.
      timer = setTimeout(() => (part < leftMs ? wait(leftMs - part) : callback()), Math.ceil(part))
    }
    wait(delayMs)
    return () => clearTimeout(timer)
  },
  soon(callback) {
    setImmediate(callback)
  },
}
