import type { ChaosReport, FaultRecord, Second } from '../../chaos/chaos-report.js'
import { kindSummaries } from '../../chaos/kind-summaries.js'

/** A fault that took `recoverMs` to get over. */
export function faultOf(number: number, changes: Partial<FaultRecord> = {}): FaultRecord {
  return {
    number,
    kind: 'a task manager is killed',
    family: 'killed',
    target: 'tm-2, kill -9',
    plannedMs: number * 10_000,
    atMs: number * 10_000,
    healedMs: number * 10_000 + 100,
    detectMs: 600,
    sign: 'RT1512 lost',
    runsMs: 1_500,
    recoverMs: 2_000,
    attempts: 1,
    worstDelayMs: 2_100,
    problem: undefined,
    ...changes,
  }
}

/** What a run of a minute found, in which all went well. */
export function reportOf(changes: Partial<ChaosReport> = {}): ChaosReport {
  const faults = changes.faults ?? [
    faultOf(1),
    faultOf(2, { recoverMs: 4_000 }),
    faultOf(3, {
      kind: 'PostgreSQL is restarted',
      family: 'restarted',
      target: 'a fast shutdown',
      detectMs: undefined,
      runsMs: undefined,
      attempts: 0,
    }),
  ]
  const series = Array.from({ length: 60 }, (_, second): Second => {
    const delays = { p50Ms: 700, p99Ms: 1_200, maxMs: 1_300 }
    return { second, due: 750, committed: 750, delays }
  })
  return {
    schema: 'retake.chaos/1',
    command: 'npm run chaos -- --minutes 1 --seed 1',
    startedAt: Date.UTC(2026, 10, 27),
    durationMs: 60_000,
    options: {
      minutes: 1,
      seed: 1,
      everyMs: 10_000,
      ratePerSecond: 1_000,
      only: [],
      jobManagers: 2,
      heartbeatTimeoutMs: 8_000,
    },
    code: { version: '0.1.0', commit: 'abcdef012345', isDirty: false },
    machine: {
      cpu: 'a processor',
      cores: 2,
      memoryBytes: 8 * 2 ** 30,
      system: 'Linux 6.1',
      node: 'v20.19.0',
      network: 'all on one host',
    },
    servers: { nats: '2.15.1', kafka: '4.3.1', postgres: '18.4' },
    leftOut: [],
    control: { durationMs: 15_000, checkpoints: 15, falseVerdicts: [] },
    faults,
    signs: [],
    kinds: kindSummaries(faults),
    job: { attempts: 3, checkpoints: 50, failedCheckpoints: 1, nodesStartedAgain: 0 },
    delays: {
      control: { p50Ms: 700, p99Ms: 1_200, maxMs: 1_300 },
      all: { p50Ms: 800, p99Ms: 4_000, maxMs: 4_100 },
    },
    series,
    verdict: {
      isExact: true,
      users: 9_000,
      clicks: 45_000,
      missing: 0,
      foreign: 0,
      repeated: 0,
      wrongSums: 0,
      problem: undefined,
    },
    ...changes,
  }
}
