import { setTimeout as pause } from 'node:timers/promises'
import { seededRandom } from '#src/kit/random.js'
import { until } from '../support/until.js'
import type { FaultRecord } from './chaos-report.js'
import type { ClickTables } from './click-tables.js'
import { type FaultKind, inSeconds } from './fault-kind.js'
import type { PlannedFault } from './schedule.js'
import { signsOf, wallTime } from './signs.js'
import type { Stage } from './stage.js'

/** A fault that is not got over in this time is one too many. */
const PATIENCE_MS = 90_000
const LOOK_MS = 100

/** Times of day. */
interface Course {
  readonly at: number
  readonly target: string
  readonly healedAt?: number
  readonly recoveredAt?: number
  readonly problem?: string
}

/**
 * Has one fault strike, takes it back, and resolves when all is as it was: the job has got over it, twice if it must
 * (what a cut broke may show when it is mended), and all nodes and servers are alive. One that is not got over says so.
 */
export async function inflict(
  fault: PlannedFault<FaultKind>,
  plannedMs: number,
  stage: Stage,
  say: (line: string) => void,
): Promise<FaultRecord> {
  const { cluster, tables, startedAt } = stage
  const { progress } = cluster.job
  const { number, kind } = fault
  const attempts = progress.attempt
  say(`#${number} ${kind.name}`)
  const { at, target, healedAt, recoveredAt, problem } = await courseOf(fault, stage)
  const sign = signsOf(cluster).find((candidate) => candidate.at >= at)
  const runsAt = lastRunAfter(at, stage)
  const record: FaultRecord = {
    number,
    kind: kind.name,
    family: kind.family,
    target,
    plannedMs,
    atMs: at - startedAt,
    healedMs: healedAt && healedAt - startedAt,
    detectMs: sign && sign.at - at,
    sign: sign?.told,
    runsMs: runsAt && runsAt - at,
    recoverMs: recoveredAt && recoveredAt - at,
    attempts: progress.attempt - attempts,
    worstDelayMs: (await tables.delays(at, Date.now()).catch(() => undefined))?.maxMs,
    problem,
  }
  say(`#${number} ${target}: ${told(record)}`)
  return record
}

async function courseOf({ kind, seed }: PlannedFault<FaultKind>, stage: Stage): Promise<Course> {
  const { cluster, tables } = stage
  let course: Course = { at: Date.now(), target: 'nobody' }
  try {
    const { target, at = course.at, holdMs, heal } = await kind.strike(cluster, seededRandom(seed))
    course = { at, target }
    const overcome = visible(tables, Date.now())
    overcome.catch(() => {}) // it is awaited below
    await pause(holdMs)
    await heal()
    const healedAt = Date.now()
    course = { ...course, healedAt }
    const recoveredAt = await overcome
    const settledAt = await visible(tables, healedAt)
    const isStruckAgain = (lastRunAfter(healedAt, stage) ?? 0) > recoveredAt
    course = { ...course, recoveredAt: isStruckAgain ? settledAt : recoveredAt }
    await cluster.untilWhole()
    return course
  } catch (error) {
    return { ...course, problem: (error as Error).message }
  }
}

/** When all subtasks came to run last, if that was after `at`. */
function lastRunAfter(at: number, { cluster }: Stage): number | undefined {
  const { moments } = cluster.job.progress
  const run = moments.findLast((moment) => moment.what === 'running' && wallTime(moment.at) > at)
  return run && wallTime(run.at)
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
