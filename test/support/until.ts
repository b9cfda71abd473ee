import { setTimeout as pause } from 'node:timers/promises'

export interface UntilOptions {
  /** What is awaited, for the message when it does not come. */
  readonly what: string
  readonly timeoutMs?: number
  readonly everyMs?: number
}

/**
 * Waits until `probe` answers something other than undefined and false, and gives that back. An error of the probe
 * means "not yet"; the last one is the cause when time is up. For real servers only: what runs on virtual time has no
 * need to wait.
 */
export async function until<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { what, timeoutMs = 15_000, everyMs = 20 }: UntilOptions,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const answer = await probe()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      if (error instanceof GaveUp) throw error
      last = error
    }
    if (Date.now() >= deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`, { cause: last })
    await pause(everyMs)
  }
}

/** Thrown by a probe that knows that waiting on is pointless. */
export class GaveUp extends Error {}
