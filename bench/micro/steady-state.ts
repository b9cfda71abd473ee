import { Meter } from '../suite/meter.js'
import type { Sample } from '../suite/sample.js'

/** Does some tens of milliseconds' work, and answers how many of the benchmark's unit it did. */
export type Round = () => number | Promise<number>

/** Goes round until everything is compiled, then for `seconds`: a sample of those. */
export async function steadyState(seconds: number, round: Round): Promise<Sample> {
  await repeated(seconds / 2, round)
  const meter = new Meter()
  const count = await repeated(seconds, round)
  return { count, ...meter.stop() }
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
