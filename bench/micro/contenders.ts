import { apart } from '../suite/apart.js'
import type { Contender, Scale } from '../suite/benchmark.js'

/** Which contender a process of its own measures, and for how long. */
export interface Run {
  readonly contender: string
  readonly seconds: number
}

/** A contender for each name; the module's own `measure` is told which one it is. */
export function contendersOf(module: string, names: readonly string[], scale: Scale): Contender[] {
  return names.map((contender) => ({
    name: contender,
    measure: () => apart<Run>(module, { contender, seconds: secondsOf(scale) }),
  }))
}

/** The measured part of one run. */
export function secondsOf(scale: Scale): number {
  return scale === 'full' ? 2 : 0.3
}
