import { setTimeout as pause } from 'node:timers/promises'
import type { ChaosOptions, ChaosReport, FaultRecord } from './chaos-report.js'
import { controlMsOf, lastInPeaceMs, underLoadAlone } from './control.js'
import { type FaultKind, inSeconds } from './fault-kind.js'
import { faultKinds } from './fault-kinds.js'
import { inflict } from './inflict.js'
import { kindSummaries } from './kind-summaries.js'
import { codeOf, machineOf } from './provenance.js'
import { type PlannedFault, scheduleOf } from './schedule.js'
import { SignTeller } from './sign-teller.js'
import { signsOf } from './signs.js'
import { Stage } from './stage.js'
import { verdictOn } from './verdict.js'

export type Say = (line: string) => void

/** Hears of all that happens, as it does; from the beginning of the control phase on with the time since then. */
export interface Audience {
  readonly say: Say
  begin(): void
  /** A folder for all that the nodes say. */
  readonly logs: string | undefined
}

/** One run of chaos, from the first process to the end of the last. */
export async function chaosRun(
  options: ChaosOptions,
  command: string,
  { say, begin, logs }: Audience,
): Promise<ChaosReport> {
  const stage = await Stage.open(options, logs)
  const teller = new SignTeller(stage.cluster, say)
  try {
    const { cluster, startedAt } = stage
    begin()
    say(`${cluster.nodes.length} nodes on three nats-servers; ${cluster.hosts.told}`)
    const { kinds, leftOut } = faultKinds(cluster.hosts, options)
    for (const { kind, why } of leftOut) say(`left out: ${kind}: ${why}`)

    const controlMs = controlMsOf(options)
    const control = await underLoadAlone(stage, controlMs)
    say(
      `control: ${inSeconds(controlMs)} of load alone, ${control.checkpoints} checkpoints, false verdicts: ${control.falseVerdicts.join('; ') || 'none'}`,
    )

    const durationMs = options.minutes * 60_000
    const untilMs = durationMs - options.everyMs / 2
    const planned = scheduleOf({ ...options, kinds, fromMs: controlMs, untilMs })
    const faults = await underFaults(stage, planned, untilMs, say)
    await pause(Math.max(0, startedAt + durationMs - Date.now()))
    const clicks = await stage.endOfClicks()
    const endedMs = Date.now() - startedAt
    say(`${clicks} clicks are written; the rest has to arrive`)
    const verdict = await verdictOn(stage)
    return {
      ...(await measured(stage, controlMs)),
      schema: 'retake.chaos/1',
      command,
      startedAt,
      durationMs: endedMs,
      options,
      code: await codeOf(),
      machine: machineOf(cluster.hosts.told),
      leftOut,
      control,
      faults,
      kinds: kindSummaries(faults),
      verdict,
    }
  } catch (error) {
    say(stage.cluster.tails())
    throw error
  } finally {
    teller.stop()
    await stage.close()
  }
}

/** One after the other. One that takes longer than it was given delays all that follow; one not got over is the last. */
async function underFaults(
  stage: Stage,
  planned: readonly PlannedFault<FaultKind>[],
  untilMs: number,
  say: Say,
): Promise<readonly FaultRecord[]> {
  const faults: FaultRecord[] = []
  let lateMs = 0
  for (const fault of planned) {
    const plannedMs = fault.atMs + lateMs
    await pause(Math.max(0, stage.startedAt + plannedMs - Date.now()))
    const nowMs = Date.now() - stage.startedAt
    lateMs += Math.max(0, nowMs - plannedMs)
    if (nowMs >= untilMs) break
    const record = await inflict(fault, plannedMs, stage, say)
    faults.push(record)
    if (record.problem !== undefined) break
  }
  return faults
}

/** What the servers and the job tell at the end. */
async function measured(
  { cluster, tables, startedAt }: Stage,
  controlMs: number,
): Promise<Pick<ChaosReport, 'servers' | 'signs' | 'job' | 'delays' | 'series'>> {
  const { nats, kafka, postgres, startedAgain } = cluster
  const { progress } = cluster.job
  return {
    servers: { nats: nats.version, kafka: kafka.version, postgres: postgres.version },
    signs: signsOf(cluster).map(({ at, told }) => ({ atMs: at - startedAt, told })),
    job: {
      attempts: progress.attempt,
      checkpoints: progress.completedCheckpoints,
      failedCheckpoints: progress.failedCheckpoints,
      nodesStartedAgain: startedAgain,
    },
    delays: {
      control: await tables.delays(startedAt, startedAt + lastInPeaceMs(controlMs)),
      all: await tables.delays(startedAt, Date.now()),
    },
    series: await tables.series(startedAt),
  }
}
