import { setTimeout as pause } from 'node:timers/promises'
import type { ChaosOptions, ChaosReport, FaultRecord } from './chaos-report.js'
import { controlMsOf, lastInPeaceMs, underLoadAlone } from './control.js'
import { inSeconds } from './fault-kind.js'
import { faultKinds } from './fault-kinds.js'
import { inflict } from './inflict.js'
import { kindSummaries } from './kind-summaries.js'
import { codeOf, machineOf } from './provenance.js'
import { scheduleOf } from './schedule.js'
import { Stage } from './stage.js'
import { verdictOn } from './verdict.js'

export type Say = (line: string) => void

/** Hears of all that happens, as it does; from the beginning of the control phase on with the time since then. */
export interface Audience {
  readonly say: Say
  begin(): void
}

/** One run of chaos, from the first process to the end of the last. */
export async function chaosRun(
  options: ChaosOptions,
  command: string,
  { say, begin }: Audience,
): Promise<ChaosReport> {
  const stage = await Stage.open(options)
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
    const faults: FaultRecord[] = []
    for (const fault of planned) {
      await pause(Math.max(0, startedAt + fault.atMs - Date.now()))
      if (Date.now() > startedAt + untilMs) break // what came before took longer than it was given
      const record = await inflict(fault, stage, say)
      faults.push(record)
      if (record.problem !== undefined) break
    }
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
    await stage.close()
  }
}

/** What the servers and the job tell at the end. */
async function measured(
  { cluster, tables, startedAt }: Stage,
  controlMs: number,
): Promise<Pick<ChaosReport, 'servers' | 'job' | 'delays' | 'series'>> {
  const { nats, kafka, postgres, startedAgain } = cluster
  const { progress } = cluster.job
  return {
    servers: { nats: nats.version, kafka: kafka.version, postgres: postgres.version },
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
