import { Meter } from '../suite/meter.js'
import { ProcessUsage } from '../suite/process-usage.js'
import type { Sample } from '../suite/sample.js'

/** Does some tens of milliseconds' work, and answers how many of the benchmark's unit it did. */
export type Round = () => number | Promise<number>

/**
 * Goes round until everything is compiled, then for `seconds`: a sample of those.
 *
 * @param others processes that do a part of the work
 */
export async function steadyState(
  seconds: number,
  round: Round,
  others: readonly number[] = [],
): Promise<Sample> {
  await repeated(seconds / 2, round)
  const usage = new ProcessUsage(others)
  const meter = new Meter()
  const count = await repeated(seconds, round)
  const own = meter.stop()
  const { cpuSeconds = 0, rssBytes = 0 } = usage.stop()
  return {
    count,
    ...own,
    cpuSeconds: own.cpuSeconds + cpuSeconds,
    rssBytes: process.resourceUsage().maxRSS * 1_024 + rssBytes,
  }
}

/**
 * A round that ends when it is told so.
 *
 * @param count how many of the unit it does
 * @param prepare is called once, with what ends a round; returns what begins one
 */
export function roundOf(count: number, prepare: (done: () => void) => () => void): Round {
  let end = (_count: number) => {}
  const begin = prepare(() => end(count))
  return () =>
    new Promise((resolve) => {
      end = resolve
      begin()
    })
}

async function repeated(seconds: number, round: Round): Promise<number> {
  const endsAt = performance.now() + seconds * 1_000
  let count = 0
  while (performance.now() < endsAt) count += await round()
  return count
}
