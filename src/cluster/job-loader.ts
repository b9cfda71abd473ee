import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { JobGraph } from '../graph/job-graph.js'
import type { JobPlan } from '../graph/job-plan.js'
import { firstDifference } from '../graph/plan-difference.js'
import { planOf } from '../graph/plan-of.js'
import type { Clock } from '../kit/clock.js'
import { CATALOGUE, type ErrorInfo, errorInfoOf, errorOf, RetakeError } from '../kit/errors.js'
import type { OperatorId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import { userPlaceIn } from '../kit/stack-frames.js'
import { checkBundle } from './bundle-cache.js'

/** What shapes a job's graph beside its code; comes with the submission alone. */
export interface BuildRequest {
  readonly params: Readonly<Record<string, string>>
  readonly parallelism?: number | undefined
  /** Key groups of operators whose state is to be restored: the checkpoint's (`maxParallelismsOf`). */
  readonly maxParallelismOf?: Readonly<Record<OperatorId, number>> | undefined
}

/** A job as its bundle exports it. The bundle has its own copy of the library, so a job is known by its brand alone. */
export interface LoadedJob {
  readonly name: string
  readonly where: string
  build(request: BuildRequest): JobGraph
}

export interface BuiltJob {
  /** With the user's functions; belongs to the thread that built it. */
  readonly graph: JobGraph
  /** The same as data. */
  readonly plan: JobPlan
}

const BRAND = Symbol.for('retake.job/1')

/**
 * Imports the bundle at `path` into this thread. A thread imports it once and for all: whoever needs it afresh needs a
 * new thread. Throws RT1105 and RT1106.
 */
export async function loadJob(path: string): Promise<LoadedJob> {
  // Stacks, and the places that the graph remembers, then name the user's own lines.
  process.setSourceMapsEnabled(true)
  let module: { readonly default?: unknown }
  try {
    module = await import(pathToFileURL(path).href)
  } catch (error) {
    throw asJobError(error, 'the job throws when it is imported')
  }
  const job = module.default
  if (typeof job === 'object' && job !== null && BRAND in job) return job as unknown as LoadedJob
  throw new RetakeError('RT1106', {
    what: 'the default export of the file is not a job',
    why: job === undefined ? 'it has no default export' : `it exports ${job === null ? 'null' : typeof job}`,
    fix: "write: export default job('name', (flow) => …), with job from 'retake'",
  })
}

/** Builds the graph of `job`. Throws RT1105 for what user code throws; what the library refuses keeps its code. */
export function buildJob(job: LoadedJob, request: BuildRequest): BuiltJob {
  let graph: JobGraph
  try {
    graph = job.build(request)
  } catch (error) {
    throw asJobError(error, `the job "${job.name}" throws when its graph is built`, job.where)
  }
  return { graph, plan: planOf(graph) }
}

/** Throws RT1108 unless `plan` is what the whole job follows. `expected` is its plan, or only the fingerprint of it. */
export function checkPlan(plan: JobPlan, expected: JobPlan | string): void {
  const fingerprint = typeof expected === 'string' ? expected : expected.fingerprint
  if (plan.fingerprint === fingerprint) return
  const difference = typeof expected === 'string' ? undefined : firstDifference(expected, plan)
  throw new RetakeError('RT1108', {
    what: `the graph of job "${plan.name}" differs between two builds`,
    why:
      difference === undefined
        ? `its fingerprint was ${fingerprint.slice(0, 12)} and is ${plan.fingerprint.slice(0, 12)} in another thread`
        : `${difference.path} was ${difference.one} and then ${difference.other}`,
    fix: 'build the same graph from the same parameters: no clock, dice, environment or file may shape it',
    where: difference === undefined ? undefined : whereOf(plan, difference.path),
  })
}

export interface PlanOptions {
  readonly clock: Clock
  /** How long import and build may take. */
  readonly timeoutMs?: number
  /** sha256 of the bundle, where it is known: throws RT1109 when the file is another. */
  readonly hash?: string
}

/**
 * The plan of the job in the bundle at `path`, without a line of the user's code in this thread: it is built in two
 * throw-away workers, which must agree. Throws RT1105 to RT1109, and whatever the library refuses.
 */
export async function buildPlan(path: string, request: BuildRequest, options: PlanOptions): Promise<JobPlan> {
  if (options.hash !== undefined) await checkBundle(path, options.hash)
  const [one, other] = await Promise.all([
    planInWorker(path, request, options),
    planInWorker(path, request, options),
  ])
  checkPlan(other, one)
  return one
}

/** What `plan-worker.ts` says, once. */
export type PlanReport =
  | { readonly ok: true; readonly plan: JobPlan }
  | { readonly ok: false; readonly error: ErrorInfo }

/** What `plan-worker.ts` is started with. */
export interface PlanWorkerData {
  readonly path: string
  readonly request: BuildRequest
}

function planInWorker(path: string, request: BuildRequest, options: PlanOptions): Promise<JobPlan> {
  const { clock, timeoutMs = LIMITS.planMs } = options
  const workerData: PlanWorkerData = { path, request }
  const worker = new Worker(new URL('./plan-worker.js', import.meta.url), { workerData, stdout: true })
  // What a job prints when it is imported is talk, not data.
  worker.stdout.pipe(process.stderr, { end: false })
  return new Promise<JobPlan>((resolve, reject) => {
    const cancel = clock.after(timeoutMs, () => reject(tooSlow(timeoutMs)))
    worker.once('message', (report: PlanReport) => {
      if (report.ok) resolve(report.plan)
      else reject(errorOf(report.error))
    })
    worker.once('error', (error) => reject(asJobError(error, 'the job throws when it is imported')))
    worker.once('exit', (code) => reject(endedThread(code)))
    worker.once('exit', cancel)
  }).finally(() => worker.terminate())
}

/**
 * What user code threw, with the user's line; what the job's own copy of the library refuses as it is, with the line
 * that called the library where it names none. `where` is the job's: for what comes from no line of the user's.
 */
function asJobError(thrown: unknown, what: string, where?: string): Error {
  const info = errorInfoOf(thrown)
  const place = userPlaceIn(info.stack) ?? where
  if (info.code !== undefined && info.code in CATALOGUE)
    return errorOf({ ...info, where: info.where ?? place })
  return new RetakeError('RT1105', {
    what,
    why: `${info.name}: ${info.message}`,
    fix: 'correct it; a job file only describes the job: connections and files are opened by operators, not beside them',
    where: place,
    cause: thrown,
  })
}

/** Where the user wrote the operator that `path` (of a difference) lies in. */
function whereOf({ vertices }: JobPlan, path: string): string | undefined {
  const [, vertex, operator = '0'] = /^vertices\[(\d+)\](?:\.operators\[(\d+)\])?/.exec(path) ?? []
  return vertices[Number(vertex)]?.operators[Number(operator)]?.where
}

function tooSlow(timeoutMs: number): RetakeError {
  return new RetakeError('RT1107', {
    what: `the job was not imported and planned within ${timeoutMs} ms`,
    why: 'its file, or something that it imports, computes or waits for too long',
    fix: 'a job file only describes the job: move such work into operators',
  })
}

function endedThread(code: number): RetakeError {
  return new RetakeError('RT1105', {
    what: 'the job ended its thread when it was imported',
    why: `the thread ended with code ${code}`,
    fix: 'a job file only describes the job: remove process.exit from it and from what it imports',
  })
}
