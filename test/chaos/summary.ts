import type { ChaosReport, Delays } from './chaos-report.js'
import type { Spread } from './spread.js'

/** What a run found, as a table for a terminal: seconds, each as median / 95 % / worst. */
export function summaryOf(report: ChaosReport): readonly string[] {
  const { kinds, job, delays, verdict, faults } = report
  const width = Math.max(4, ...kinds.map(({ kind }) => kind.length))
  const line = (kind: string, ...cells: readonly string[]) =>
    `  ${kind.padEnd(width)}${cells.map((cell) => cell.padStart(20)).join('')}`
  return [
    line('FAULT', 'TIMES (ATTEMPTS)', 'DETECTED, s', 'RUNS AGAIN, s', 'RECOVERED, s'),
    ...kinds.map(({ kind, count, detectMs, runsMs, recoverMs, attempts }) =>
      line(kind, `${count} (${attempts})`, ...[detectMs, runsMs, recoverMs].map(spread)),
    ),
    `  ${faults.length} faults; ${job.attempts} attempts, ${job.checkpoints} checkpoints completed, ${job.failedCheckpoints} failed; ${job.nodesStartedAgain} nodes ended by themselves and were started again`,
    `  delay of clicks: in peace ${shown(delays.control)}; in all ${shown(delays.all)}`,
    `  ${verdict.isExact ? 'EXACT' : 'NOT EXACT'}: ${verdict.users} users, ${verdict.clicks} clicks; ${verdict.missing} lost, ${verdict.repeated} repeated, ${verdict.foreign} foreign, ${verdict.wrongSums} wrong sums`,
  ]
}

function spread(of: Spread | undefined): string {
  return of === undefined ? '-' : [of.median, of.p95, of.worst].map(seconds).join(' / ')
}

function shown(delays: Delays | undefined): string {
  if (delays === undefined) return 'none'
  const { p50Ms, p99Ms, maxMs } = delays
  return `p50 ${seconds(p50Ms)} s, p99 ${seconds(p99Ms)} s, max ${seconds(maxMs)} s`
}

function seconds(durationMs: number): string {
  return (durationMs / 1_000).toFixed(1)
}
