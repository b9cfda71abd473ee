import { type Random, randomInteger } from '#src/kit/random.js'
import type { ChaosCluster } from './chaos-cluster.js'
import type { Need } from './chaos-hosts.js'
import type { Family } from './chaos-report.js'
import type { Weighted } from './schedule.js'

/** One of the things that happen to a cluster. */
export interface FaultKind extends Weighted {
  readonly name: string
  readonly family: Family
  /** What it needs of the machine besides signals. */
  readonly needs?: Need
  /** It needs a job manager that stands by. */
  readonly needsStandby?: true
  /** Resolves when the fault is there. */
  strike(cluster: ChaosCluster, random: Random): Promise<Blow>
}

/** A fault that is there. */
export interface Blow {
  /** Whom it struck, and how, for people. */
  readonly target: string
  /** Since when it is there, a time of day, if it took a while to bring it about. */
  readonly at?: number
  /** It is let be for so long … */
  readonly holdMs: number
  /** … and then taken back. Resolves when whatever was down is up. */
  heal(): Promise<void>
}

/** A duration between the two, in milliseconds. */
export function drawMs(random: Random, fromMs: number, toMs: number): number {
  return fromMs + randomInteger(random, toMs - fromMs)
}

export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[randomInteger(random, items.length)]
  if (item === undefined) throw new Error('there is nobody to strike')
  return item
}

/** For people. */
export function inSeconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)} s`
}
