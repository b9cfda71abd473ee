import type { ChaosCluster } from './chaos-cluster.js'
import type { Sign } from './node-signs.js'

/** All that the cluster gave away so far of what is wrong with it: what its leader says of nodes, and the job of itself. */
export function signsOf({ job, signs }: ChaosCluster): readonly Sign[] {
  const { moments } = job.progress
  const told = moments
    .filter(({ what }) => what !== 'running')
    .map(({ at, told }) => ({ at: wallTime(at), told: oneLine(told) }))
  return [...told, ...signs.signs].sort((a, b) => a.at - b.at)
}

/** The time of day of a moment of `performance.now()`. */
export function wallTime(at: number): number {
  return performance.timeOrigin + at
}

function oneLine(text: string): string {
  const [line = ''] = text.split('\n')
  return line.length > 100 ? `${line.slice(0, 99)}…` : line
}
