import type { JobSummary } from '../../actors/cluster-view.js'
import { isGloballyTerminal } from '../graph/job-status.js'
import { RetakeError } from '../kit/errors.js'
import type { ClusterScene } from './cluster-command.js'
import { didYouMean } from './did-you-mean.js'
import { UsageError } from './usage-error.js'

/**
 * The run that is meant by a run id, a job's name (its newest unended run, else its newest), or the beginning of one
 * run's id. Throws RT1523 when there is none, and a UsageError when several begin so.
 *
 * @param jobs newest first
 */
function jobNamed(given: string, jobs: readonly JobSummary[]): JobSummary {
  const ofName = jobs.filter(({ job }) => job === given)
  const found =
    jobs.find(({ run }) => run === given) ??
    ofName.find(({ status }) => !isGloballyTerminal(status)) ??
    ofName[0] ??
    beginningWith(given, jobs)
  if (found !== undefined) return found
  const meant = didYouMean(given, new Set(jobs.flatMap(({ job, run }) => [job, run])))
  throw new RetakeError('RT1523', {
    what: `there is no job and no run ${JSON.stringify(given)}`,
    why: jobs.length === 0 ? 'this cluster has had no runs' : 'no run has this name, or an id that begins so',
    fix: meant === undefined ? 'see all that there are: retake list --all' : `did you mean "${meant}"?`,
  })
}

function beginningWith(given: string, jobs: readonly JobSummary[]): JobSummary | undefined {
  const candidates = jobs.filter(({ run }) => run.startsWith(given))
  if (candidates.length <= 1) return candidates[0]
  const names = candidates.slice(0, 4).map(({ run, job }) => `${run} (${job})`)
  const more = candidates.length > 4 ? `, and ${candidates.length - 4} more` : ''
  throw new UsageError(
    `${candidates.length} runs begin with ${JSON.stringify(given)}`,
    `type more of one: ${names.join(', ')}${more}`,
  )
}

/** The run that the command's first argument means. */
export async function askedJob({ cluster, invocation, waiting }: ClusterScene): Promise<JobSummary> {
  return jobNamed(invocation.argument(0), await waiting('asking for the runs', cluster.jobs()))
}
