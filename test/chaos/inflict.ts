import { setTimeout as pause } from 'node:timers/promises'
import { seededRandom } from '#src/kit/random.js'
import { until } from '../support/until.js'
import type { FaultRecord } from './chaos-report.js'
import type { ClickTables } from './click-tables.js'
import { type Blow, type FaultKind, inSeconds } from './fault-kind.js'
import type { PlannedFault } from './schedule.js'
import { signsOf, wallTime } from './signs.js'
import type { Stage } from './stage.js'

/** A fault that is not got over in this time is one too many. */
const PATIENCE_MS = 90_000
const LOOK_MS = 100

/**
 * Has one fault strike, takes it back, and resolves when all is as it was: the job has got over it, twice if it must
 * (what a cut broke may show when it is mended), and all nodes and servers are alive. One that is not got over says so.
 */
export async function inflict(
  fault: PlannedFault<FaultKind>,
  plannedMs: number,
  { cluster, tables, startedAt }: Stage,
  say: (line: string) => void,
): Promise<FaultRecord> {
  const { progress } = cluster.job
  const { number, kind } = fault
  const attempts = progress.attempt
  let at = Date.now()
  let blow: Blow | undefined
  let [healedAt, recoveredAt]: (number | undefined)[] = []
  let problem: string | undefined
  try {
    blow = await kind.strike(cluster, seededRandom(fault.seed))
    at = blow.at ?? at
    const thereAt = Date.now()
    say(`#${number} ${kind.name}: ${blow.target}`)
    const recovered = visible(tables, thereAt)
    recovered.catch(() => {}) // it is awaited below
    await pause(blow.holdMs)
    await blow.heal()
    healedAt = Date.now()
    recoveredAt = await recovered
    await visible(tables, healedAt)
    await cluster.untilWhole()
  } catch (error) {
    problem = (error as Error).message
  }
  const sign = signsOf(cluster).find((candidate) => candidate.at >= at)
  const running = progress.moments.findLast(({ what, at: seen }) => what === 'running' && wallTime(seen) > at)
  const record: FaultRecord = {
    number,
    kind: kind.name,
    family: kind.family,
    target: blow?.target ?? 'nobody',
    plannedMs,
    atMs: at - startedAt,
    healedMs: healedAt && healedAt - startedAt,
    detectMs: sign && sign.at - at,
    sign: sign?.told,
    runsMs: running && wallTime(running.at) - at,
    recoverMs: recoveredAt && recoveredAt - at,
    attempts: progress.attempt - attempts,
    worstDelayMs: recoveredAt && (await tables.delays(at, recoveredAt).catch(() => undefined))?.maxMs,
    problem,
  }
  say(`#${number} ${told(record)}`)
  return record
}

/** Resolves with the time of day at which PostgreSQL had, of every partition, a click that was due from `dueAt` on. */
function visible(tables: ClickTables, dueAt: number): Promise<number> {
  return until(() => tables.visibleAt(dueAt), {
    what: 'clicks that were due after it to be in PostgreSQL',
    timeoutMs: PATIENCE_MS,
    everyMs: LOOK_MS,
  })
}

function told({ detectMs, sign, recoverMs, attempts, worstDelayMs, problem }: FaultRecord): string {
  const seen = detectMs === undefined ? 'nobody noticed' : `detected after ${inSeconds(detectMs)} (${sign})`
  if (problem !== undefined) return `NOT recovered; ${seen}; ${problem}`
  const cost = attempts === 0 ? 'no new attempt' : `${attempts} new attempt${attempts === 1 ? '' : 's'}`
  return `recovered after ${inSeconds(recoverMs ?? 0)}; ${seen}; ${cost}; clicks at most ${inSeconds(worstDelayMs ?? 0)} late`
}
