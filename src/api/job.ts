import { type JobGraph, type JobSettings, jobGraphOf } from '../graph/job-graph.js'
import { checkId, StreamGraphBuilder } from '../graph/stream-graph-builder.js'
import { RetakeError } from '../kit/errors.js'
import { callSite } from './call-site.js'
import { Flow } from './flow.js'
import { type BuildRequest, type JobOptions, settingsOf } from './options.js'
import { type Params, type ParamsOf, paramsOf } from './params.js'
import { requiredFunction } from './required.js'
import type { StandardSchema } from './standard-schema.js'

/** Marks a job across copies of the library: a job's bundle has its own. */
const JOB_BRAND: unique symbol = Symbol.for('retake.job/1') as never

/** What a job's file exports. Nothing runs and nothing is connected when it is made. */
export interface Job {
  readonly [JOB_BRAND]: true
  /** By which its runs, and their checkpoints, are found again. */
  readonly name: string
  /** `file:line` of the call that made it. */
  readonly where: string
  /** The job's graph, fused. The same request gives the same graph, or the job is refused. */
  build(request?: BuildRequest): JobGraph
}

/** Whether `value` is what `job` or `topology` returns, also one of another copy of the library. */
export function isJob(value: unknown): value is Job {
  return typeof value === 'object' && value !== null && JOB_BRAND in value
}

/**
 * Describes a job; what a job's file exports by default. Its runs are found again by `name`. `build` is called wherever
 * the job is planned or run, and must describe the same graph each time: what changes comes in by `flow.params`. Throws
 * RT1004 for what cannot be a name; what is wrong with the graph shows when it is built.
 */
export function job(name: string, build: (flow: Flow<Params>) => unknown): Job
export function job<Schema extends StandardSchema = never>(
  name: string,
  options: JobOptions<Schema>,
  build: (flow: Flow<ParamsOf<Schema>>) => unknown,
): Job
export function job(
  name: string,
  optionsOrBuild: JobOptions | ((flow: Flow<never>) => unknown),
  build?: (flow: Flow<never>) => unknown,
): Job {
  const where = callSite(job)
  const [options, describe] =
    typeof optionsOrBuild === 'function' ? [{}, optionsOrBuild] : [optionsOrBuild, build]
  if (typeof describe !== 'function') requiredFunction('job', describe, where)
  return jobOf(name, options, where, (builder, params) => describe?.(new Flow(builder, params as never)))
}

/** What both layers, fluent and explicit, end in. */
export function jobOf(
  name: string,
  options: JobOptions,
  where: string,
  describe: (builder: StreamGraphBuilder, params: unknown) => unknown,
): Job {
  checkId(name, where, 'a job')
  return {
    [JOB_BRAND]: true,
    name,
    where,
    build(request = {}) {
      const settings: JobSettings = settingsOf(options, request)
      const builder = new StreamGraphBuilder(settings)
      const described = describe(builder, paramsOf(request.params ?? {}, options.params))
      if (described instanceof Promise) throw asynchronous(where)
      return jobGraphOf(name, builder.build(), settings)
    },
  }
}

function asynchronous(where: string): RetakeError {
  return new RetakeError('RT1704', {
    what: 'the function that describes the job is asynchronous',
    why: 'it runs wherever the job is planned or run, and must give the same graph each time',
    fix: 'remove `async`; what must be fetched comes as a parameter',
    where,
  })
}
