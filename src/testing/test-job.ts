import { callSite } from '../api/call-site.js'
import { isJob, type Job } from '../api/job.js'
import { wrongOption } from '../api/required.js'
import { buildJob } from '../cluster/job-loader.js'
import { requiredSlots } from '../graph/execution-graph.js'
import { RetakeError } from '../kit/errors.js'
import { type Logger, silentLogger } from '../kit/logger.js'
import { FIRST_TIME } from './first-time.js'
import type { JobRun } from './job-run.js'
import type { JobSnapshot } from './job-snapshot.js'
import { endsOf } from './rewired-job.js'
import { type Script, ScriptTape } from './script.js'

/** What `testJob` takes. */
export interface TestJobOptions {
  /** What each source reads, by its id. A script goes on where it stood when it is given to a run that restores. */
  readonly sources: Readonly<Record<string, Script<never>>>
  /** As with `--param name=value`. */
  readonly params?: Readonly<Record<string, string>>
  /** As with `--parallelism`. */
  readonly parallelism?: number
  /** What this version, or an older one, has left: sources, state and sinks go on from there. */
  readonly restoreFrom?: JobSnapshot
  /** The same seed gives the same run: latencies, restart delays, which process crashes. 1 unless said. */
  readonly seed?: number
  /**
   * Where time begins, in milliseconds since 1970; by default where the snapshot was taken, or some time in 2023.
   * Restored timers that are due by then fire at once.
   */
  readonly now?: number
  /** Hears what the processes log; nobody unless said. */
  readonly logger?: Logger
}

/**
 * Runs a whole job for a test, on virtual time: a job manager and two task managers, its subtasks with their channels,
 * checkpoints and restarts, as in a cluster, but on simulated processes in the test's own thread. Its sources read
 * scripts, and its sinks write to tables that the test looks at; all else is the job's own.
 *
 * Resolves when every subtask runs. Rejects with what the job, its parameters or `restoreFrom` are refused for, as
 * `retake run` would; with RT1801 for scripts that are not those of its sources.
 */
export async function testJob(job: Job, options: TestJobOptions): Promise<JobRun> {
  const where = callSite(testJob)
  const { sources, params = {}, parallelism, restoreFrom, seed = 1, logger = silentLogger } = options
  if (!isJob(job))
    throw wrongOption(
      'testJob',
      'job',
      job,
      "what job(…) or topology(…) returns, a job file's default export",
    )
  if (!Number.isSafeInteger(seed)) throw wrongOption('testJob', 'seed', seed, 'a whole number')
  if (restoreFrom !== undefined && restoreFrom.job !== job.name) throw otherJob(job, restoreFrom, where)
  const startsAt = options.now ?? restoreFrom?.takenAt ?? FIRST_TIME
  if (!Number.isFinite(startsAt))
    throw wrongOption('testJob', 'now', startsAt, 'a number of milliseconds since 1970')
  const { graph, plan } = buildJob(job, { params, parallelism })
  const ends = endsOf(graph)
  const tapes = tapesOf(sources, ends.sources, where)
  // The cast brings clients of NATS and the like, which take a while to load: whoever tests operators needs none of it.
  const { RunningJob } = await import('./running-job.js')
  return RunningJob.started({
    job,
    ends,
    params,
    parallelism,
    slots: requiredSlots(plan),
    tapes,
    restoreFrom,
    seed,
    startsAt,
    logger,
    where,
  })
}

function tapesOf(
  scripts: TestJobOptions['sources'],
  sources: readonly string[],
  where: string,
): ReadonlyMap<string, ScriptTape> {
  for (const id of Object.keys(scripts)) {
    if (sources.includes(id)) continue
    throw new RetakeError('RT1801', {
      what: `a script was given for source ${JSON.stringify(id)}`,
      why: `the job has ${sources.join(', ')}`,
      fix: 'name each source by the id that the job gives it',
      where,
    })
  }
  return new Map(
    sources.map((id) => {
      const script: unknown = scripts[id]
      if (script instanceof ScriptTape) return [id, script]
      throw new RetakeError('RT1801', {
        what: `source ${JSON.stringify(id)} has no script`,
        why: `scripts were given for ${Object.keys(scripts).join(', ') || 'none'}`,
        fix: `give sources: { ${id}: scripted([…]) }`,
        where,
      })
    }),
  )
}

function otherJob(job: Job, snapshot: JobSnapshot, where: string): RetakeError {
  return new RetakeError('RT1801', {
    what: `the job ${JSON.stringify(job.name)} was to go on from a snapshot of ${JSON.stringify(snapshot.job)}`,
    why: 'runs of a job are found again by its name',
    fix: 'give the new version of a job the name of the old one',
    where,
  })
}
