import type { JobSummary } from '../../actors/cluster-view.js'
import type { JobEnd } from '../../actors/node.js'
import type { Outcome } from '../cluster/log-entry.js'
import { isGloballyTerminal } from '../graph/job-status.js'
import type { CheckpointId } from '../kit/ids.js'
import { type ClusterCommand, type ClusterScene, clusterCommand, isJson } from './cluster-command.js'
import { jsonText } from './cluster-json.js'
import { durationOption } from './duration-option.js'
import { errorLines } from './error-text.js'
import { EXIT, type ExitCode } from './exit-code.js'
import { askedJob } from './named-job.js'
import { noteLine, warningLine } from './progress-line.js'
import { durationText } from './units.js'

/** Ends a run and waits until it has ended, so that what comes next in a script finds it so. */
export const cancel: ClusterCommand = async (scene) => {
  const { cluster, clock, invocation, terminal, waiting } = scene
  const timeoutMs = durationOption(invocation, 'timeout')
  const job = await askedJob(scene)
  if (isGloballyTerminal(job.status)) return alreadyEnded(scene, job)
  const since = clock.now()
  const handle = await waiting('asking for the run', cluster.attach(job.run))
  await waiting(`canceling ${job.job}`, handle.cancel())
  if (invocation.isSet('no-wait')) {
    terminal.talk(noteLine(terminal, `${job.job} is being canceled: retake show ${job.run}`))
    tell(scene, job, undefined, undefined)
    return EXIT.ok
  }
  const end = await waiting(`waiting for the end of ${job.job}`, within(handle.ended, timeoutMs, scene))
  if (end === undefined) {
    const took = durationText(clock.now() - since)
    terminal.talk(warningLine(terminal, `${job.job} has not ended after ${took}; the cancel goes on`))
    tell(scene, job, undefined, undefined)
    return EXIT.timedOut
  }
  terminal.talk(endLine(scene, job, end.outcome, ` after ${durationText(clock.now() - since)}`))
  if (end.error !== undefined) {
    for (const line of errorLines(end.error, terminal.palette)) terminal.talk(line)
  }
  tell(scene, job, end.outcome, end.checkpoint)
  return exitOf(end.outcome)
}

export const cancelCommand = clusterCommand(cancel)

const OUTCOMES = { FINISHED: 'finished', CANCELED: 'canceled', FAILED: 'failed' } as const

function alreadyEnded(scene: ClusterScene, job: JobSummary): ExitCode {
  const outcome = OUTCOMES[job.status as keyof typeof OUTCOMES]
  scene.terminal.talk(endLine(scene, job, outcome, ' already, before this'))
  tell(scene, job, outcome, job.checkpoint?.checkpoint)
  return exitOf(outcome)
}

/** It does not run any more, which was asked for; but a failure is no cancel. */
function exitOf(outcome: Outcome): ExitCode {
  return outcome === 'failed' ? EXIT.failed : EXIT.ok
}

function endLine(
  { terminal }: ClusterScene,
  { job, run }: JobSummary,
  outcome: Outcome,
  when: string,
): string {
  const { palette } = terminal
  const mark = outcome === 'failed' ? palette.bad('✘') : palette.notice('■')
  return `${mark} ${job}, run ${run}: ${palette.strong(outcome.toUpperCase())}${when}`
}

/** The document, or the hint of where a later run may begin. */
function tell(
  { invocation, terminal }: ClusterScene,
  { run, job }: JobSummary,
  outcome: Outcome | undefined,
  checkpoint: CheckpointId | undefined,
): void {
  if (isJson(invocation)) {
    terminal.data(jsonText({ run, job, outcome: outcome ?? null, checkpoint: checkpoint ?? null }))
  } else if (outcome !== undefined && outcome !== 'finished' && checkpoint !== undefined) {
    const option = `--from-checkpoint ${run}/${checkpoint}`
    terminal.talk(noteLine(terminal, `a new run may begin where this one was: ${option}`))
  }
}

/** Undefined when it takes longer. */
async function within(
  ended: Promise<JobEnd>,
  timeoutMs: number | undefined,
  { clock }: ClusterScene,
): Promise<JobEnd | undefined> {
  if (timeoutMs === undefined) return ended
  let cancelTimer = () => {}
  const timedOut = new Promise<undefined>((resolve) => {
    cancelTimer = clock.after(timeoutMs, () => resolve(undefined))
  })
  try {
    return await Promise.race([ended, timedOut])
  } finally {
    cancelTimer()
  }
}
